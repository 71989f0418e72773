//! Who may subscribe and publish.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::shown;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Read topics.
    Subscribe,
    /// Publish under topics.
    Publish,
}

impl Action {
    /// `subscribe` or `publish`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
        }
    }
}

/// A request that an [`Authorizer`] is asked about. Its `Debug` says which headers and parameters there are, and not their values, some
/// of which are secrets.
#[derive(Clone)]
#[non_exhaustive]
pub struct Access {
    /// What it wants to do.
    pub action: Action,
    /// With which topics; to subscribe, also with which patterns, such as `orders/*`.
    pub topics: Vec<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its query, percent-encoded as it came.
    pub query: String,
    /// Who asks.
    pub peer: Option<SocketAddr>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("action", &self.action)
            .field("topics", &self.topics)
            .field("headers", &shown::Headers(&self.headers))
            .field("query", &shown::Query(&self.query))
            .field("peer", &self.peer)
            .finish()
    }
}

/// What somebody may do. `orders/*` covers every topic that begins with `orders/`, and every pattern of such topics; `*` covers
/// everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Who it is.
    pub name: String,
    /// The topics that may be read.
    pub subscribe: Vec<String>,
    /// The topics that may be published under.
    pub publish: Vec<String>,
    /// How long this holds; a stream ends then.
    pub expires: Option<Duration>,
}

impl Identity {
    /// Somebody who may do nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Allows reading these topics.
    #[must_use]
    pub fn may_subscribe<I: IntoIterator<Item: Into<String>>>(mut self, topics: I) -> Self {
        self.subscribe.extend(topics.into_iter().map(Into::into));
        self
    }

    /// Allows publishing under these topics.
    #[must_use]
    pub fn may_publish<I: IntoIterator<Item: Into<String>>>(mut self, topics: I) -> Self {
        self.publish.extend(topics.into_iter().map(Into::into));
        self
    }

    /// Sets how long this holds; for ever by default.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires = Some(time);
        self
    }

    pub(super) fn covers(&self, action: Action, topic: &str) -> bool {
        let patterns = match action {
            Action::Subscribe => &self.subscribe,
            Action::Publish => &self.publish,
        };
        patterns
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => {
                    topic.starts_with(prefix)
                }
                _ => pattern == topic,
            })
    }
}

/// A refusal, with its status: 401 or 403, or another of 400 to 599. 503 where nobody can say; the client tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied(pub StatusCode);

/// Decides about requests. Async closures are authorizers:
///
/// ```
/// use eventwire_server::{Access, Denied, HttpOptions, Identity};
/// use http::StatusCode;
///
/// let options = HttpOptions::new().authorizer(|access: Access| async move {
///     match access.headers.get("authorization").map(|value| value.as_bytes()) {
///         Some(b"Bearer reader") => Ok(Identity::new("reader").may_subscribe(["orders/*"])),
///         _ => Err(Denied(StatusCode::UNAUTHORIZED)),
///     }
/// });
/// # let _ = options;
/// ```
///
/// One that takes longer than 10 s, or panics, is a 503: the request is refused, never let through.
pub trait Authorizer: Send + Sync {
    /// Who asks, and what they may do; or that they may not.
    fn authorize(
        &self,
        access: Access,
    ) -> Pin<Box<dyn Future<Output = Result<Identity, Denied>> + Send>>;
}

impl<F, T> Authorizer for F
where
    F: Fn(Access) -> T + Send + Sync,
    T: Future<Output = Result<Identity, Denied>> + Send + 'static,
{
    fn authorize(
        &self,
        access: Access,
    ) -> Pin<Box<dyn Future<Output = Result<Identity, Denied>> + Send>> {
        Box::pin(self(access))
    }
}

impl fmt::Debug for dyn Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_below_it() {
        let identity = Identity::new("x").may_subscribe(["orders/*", "news"]);
        for (topic, covered) in [
            ("orders/1", true),
            ("orders/1/2", true),
            ("orders", false),
            ("news", true),
            ("news/1", false),
            ("", false),
            // A pattern is covered only by one that contains it.
            ("orders/*", true),
            ("orders/1/*", true),
            ("*", false),
            ("orders", false),
            ("news/*", false),
        ] {
            assert_eq!(
                identity.covers(Action::Subscribe, topic),
                covered,
                "{topic}"
            );
            assert!(!identity.covers(Action::Publish, topic));
        }
        assert!(
            Identity::new("x")
                .may_publish(["*"])
                .covers(Action::Publish, "anything")
        );
        assert!(
            !Identity::new("x")
                .may_publish(["or*"])
                .covers(Action::Publish, "orders")
        );
    }
}
