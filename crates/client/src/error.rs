//! One error type: a kind for programs, a message for people, and what is known of the request.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eventwire_codec::DecodeError;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::Outcome;
use crate::redact::redacted;

/// Which clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// No connection within [`connect_timeout`](crate::ConnectOptions::connect_timeout).
    Connect,
    /// No byte within [`idle_timeout`](crate::ConnectOptions::idle_timeout): a dead peer.
    Idle,
    /// No event within [`event_timeout`](crate::ConnectOptions::event_timeout): a stalled producer.
    Event,
    /// No answer within [`RetryPolicy::deadline`](crate::RetryPolicy::deadline).
    Deadline,
}

impl Clock {
    /// A name for programs: `connect`, `idle`, `event` or `deadline`.
    pub fn name(self) -> &'static str {
        match self {
            Clock::Connect => "connect",
            Clock::Idle => "idle",
            Clock::Event => "event",
            Clock::Deadline => "deadline",
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL is none that can be asked.
    InvalidUrl,
    /// An option has a value that cannot be used.
    InvalidOption,
    /// The server could not be reached: name, port, TLS, proxy. The request was not sent.
    Connect,
    /// The connection broke after the request was sent.
    Disconnected,
    /// The server ended the stream, and the policy has no attempts left.
    Ended,
    /// The status is none that an event stream has, or a redirect leads nowhere.
    Status,
    /// The answer is no event stream, or is encoded in a way that nobody knows.
    ContentType,
    /// The bytes exceed a limit of the decoder.
    Decode,
    /// A clock ran out.
    Timeout(Clock),
    /// [`prepare`](crate::ConnectOptions::prepare) failed, or gave no answer in time. The request was not sent.
    Prepare,
    /// The cursor file cannot be used, or could not be written.
    Cursor,
    /// The stream, or the publisher, is closed.
    Closed,
    /// The hub refused what was to be published, or answered what no hub answers.
    Publish,
    /// Polled outside of a Tokio runtime.
    NoRuntime,
}

impl ErrorKind {
    /// The name of the error class, the same in all languages.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Connect | ErrorKind::Disconnected | ErrorKind::Ended => "ConnectError",
            ErrorKind::Status => "StatusError",
            ErrorKind::ContentType => "ContentTypeError",
            ErrorKind::Decode => "DecodeError",
            ErrorKind::Timeout(_) => "StreamTimeoutError",
            ErrorKind::Prepare => "PrepareError",
            ErrorKind::Cursor => "CursorError",
            ErrorKind::Closed => "ClosedError",
            ErrorKind::InvalidUrl
            | ErrorKind::InvalidOption
            | ErrorKind::Publish
            | ErrorKind::NoRuntime => "EventwireError",
        }
    }
}

/// Why a stream ended, could not be opened, or is made again; or why something was not published.
#[derive(Clone)]
pub struct Error {
    // Shared, since one error is told twice: in the `Closed` or `Reconnecting` item, and as the stream's end.
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    url: Option<String>,
    status: Option<u16>,
    attempt: u32,
    retry_after: Option<Duration>,
    headers: HeaderMap,
    body: Bytes,
    decode: Option<DecodeError>,
    outcome: Option<Outcome>,
    index: Option<usize>,
    path: Option<PathBuf>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            inner: Arc::new(Inner {
                kind,
                message: message.into(),
                url: None,
                status: None,
                attempt: 0,
                retry_after: None,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                decode: None,
                outcome: None,
                index: None,
                path: None,
                source: None,
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Error {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    pub(crate) fn with_url(self, url: &Url) -> Error {
        self.with(|e| e.url = Some(redacted(url)))
    }

    pub(crate) fn with_attempt(self, attempt: u32) -> Error {
        self.with(|e| e.attempt = attempt)
    }

    pub(crate) fn with_response(self, status: StatusCode, headers: HeaderMap) -> Error {
        self.with(|e| {
            e.status = Some(status.as_u16());
            e.headers = headers;
        })
    }

    pub(crate) fn with_retry_after(self, after: Option<Duration>) -> Error {
        self.with(|e| e.retry_after = after)
    }

    pub(crate) fn with_body(self, body: Bytes) -> Error {
        self.with(|e| e.body = body)
    }

    pub(crate) fn with_outcome(self, outcome: Outcome) -> Error {
        self.with(|e| e.outcome = Some(outcome))
    }

    pub(crate) fn with_index(self, index: usize) -> Error {
        self.with(|e| e.index = Some(index))
    }

    pub(crate) fn with_source(self, source: Arc<dyn StdError + Send + Sync>) -> Error {
        self.with(|e| e.source = Some(source))
    }

    pub(crate) fn with_path(self, path: &Path) -> Error {
        self.with(|e| e.path = Some(path.to_owned()))
    }

    pub(crate) fn with_message(self, message: String) -> Error {
        self.with(|e| e.message = message)
    }

    pub(crate) fn decode(error: DecodeError, url: &Url) -> Error {
        Error::new(
            ErrorKind::Decode,
            format!("{} sent what cannot be decoded: {error}", redacted(url)),
        )
        .with_url(url)
        .with(|e| e.decode = Some(error))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The address that was asked, without user name and password.
    pub fn url(&self) -> Option<&str> {
        self.inner.url.as_deref()
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// Which attempt in a row failed, from 1; 0 where none was made.
    pub fn attempt(&self) -> u32 {
        self.inner.attempt
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// The headers of the answer; empty where there was none.
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// The first KiB of the body of an answer with an error status.
    pub fn body(&self) -> &Bytes {
        &self.inner.body
    }

    /// The limit that was exceeded, for [`ErrorKind::Decode`].
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.inner.decode.as_ref()
    }

    /// Whether what was to be [published](crate::Publisher) may have been stored, by this attempt or one before it; `None` for
    /// what was not to be published.
    pub fn outcome(&self) -> Option<Outcome> {
        self.inner.outcome
    }

    /// Of [many](crate::Publisher::publish_many) that were published in one go, which was refused.
    pub fn index(&self) -> Option<usize> {
        self.inner.index
    }

    /// The path of the cursor file, for [`ErrorKind::Cursor`].
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// The clock that ran out, for [`ErrorKind::Timeout`].
    pub fn clock(&self) -> Option<Clock> {
        match self.inner.kind {
            ErrorKind::Timeout(clock) => Some(clock),
            _ => None,
        }
    }

    /// Whether a clock ran out.
    pub fn is_timeout(&self) -> bool {
        self.clock().is_some()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("Error");
        s.field("kind", &self.inner.kind)
            .field("message", &self.inner.message);
        if let Some(status) = self.inner.status {
            s.field("status", &status);
        }
        if self.inner.attempt > 0 {
            s.field("attempt", &self.inner.attempt);
        }
        s.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (&self.inner.source, &self.inner.decode) {
            (Some(source), _) => Some(source.as_ref()),
            (None, Some(decode)) => Some(decode),
            (None, None) => None,
        }
    }
}

/// What an error's chain of sources says, innermost last, without what only repeats the outer one.
pub(crate) fn explain(error: &(dyn StdError + 'static)) -> String {
    let mut chain = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !chain.last().is_some_and(|last| last.contains(&text)) {
            chain.push(text);
        }
        next = source.source();
    }
    // How the HTTP client names its own stages explains nothing.
    let innermost = chain.last().cloned().unwrap_or_default();
    chain.retain(|text| {
        *text == innermost
            || !(text.starts_with("client error (") || text == "error sending request")
    });
    let from = chain.len().saturating_sub(2);
    chain[from..].join(": ")
}

/// What the body of an error answer says, in one line: the message of a JSON object, or the first line of a text.
pub(crate) fn body_says(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let line = match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(fields)) => {
            let message = ["message", "error", "detail"]
                .into_iter()
                .find_map(|name| fields.get(name)?.as_str());
            message.map(str::to_owned)
        }
        // A page for browsers begins with its markup.
        _ => text
            .trim_start()
            .lines()
            .next()
            .filter(|line| !line.starts_with('<'))
            .map(str::to_owned),
    }?;
    let line: String = line
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    (!line.is_empty()).then_some(line)
}
