//! What to connect to, and how.

mod request;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eventwire_codec::{DEFAULT_MAX_EVENT, DEFAULT_MAX_LINE};
use http::{HeaderMap, Method};
use url::Url;

use crate::place::Place;
use crate::prepare::{Function, Prepare};
use crate::redact::redacted_text;
use crate::session::Session;
use crate::{Ack, Attempt, Error, ErrorKind, EventStream, RetryPolicy, TransportOptions};

/// Whose rules a stream follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// This library's: 408, 425, 429 and 5xx are tried again, 204 and clean ends are not errors.
    #[default]
    Connect,
    /// The WHATWG `EventSource`'s: lost connections and clean ends are tried again, never sooner than the server asked
    /// and never under half a second; any status but 200, and any other content type, fail it for good.
    EventSource,
}

/// Options of an [`EventStream`], built up by value.
///
/// ```
/// use std::time::Duration;
/// use eventwire_client::{ConnectOptions, RetryPolicy};
///
/// # fn main() -> Result<(), eventwire_client::Error> {
/// let stream = ConnectOptions::new("https://example.com/answers")
///     .method(http::Method::POST)
///     .header("authorization", "Bearer ...")
///     .header("content-type", "application/json")
///     .body(r#"{"stream": true}"#)
///     .idle_timeout(Duration::from_secs(60))
///     .retry(RetryPolicy::new().attempts(8))
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectOptions {
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) last_event_id: String,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) event_timeout: Option<Duration>,
    pub(crate) max_line: usize,
    pub(crate) max_event: usize,
    pub(crate) comments: bool,
    pub(crate) follow_redirects: bool,
    pub(crate) profile: Profile,
    pub(crate) transport: TransportOptions,
    pub(crate) prepare: Option<Arc<dyn Prepare>>,
    pub(crate) ack: Ack,
    pub(crate) cursor_file: Option<PathBuf>,
    /// The first option that was no good; told by `open`, so that the building stays a chain.
    wrong: Option<Error>,
}

impl ConnectOptions {
    /// Options with the defaults, for the event stream at `url` (`http` or `https`).
    pub fn new(url: impl Into<String>) -> ConnectOptions {
        ConnectOptions {
            url: url.into(),
            method: Method::GET,
            headers: HeaderMap::new(),
            body: None,
            last_event_id: String::new(),
            retry: Some(RetryPolicy::default()),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: None,
            event_timeout: None,
            max_line: DEFAULT_MAX_LINE,
            max_event: DEFAULT_MAX_EVENT,
            comments: false,
            follow_redirects: true,
            profile: Profile::Connect,
            transport: TransportOptions::new(),
            prepare: None,
            ack: Ack::Auto,
            cursor_file: None,
            wrong: None,
        }
    }

    /// How to reconnect. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Connects once only: a clean end ends the stream, anything else is an error.
    pub fn no_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// How long making a connection (name, TCP, TLS) may take. It does not bound the wait for the answer, since many servers send
    /// no byte before their first event: for that, set [`idle_timeout`](Self::idle_timeout), which counts from the request on, or
    /// [`RetryPolicy::deadline`]. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long no byte at all may come, which is how a dead peer looks. Set it to more than the server's heartbeat.
    /// Default: `None`, no limit.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// How long no event may come, though heartbeats do, which is how a stalled producer looks. Default: `None`, no limit.
    pub fn event_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.event_timeout = timeout.into();
        self
    }

    /// The longest line in bytes; a longer one ends the stream with an error. Default: 16 MiB, or
    /// [`max_event`](Self::max_event) where that is more.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// The largest event in bytes; a larger one ends the stream with an error. Above 16 MiB it raises the default of
    /// [`max_line`](Self::max_line) too. Default: 16 MiB.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// Whether [`EventStream::items`] yields comments. Default: no.
    pub fn comments(mut self, comments: bool) -> Self {
        self.comments = comments;
        self
    }

    /// Whether redirects (301, 302, 303, 307, 308) are followed: at most 20 in a row, never from https to http, and without
    /// `Authorization` and `Cookie` from the first one to another origin on. Not followed, they are errors. Default: yes.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.follow_redirects = follow;
        self
    }

    /// Whose rules to follow. Default: [`Profile::Connect`].
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How to reach the server: certificates, proxies, or a client of one's own. Default: [`TransportOptions::new`].
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.transport = transport;
        self
    }

    /// Asks `prepare` before every attempt, the first one too (but not before a redirect), which may change the URL, the headers
    /// and the body: for a token that expires, or another server. It gives the [`Attempt`] back, changed or not.
    ///
    /// An error is an attempt that failed: it is told as the reason of a [`Reconnecting`](crate::Reconnecting)
    /// ([`ErrorKind::Prepare`]), and tried again as the policy says. So is no answer within 30 s. Where a reader stops waiting
    /// meanwhile, the future goes on when it waits again; closed or dropped, the stream drops it. Default: none.
    ///
    /// ```
    /// # async fn fresh_token() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let options = eventwire_client::ConnectOptions::new("https://example.com/events")
    ///     .prepare(|mut attempt| async move {
    ///         let token = fresh_token().await?;
    ///         attempt.set_header("authorization", format!("Bearer {token}"))?;
    ///         Ok(attempt)
    ///     });
    /// ```
    pub fn prepare<F, R>(self, prepare: F) -> Self
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Attempt, Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        self.prepare_by(Arc::new(Function(prepare)))
    }

    /// The same for those who ask elsewhere.
    #[doc(hidden)]
    pub fn prepare_by(mut self, prepare: Arc<dyn Prepare>) -> Self {
        self.prepare = Some(prepare);
        self
    }

    /// When an event counts as dealt with, which moves what [`EventStream::last_event_id`] and the
    /// [`cursor_file`](Self::cursor_file) tell. Default: [`Ack::Auto`].
    pub fn ack(mut self, ack: Ack) -> Self {
        self.ack = ack;
        self
    }

    /// Keeps the place in a file, so that a process that is started again goes on after the last event that was dealt with
    /// ([`ack`](Self::ack)). The file is read when the stream is [opened](Self::open), and comes before
    /// [`last_event_id`](Self::last_event_id); where there is none yet, it is made with the first place.
    ///
    /// It is JSON, `{"eventwire": "cursor", "version": 1, "url": "...", "last_event_id": "..."}`, where the URL is without user
    /// name, password and what looks like a secret in its query. A thread writes it, soon after an event was dealt with, and
    /// always the newest place: beside it, synced, then renamed, so that it is never half a file. Where it lags behind, in a
    /// crash, events come again, and none is lost. It is up to date once [`close`](EventStream::close) has returned, once the
    /// stream has ended, and once it is dropped, which waits for it. Where it cannot be written, the stream ends with an error
    /// ([`ErrorKind::Cursor`]).
    ///
    /// A stream has its file for itself, by a lock on `PATH.lock`, in the process that opened it. Default: none.
    pub fn cursor_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cursor_file = Some(path.into());
        self
    }

    /// Makes the stream. Nothing is sent before it is first polled.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`] and [`ErrorKind::InvalidOption`], for a timeout or a limit of zero too; and [`ErrorKind::Cursor`] for a cursor file that cannot be
    /// used: another URL's, in use by another stream, not readable, or none at all.
    pub fn open(mut self) -> Result<EventStream, Error> {
        let place = Place::open(&mut self)?;
        let (connect_timeout, transport) = (self.connect_timeout, self.transport.clone());
        let prepare = self.prepare.clone();
        Ok(EventStream::new(
            Session::new(self)?,
            connect_timeout,
            transport,
            prepare,
            place,
        ))
    }

    fn noted(mut self, done: Result<(), Error>) -> Self {
        if let Err(error) = done {
            self.wrong.get_or_insert(error);
        }
        self
    }

    /// Whether a consumer's place is another one than what was received.
    pub(crate) fn wants_place(&self) -> bool {
        self.ack == Ack::Manual || self.cursor_file.is_some()
    }

    /// Checks what can be checked before anything is sent, and gives the parsed URL.
    pub(crate) fn check(&self) -> Result<Url, Error> {
        if let Some(error) = &self.wrong {
            return Err(error.clone());
        }
        self.transport.check()?;
        self.check_bounds()?;
        if self.last_event_id.contains(['\r', '\n', '\0']) {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                "last_event_id contains a line end or a NUL, which no event's id can",
            ));
        }
        parse_url(&self.url)
    }
}

impl ConnectOptions {
    /// What is zero would end every stream at once, or take nothing.
    fn check_bounds(&self) -> Result<(), Error> {
        let zero = Duration::ZERO;
        let none = "for no limit leave it out (None in Rust and Python)";
        let more = "give at least 1, in bytes";
        for (name, is_zero, advice) in [
            ("connect_timeout", self.connect_timeout == zero, "give more"),
            ("idle_timeout", self.idle_timeout == Some(zero), none),
            ("event_timeout", self.event_timeout == Some(zero), none),
            ("max_line", self.max_line == 0, more),
            ("max_event", self.max_event == 0, more),
        ] {
            if is_zero {
                let text = format!("{name} is 0, by which nothing could come: {advice}");
                return Err(Error::new(ErrorKind::InvalidOption, text));
            }
        }
        Ok(())
    }

    /// The longest line: one of the largest event must be able to come, where nothing else was said.
    pub(crate) fn line_limit(&self) -> usize {
        if self.max_line == DEFAULT_MAX_LINE {
            self.max_line.max(self.max_event)
        } else {
            self.max_line
        }
    }
}

/// Parses the URL of a stream or a hub.
pub(crate) fn parse_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| {
        let shown = redacted_text(text);
        let advice = match text.contains('@') {
            true => {
                "percent-encode what a name or a password has of / ? # @ : and % (%2F %3F %23 %40 %3A %25), or give them as auth (basic_auth in Rust)"
            }
            false => "give a whole one, as http://127.0.0.1:8844/events",
        };
        let text = format!("{shown:?} is no URL ({error}): {advice}");
        Error::new(ErrorKind::InvalidUrl, text)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::new(
            ErrorKind::InvalidUrl,
            format!(
                "cannot connect to {}: the scheme must be http or https",
                redacted_text(text)
            ),
        ));
    }
    Ok(url)
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = redacted_text(&self.url);
        f.debug_struct("ConnectOptions")
            .field("method", &self.method)
            .field("url", &url)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("last_event_id", &self.last_event_id)
            .field("retry", &self.retry)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("event_timeout", &self.event_timeout)
            .field("max_line", &self.max_line)
            .field("max_event", &self.max_event)
            .field("comments", &self.comments)
            .field("follow_redirects", &self.follow_redirects)
            .field("profile", &self.profile)
            .field("transport", &self.transport)
            .field("prepare", &self.prepare.is_some())
            .field("ack", &self.ack)
            .field("cursor_file", &self.cursor_file)
            .finish()
    }
}
