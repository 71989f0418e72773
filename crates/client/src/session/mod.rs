//! The rules of a subscription, without a socket and without a clock.
//!
//! A [`Session`] says what to send and when, takes what came back, and gives [`StreamItem`]s. Whoever drives it moves the
//! bytes and tells the time, as a [`Duration`] since any origin that does not change and never runs backwards:
//!
//! 1. Take the items ([`Session::next_item`]) until there are none. `None` together with
//!    [`is_finished`](Session::is_finished) is the end.
//! 2. Ask for a request ([`Session::next_request`]). Where there is one, drop what remains of the connection before, send it,
//!    and give back the answer's head ([`Session::response`]) or [`Session::failed`]. Where attempts are to be prepared, there is
//!    one only after [`Session::next_attempt`] and [`Session::prepared`].
//! 3. While [`reading`](Session::reading), [`feed`](Session::feed) what comes; say [`ended`](Session::ended) at a clean end,
//!    `failed` at any other. Once it is not reading, drop the connection.
//! 4. Call [`tick`](Session::tick) at [`wake_at`](Session::wake_at), and start over.
//!
//! ```
//! use std::time::Duration;
//! use eventwire_client::session::{Head, Session};
//! use eventwire_client::{ConnectOptions, StreamItem};
//! use http::{HeaderMap, StatusCode};
//!
//! # fn main() -> Result<(), eventwire_client::Error> {
//! let mut session = Session::new(ConnectOptions::new("http://example.com/events").last_event_id("7"))?;
//! let at = |seconds| Duration::from_secs(seconds);
//!
//! let request = session.next_request(at(0)).expect("the first request is due at once");
//! assert_eq!(request.headers["last-event-id"], "7");
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("content-type", "text/event-stream".parse().unwrap());
//! session.response(at(0), Head::new(StatusCode::OK, headers));
//! session.feed(at(1), "id: 8\ndata: hello\n\n");
//!
//! assert!(matches!(session.next_item(), Some(Ok(StreamItem::Opened(_)))));
//! let Some(Ok(StreamItem::Event(event))) = session.next_item() else { panic!() };
//! assert_eq!(event.data(), "hello");
//! assert_eq!(session.last_event_id(), "8");
//! # Ok(())
//! # }
//! ```

mod answer;
mod clocks;
mod decode;
mod errors;
mod hop;
mod judge;
mod phase;
mod prepare;
mod retries;
mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use eventwire_codec::Decoder;
use url::Url;

use crate::redact::redacted;
use crate::stats::Counts;
use crate::{Backoff, ConnectOptions, Error, RetryPolicy, State, StreamItem, StreamStats};
use decode::decoder;
use hop::Hop;
pub(crate) use judge::retry_after;
use phase::Phase;
use prepare::Prepared;
pub use wire::{Failure, Head, Request};

/// One subscription as a state machine. See the [module](self) for how to drive it.
pub struct Session {
    options: ConnectOptions,
    /// The address that every attempt begins with.
    url: Url,
    hop: Hop,
    phase: Phase,
    decoder: Decoder,
    /// What is left of the last chunk, and when it came.
    undecoded: Bytes,
    undecoded_at: Duration,
    queue: VecDeque<Queued>,
    /// The last event ID of what was taken; that of what was only decoded is the decoder's.
    last_event_id: String,
    reconnection_time: Option<u64>,
    backoff: Backoff,
    /// When the current streak of failures began.
    failing_since: Option<Duration>,
    /// When the current attempt began, redirects included.
    attempt_began: Duration,
    counts: Counts,
    /// Why the connection before ended, for who prepares the next attempt.
    last_error: Option<Error>,
    /// Whether attempts are to be prepared.
    prepares: bool,
    prepared: Option<Prepared>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its address with what is secret in it hidden, and nothing of what came and is not decoded.
        f.debug_struct("Session")
            .field("url", &redacted(&self.url))
            .field("hop", &self.hop)
            .field("phase", &self.phase)
            .field("undecoded_bytes", &self.undecoded.len())
            .field("queued", &self.queue.len())
            .field("last_event_id", &self.last_event_id)
            .field("reconnection_time", &self.reconnection_time)
            .field("attempt", &self.attempt())
            .field("counts", &self.counts)
            .field("last_error", &self.last_error)
            .field("prepared", &self.prepared)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What a stream comes by next.
#[doc(hidden)]
#[derive(Debug)]
pub enum Step {
    /// An item, or the error that the stream ends with.
    Item(Result<StreamItem, Error>),
    /// The last event ID is another one, without an event.
    Mark,
}

#[derive(Debug)]
enum Queued {
    Item(StreamItem),
    /// A block without data moved the last event ID.
    LastEventId(String),
    Error(Error),
}

impl Session {
    /// A session that has not begun.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl) and
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption).
    pub fn new(options: ConnectOptions) -> Result<Session, Error> {
        Session::with_seed(options, fastrand::u64(..))
    }

    /// Like [`new`](Self::new), with the seed of the waits' randomness.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_seed(mut options: ConnectOptions, seed: u64) -> Result<Session, Error> {
        let url = options.check()?;
        if let Some(id) = hop::take_last_event_id(&mut options.headers)
            && options.last_event_id.is_empty()
        {
            options.last_event_id = id;
        }
        let default = RetryPolicy::default();
        Ok(Session {
            hop: Hop::first(&options, &url, options.body.is_some()),
            phase: Phase::Start,
            decoder: decoder(&options, &options.last_event_id),
            undecoded: Bytes::new(),
            undecoded_at: Duration::ZERO,
            queue: VecDeque::new(),
            last_event_id: options.last_event_id.clone(),
            reconnection_time: None,
            backoff: Backoff::new(options.retry.as_ref().unwrap_or(&default), seed),
            failing_since: None,
            attempt_began: Duration::ZERO,
            counts: Counts::default(),
            last_error: None,
            prepares: options.prepare.is_some(),
            prepared: None,
            url,
            options,
        })
    }

    /// The next item, or the error that the stream ends with. `None` where there is none for now, or no more at all.
    pub fn next_item(&mut self) -> Option<Result<StreamItem, Error>> {
        loop {
            match self.next_step()? {
                Step::Item(item) => return Some(item),
                Step::Mark => {}
            }
        }
    }

    /// As [`next_item`](Self::next_item), and tells also where the last event ID moved without an event.
    pub(crate) fn next_step(&mut self) -> Option<Step> {
        loop {
            match self.queue.pop_front() {
                Some(Queued::Item(item)) => {
                    let id = match &item {
                        StreamItem::Event(event) => event.id(),
                        StreamItem::Reset(reset) => reset.id.as_str(),
                        _ => return Some(Step::Item(Ok(item))),
                    };
                    if *id != self.last_event_id {
                        self.last_event_id.clear();
                        self.last_event_id.push_str(id);
                    }
                    return Some(Step::Item(Ok(item)));
                }
                Some(Queued::LastEventId(id)) => {
                    self.last_event_id = id;
                    return Some(Step::Mark);
                }
                Some(Queued::Error(error)) => return Some(Step::Item(Err(error))),
                None if self.undecoded.is_empty() => {
                    self.leave_if_asked();
                    return None;
                }
                None => self.decode_slice(),
            }
        }
    }

    /// The request that is due, if one is, and if all items were taken: a request resumes after the last of them.
    pub fn next_request(&mut self, now: Duration) -> Option<Request> {
        let redirected = matches!(self.phase, Phase::Redirected);
        match self.phase {
            Phase::Prepared | Phase::Redirected if self.is_drained() => {}
            _ if self.is_due_to_connect(now) && !self.prepares => {
                self.hop = Hop::first(&self.options, &self.url, self.options.body.is_some());
                self.prepared = None;
            }
            _ => return None,
        }
        // Anew for each connection: it begins with a byte order mark of its own, and without what the last left unfinished.
        self.decoder = decoder(&self.options, &self.last_event_id);
        self.phase = Phase::Sent { last_byte: now };
        self.counts.attempts += u64::from(!redirected);
        if !redirected {
            self.attempt_began = now;
        }
        let connect_timeout = self.options.connect_timeout;
        let request = self.hop.request(
            self.headers(),
            self.body(),
            connect_timeout,
            &self.last_event_id,
        );
        Some(request)
    }

    /// Whether an attempt is to begin: its time has come, and all items were taken.
    fn is_due_to_connect(&self, now: Duration) -> bool {
        let due = match self.phase {
            Phase::Start => true,
            Phase::Waiting { until } => now >= until,
            _ => false,
        };
        due && self.is_drained()
    }

    /// Ends the session: nothing is delivered any more, not even a `Closed`, which tells of ends that others made.
    pub fn close(&mut self) {
        if self.is_finished() {
            return;
        }
        self.queue.clear();
        self.undecoded = Bytes::new();
        self.phase = Phase::Done;
    }

    /// Whether the transport is to go on with the current connection.
    pub fn reading(&self) -> bool {
        match &self.phase {
            Phase::Sent { .. } | Phase::Refused(_) => true,
            Phase::Open(open) => open.leaving.is_none(),
            _ => false,
        }
    }

    /// Whether all that was fed is decoded and taken. A transport that reads only then holds the socket back when its
    /// consumer is slow.
    pub fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.undecoded.is_empty()
    }

    /// Whether it is over and all items were taken.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Done) && self.queue.is_empty()
    }

    /// Where it is.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Open(_) => State::Open,
            Phase::Done => State::Closed,
            _ => State::Connecting,
        }
    }

    /// The last event ID of what was taken: where the next connection goes on.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// What the server's `retry:` last asked for, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }

    /// The address that was asked for, whatever an attempt has made of it.
    pub(crate) fn asked_url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// What it has done so far.
    pub fn stats(&self, now: Duration) -> StreamStats {
        self.counts.at(now)
    }

    /// The address that is connected to, which differs from the one asked where there were redirects.
    pub fn url(&self) -> &str {
        self.hop.url.as_str()
    }
}
