//! A session with an HTTP client around it, as a stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use eventwire_codec::Event;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::session::Session;
use crate::transport::{self, Exchange, Progress};
use crate::{
    Closer, Error, ErrorKind, Restarter, State, StreamItem, StreamStats, TransportOptions,
};

/// An event stream that reconnects and resumes: a [`Stream`] of events, made by
/// [`ConnectOptions::open`](crate::ConnectOptions::open).
///
/// It works while it is polled, within a Tokio runtime with I/O and time enabled, and spawns no task: a consumer that stops
/// taking events stops the reading from the socket, and dropping it closes the connection.
///
/// It ends with `None` after [`close`](Self::close), an answer of 204, or a clean end that the policy does not retry; any
/// other end is an error, which comes once, before the `None`. A hub's notice of a gap (`eventwire.reset`) comes as an event
/// of that type, so that nobody misses it silently; [`items`](Self::items) has it as [`StreamItem::Reset`].
///
/// # Cancel safety
///
/// Everything is kept in the stream, not in the futures that wait for it: [`next`](Self::next) and
/// [`next_item`](Self::next_item) can be dropped at any await, as in a `select!`, and lose nothing.
#[derive(Debug)]
pub struct EventStream {
    session: Session,
    closer: Closer,
    /// Made with the first request.
    client: Option<reqwest::Client>,
    exchange: Option<Exchange>,
    connect_timeout: Duration,
    transport: TransportOptions,
    origin: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    /// When an item was handed out: the clocks stand still until the consumer comes back.
    handed_out: Option<Duration>,
    /// An error of ours, not of the session's, after which it is closed.
    broken: Option<Error>,
}

impl EventStream {
    pub(crate) fn new(
        session: Session,
        connect_timeout: Duration,
        transport: TransportOptions,
    ) -> EventStream {
        EventStream {
            session,
            closer: Closer::default(),
            client: None,
            exchange: None,
            connect_timeout,
            transport,
            origin: Instant::now(),
            timer: None,
            handed_out: None,
            broken: None,
        }
    }

    /// The next event; `None` at the end. The same as the [`Stream`]'s, without an extension trait.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next item of any kind; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once, after its [`StreamItem::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next_item(&mut self) -> Option<Result<StreamItem, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// This stream with all of its items: connections, comments, resets and the end, besides events.
    pub fn items(self) -> Items {
        Items { stream: self }
    }

    /// A handle that ends this stream from anywhere.
    pub fn closer(&self) -> Closer {
        self.closer.clone()
    }

    /// A handle that makes this stream connect again, from anywhere.
    pub fn restarter(&self) -> Restarter {
        self.closer.restarter()
    }

    /// Drops the connection and connects again at once, going on after the last event ID: for when one knows better than the
    /// clocks that the connection is worth nothing, or wants another server. It is no failure: no wait, no
    /// [`StreamItem::Reconnecting`], no attempt counted. It is done whatever the retry policy says, and in the middle of one
    /// of its waits too; a body is sent again. What has arrived is still given out. Before the first poll, and at the end, it
    /// does nothing.
    pub fn restart(&mut self) {
        self.session.restart(self.now());
        self.exchange = None;
    }

    /// Ends the stream and its connection now. What was not taken is not delivered.
    pub fn close(&mut self) {
        self.closer.close();
        self.session.close();
        self.exchange = None;
    }

    /// The last event ID of what was taken, which is where the next connection goes on.
    pub fn last_event_id(&self) -> &str {
        self.session.last_event_id()
    }

    /// What the server's `retry:` last asked for, in milliseconds; `None` before it asked.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.session.reconnection_time()
    }

    /// What the stream has done so far.
    pub fn stats(&self) -> StreamStats {
        self.session.stats(self.now())
    }

    /// Where the stream is.
    pub fn state(&self) -> State {
        if self.closer.is_closed() {
            return State::Closed;
        }
        self.session.state()
    }

    /// The address that is connected to, which differs from the one asked where there were redirects.
    pub fn url(&self) -> &str {
        self.session.url()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            return Poll::Ready(Some(match ready!(self.poll_item(cx)) {
                Some(Ok(StreamItem::Event(event))) => Ok(event),
                Some(Ok(StreamItem::Reset(reset))) => Ok(reset.into_event()),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(error),
                None => return Poll::Ready(None),
            }));
        }
    }

    /// Polls for the next item of any kind: [`next_item`](Self::next_item) for those who write futures by hand.
    pub fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StreamItem, Error>>> {
        self.closer.register(cx.waker());
        if let Some(handed_out) = self.handed_out.take() {
            self.session.skip(self.now().saturating_sub(handed_out));
        }
        loop {
            if self.closer.is_closed() {
                self.session.close();
            }
            if self.closer.take_restart() {
                self.restart();
            }
            if let Some(item) = self.session.next_item() {
                // Asking the time for every event costs as much as decoding it.
                if self.session.has_clocks() {
                    self.handed_out = Some(self.now());
                }
                return Poll::Ready(Some(item));
            }
            if !self.session.reading() {
                self.exchange = None;
            }
            if self.session.is_finished() {
                return Poll::Ready(self.broken.take().map(Err));
            }
            let now = self.now();
            if let Some(request) = self.session.next_request(now) {
                match self.client() {
                    Ok(client) => self.exchange = Some(Exchange::start(&client, request)),
                    Err(error) => {
                        self.session.close();
                        self.broken = Some(error);
                    }
                }
                continue;
            }
            if let Some(exchange) = &mut self.exchange
                && let Poll::Ready(progress) = exchange.poll(cx)
            {
                match progress {
                    Progress::Head(head) => self.session.response(now, head),
                    Progress::Chunk(chunk) => self.session.feed(now, chunk),
                    Progress::Ended => self.session.ended(now),
                    Progress::Failed(failure) => self.session.failed(now, failure),
                }
                continue;
            }
            // Only now that nothing more is to be read: what has arrived in the meantime counts.
            self.session.tick(now);
            if !self.session.is_drained() {
                continue;
            }
            ready!(self.poll_timer(cx));
        }
    }

    /// Ready when the session has something to do by the clock.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wake_at = self
            .session
            .wake_at()
            .and_then(|at| self.origin.checked_add(at));
        let Some(at) = wake_at else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }

    fn client(&mut self) -> Result<reqwest::Client, Error> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        // Else the HTTP client would panic.
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::new(
                ErrorKind::NoRuntime,
                "an event stream must be polled within a Tokio runtime, for instance in #[tokio::main]",
            ));
        }
        let client = transport::client(
            &self.transport,
            self.session.url(),
            self.connect_timeout,
            None,
        )?;
        Ok(self.client.insert(client).clone())
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

/// All items of a stream; see [`EventStream::items`].
///
/// The last item is a [`StreamItem::Closed`], but after a close on this side, which ends it at once; where the end is an
/// error, the error comes after it.
#[derive(Debug)]
pub struct Items {
    stream: EventStream,
}

impl Items {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<StreamItem, Error>> {
        self.stream.next_item().await
    }

    /// The stream itself: its state, its last event ID, its closer.
    pub fn stream(&self) -> &EventStream {
        &self.stream
    }

    /// The stream itself, to close it or to take events only for a while.
    pub fn stream_mut(&mut self) -> &mut EventStream {
        &mut self.stream
    }

    /// Back to events only.
    pub fn into_stream(self) -> EventStream {
        self.stream
    }
}

impl Stream for Items {
    type Item = Result<StreamItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_item(cx)
    }
}
