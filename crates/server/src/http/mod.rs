//! All of the HTTP behaviour, without a socket: `respond(head, body) -> reply`.
//!
//! Servers and adapters only move its bytes.

mod access;
mod authorize;
mod cors;
mod events;
mod guard;
mod health;
mod json;
mod message;
mod metrics;
mod publication;
mod publish;
mod shown;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body;
use tokio::sync::Semaphore;

pub use access::{Access, Action, Authorizer, Denied, Identity};
pub use cors::Cors;
#[cfg(feature = "axum")]
pub(crate) use events::stream_headers;
pub use message::{Head, Reply, ReplyBody};
pub(crate) use metrics::Connections;

use self::message::Refusal;
use crate::hub::Hub;

/// How many bytes of bodies are held at a time, from the first byte to the answer, or one body where one may be larger. They come before
/// anybody is authorized, and from as many connections as there are.
const MAX_BODIES: usize = 256 << 20;

/// Who may do what over HTTP; every method states its default.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    pub(crate) cors: Cors,
    pub(crate) authorizer: Option<Arc<dyn Authorizer>>,
    pub(crate) open_publish: bool,
    pub(crate) loopback: bool,
    pub(crate) max_body: usize,
}

impl HttpOptions {
    /// Nobody may publish; anybody whose page has the same origin may subscribe.
    pub fn new() -> Self {
        Self {
            cors: Cors::default(),
            authorizer: None,
            open_publish: false,
            loopback: false,
            max_body: 16 << 20,
        }
    }

    /// The origins whose pages may subscribe, and, where they are named, publish; by default the own one only.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// Asks `authorizer` about every request to subscribe or publish; by default there is none.
    #[must_use]
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.authorizer = Some(Arc::new(authorizer));
        self
    }

    /// Whether anybody may publish where there is no authorizer; false by default.
    #[must_use]
    pub fn open_publish(mut self, open: bool) -> Self {
        self.open_publish = open;
        self
    }

    /// Whether only requests to a loopback name are answered, so that no page of another name can reach the hub by
    /// DNS rebinding; false by default. `serve` sets it on loopback addresses.
    #[must_use]
    pub fn loopback(mut self, loopback: bool) -> Self {
        self.loopback = loopback;
        self
    }

    /// The largest body of a publish, in bytes; 16 MiB by default. Of all bodies that are under way, 256 MiB are held, or one of this
    /// size where that is more; beyond that, a publish is answered 503.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A hub as it is seen over HTTP. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) hub: Hub,
    pub(crate) options: Arc<HttpOptions>,
    /// Where a server asks on somebody's behalf.
    pub(crate) connections: Option<Arc<dyn Connections>>,
    /// How many bytes of bodies may still be held, of all requests together.
    bodies: Arc<Semaphore>,
}

impl Hub {
    /// The hub as it is seen over HTTP, for servers and adapters.
    pub fn endpoint(&self, options: HttpOptions) -> Endpoint {
        let bodies = MAX_BODIES.max(options.max_body);
        Endpoint {
            hub: self.clone(),
            options: Arc::new(options),
            connections: None,
            bodies: Arc::new(Semaphore::new(bodies.min(Semaphore::MAX_PERMITS))),
        }
    }
}

impl Endpoint {
    /// Answers a request. The body is read only where a publish needs it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use eventwire_server::{Head, HttpOptions, Hub};
    ///
    /// let endpoint = Hub::new().endpoint(HttpOptions::new());
    /// let reply = endpoint.respond(Head::get("/events?topic=orders"), String::new()).await;
    /// assert_eq!(reply.status, 200);
    /// assert_eq!(reply.headers["content-type"], "text/event-stream");
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped, the request is not answered, and whatever it wanted to publish was published whole or not at all: with a
    /// key, trying again is harmless.
    pub async fn respond<B>(&self, head: Head, body: B) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let mut reply = self.route(&head, body).await.unwrap_or_else(Reply::from);
        self.options
            .cors
            .decorate(&head.headers, &mut reply.headers);
        if head.method == Method::HEAD {
            reply.body = ReplyBody::empty();
        }
        reply
    }

    async fn route<B>(&self, head: &Head, body: B) -> Result<Reply, Refusal>
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        if self.options.loopback {
            guard::check_host(&head.headers)?;
        }
        let allowed = match head.path.as_str() {
            "/events" => "GET, HEAD, POST, OPTIONS",
            "/health" | "/metrics" => "GET, HEAD, OPTIONS",
            path => {
                return Err(Refusal::new(
                    StatusCode::NOT_FOUND,
                    format!("there is nothing at {path:?}: try /events, /health or /metrics"),
                ));
            }
        };
        match (head.path.as_str(), &head.method) {
            (_, &Method::OPTIONS) => Ok(cors::options(allowed)),
            ("/events", &Method::GET | &Method::HEAD) => events::subscribe(self, head).await,
            ("/events", &Method::POST) => publish::publish(self, head, body).await,
            ("/health", &Method::GET | &Method::HEAD) => Ok(health::health(&self.hub)),
            ("/metrics", &Method::GET | &Method::HEAD) => metrics::metrics(self, head).await,
            (path, method) => {
                let message = format!("{path} takes {allowed}, and not {method}");
                let mut reply = Reply::error(StatusCode::METHOD_NOT_ALLOWED, message);
                let allowed = HeaderValue::from_static(allowed);
                reply.headers.insert(header::ALLOW, allowed);
                Ok(reply)
            }
        }
    }
}

/// What `future` gives, or nothing after `patience`; without a Tokio runtime there is no clock, and so no end to waiting.
async fn in_time<F: Future>(patience: Duration, future: F) -> Option<F::Output> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(future.await);
    }
    tokio::time::timeout(patience, future).await.ok()
}
