//! Requests and replies as they cross between a hub and whatever moves the bytes.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use serde_json::{Map, Value, json};

use super::shown;
use crate::stats::End;
use crate::subscription::Subscription;

/// The head of a request. Its `Debug` says which headers and parameters there are, and not their values, some of which are secrets.
#[derive(Clone)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The path, as the hub sees it: `/events`, `/health`.
    pub path: String,
    /// What follows the `?`, percent-encoded as it came; empty where there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// Who asks.
    pub peer: Option<SocketAddr>,
}

impl Head {
    /// A GET of a path, which may have a query; for tests and examples.
    pub fn get(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: Method::GET,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            peer: None,
        }
    }

    /// The head of a request as the `http` crate has it.
    pub fn from_parts(parts: &http::request::Parts, peer: Option<SocketAddr>) -> Self {
        let mut headers = parts.headers.clone();
        // HTTP/2 has the host in its :authority.
        if let Some(authority) = parts.uri.authority()
            && !headers.contains_key(header::HOST)
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            headers.insert(header::HOST, host);
        }
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            peer,
        }
    }

    /// The parameters of the query, decoded, in order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (String, String)> + '_ {
        form_urlencoded::parse(self.query.as_bytes()).into_owned()
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &shown::Query(&self.query))
            .field("headers", &shown::Headers(&self.headers))
            .field("peer", &self.peer)
            .finish()
    }
}

/// The answer to a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers. Never `Connection`, which HTTP/2 forbids: that is the server's.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: ReplyBody::empty(),
        }
    }

    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        let mut reply = Self::empty(status);
        reply.body = Bytes::from(format!("{value}\n")).into();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/json"),
            // Some statuses may be cached where nothing is said.
            (header::CACHE_CONTROL, "no-store"),
        ] {
            reply.headers.insert(name, HeaderValue::from_static(value));
        }
        reply
    }

    /// A refusal that says what was wrong.
    pub(crate) fn error(status: StatusCode, message: impl AsRef<str>) -> Self {
        Self::json(status, &json!({ "error": message.as_ref() }))
    }
}

/// Why a request is refused: a status for programs, a message for people.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    /// More for programs.
    details: Map<String, Value>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: Map::new(),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Adds what a program may want to know.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            message,
            mut details,
        } = refusal;
        details.insert("error".to_owned(), message.into());
        let mut reply = Self::json(status, &details.into());
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            reply.headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        reply
    }
}

impl From<Reply> for http::Response<ReplyBody> {
    fn from(reply: Reply) -> Self {
        let mut response = http::Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }
}

/// The body of a reply: some bytes, or a subscription's frames.
#[derive(Debug)]
pub struct ReplyBody(Kind);

#[derive(Debug)]
enum Kind {
    Full(Bytes),
    Stream(Box<Subscription>),
}

impl ReplyBody {
    pub(crate) fn empty() -> Self {
        Self(Kind::Full(Bytes::new()))
    }

    /// Lets an event stream end as soon as it has given what was published before.
    pub(crate) fn drain(&mut self) {
        if let Kind::Stream(subscription) = &mut self.0 {
            subscription.drain();
        }
    }

    /// Notes why an event stream has ended, unless it has ended by itself.
    pub(crate) fn end(&mut self, end: End) {
        if let Kind::Stream(subscription) = &mut self.0 {
            subscription.end_as(end);
        }
    }

    /// The subscription, if it is one.
    pub(crate) fn into_stream(self) -> Option<Subscription> {
        match self.0 {
            Kind::Full(_) => None,
            Kind::Stream(subscription) => Some(*subscription),
        }
    }

    /// Whether it is an event stream that must be read through the store.
    pub(crate) fn needs_store(&self) -> bool {
        matches!(&self.0, Kind::Stream(subscription) if subscription.needs_store())
    }

    /// Whether it is an event stream, which has no end of its own.
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Stream(_))
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Full(bytes))
    }
}

impl From<Subscription> for ReplyBody {
    fn from(subscription: Subscription) -> Self {
        Self(Kind::Stream(Box::new(subscription)))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(subscription) => Pin::new(&mut **subscription).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_request_has_no_secrets() {
        let mut head = Head::get("/events?topic=a%2Fb&token=SECRET&api_key=SECRET");
        for name in ["authorization", "cookie", "x-api-key"] {
            let value = HeaderValue::from_static("SECRET");
            head.headers.insert(name, value);
        }
        let access = crate::http::Access {
            action: crate::http::Action::Subscribe,
            topics: vec!["a/b".to_owned()],
            headers: head.headers.clone(),
            query: head.query.clone(),
            peer: head.peer,
        };
        for shown in [format!("{head:?}"), format!("{access:?}")] {
            assert!(!shown.contains("SECRET"), "{shown}");
            for part in ["a/b", "authorization", "x-api-key", "token", "api_key"] {
                assert!(shown.contains(part), "{part} in {shown}");
            }
        }
    }
}
