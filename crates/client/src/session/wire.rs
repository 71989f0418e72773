//! What passes between a session and the transport that serves it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::error::explain;
use crate::headers::mark_secrets;
use crate::redact::redacted;
use crate::{Clock, Error, ErrorKind};

/// A request that the transport is to send now, on a connection of its own; whatever it had before is over.
///
/// The transport follows no redirect and sends nothing twice: that is the session's.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// All headers, `Accept` and `Last-Event-ID` included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// How long making the connection may take. The transport measures it, since only it knows when the connection
    /// stands, and tells by [`Failure::connect_timeout`].
    pub connect_timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redacted(&self.url))
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

/// The head of an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Head {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The address that answered, where the transport followed redirects by itself.
    pub url: Option<String>,
    /// The time of day, for a `Retry-After` that is a date in an answer without a `Date`.
    pub received: SystemTime,
    /// Why the body cannot be read, which then is left out.
    pub(crate) unreadable: Option<String>,
}

impl Head {
    /// A head that came just now from where the request went.
    pub fn new(status: StatusCode, mut headers: HeaderMap) -> Head {
        mark_secrets(&mut headers);
        Head {
            status,
            headers,
            url: None,
            received: SystemTime::now(),
            unreadable: None,
        }
    }

    /// The address that answered, where the transport followed redirects by itself.
    pub fn with_url(mut self, url: impl Into<String>) -> Head {
        self.url = Some(url.into());
        self
    }

    /// The time of day at which it came.
    pub fn with_received(mut self, received: SystemTime) -> Head {
        self.received = received;
        self
    }
}

/// How a transport failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(super) kind: ErrorKind,
    message: String,
    pub(super) fatal: bool,
    /// The proxy between, in words that follow on the address.
    by: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// No connection could be made: the request was certainly not sent.
    pub fn connect(message: impl Into<String>) -> Failure {
        Failure::new(ErrorKind::Connect, message.into())
    }

    /// The connection was not made within [`Request::connect_timeout`].
    pub fn connect_timeout() -> Failure {
        Failure::new(ErrorKind::Timeout(Clock::Connect), String::new())
    }

    /// The connection broke: the request may have been received.
    pub fn disconnected(message: impl Into<String>) -> Failure {
        Failure::new(ErrorKind::Disconnected, message.into())
    }

    /// Nothing that another attempt would mend: it ends the stream, whatever the policy says.
    pub fn unusable(message: impl Into<String>) -> Failure {
        Failure {
            fatal: true,
            ..Failure::new(ErrorKind::Connect, message.into())
        }
    }

    /// Keeps the cause, and says what it says where there was no message.
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Failure {
        if self.message.is_empty() {
            self.message = explain(&source);
        }
        self.source = Some(Arc::new(source));
        self
    }

    /// Names the proxy between, which may be the one to blame.
    pub(crate) fn by(mut self, by: Option<String>) -> Failure {
        self.by = by;
        self
    }

    fn new(kind: ErrorKind, message: String) -> Failure {
        Failure {
            kind,
            message,
            fatal: false,
            by: None,
            source: None,
        }
    }

    /// Whether the server may have seen the request.
    pub(super) fn sent(&self) -> bool {
        self.kind == ErrorKind::Disconnected
    }

    pub(crate) fn into_error(self, url: &Url, connect_timeout: Duration) -> Error {
        let by = self.by.map(|by| format!(" ({by})")).unwrap_or_default();
        let (at, message) = (redacted(url) + &by, &self.message);
        let text = match self.kind {
            ErrorKind::Disconnected => format!("the connection to {at} broke: {message}"),
            ErrorKind::Timeout(_) => {
                format!("no connection to {at} within {connect_timeout:?} (connect_timeout)")
            }
            _ => format!("cannot connect to {at}: {message}"),
        };
        let error = Error::new(self.kind, text).with_url(url);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}
