//! Who may subscribe and publish.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use http::header::{self, HeaderMap};
use http::{StatusCode, Uri};
use tokio::time::timeout;
use tracing::warn;

use super::cors::Cors;
use super::message::{Head, Refusal};
use super::{AUTHORIZER_PATIENCE, HttpOptions};

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

/// A request that an [`Authorizer`] is asked about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// What it wants to do.
    pub action: Action,
    /// With which topics.
    pub topics: Vec<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its query, percent-encoded as it came.
    pub query: String,
    /// Who asks.
    pub peer: Option<SocketAddr>,
}

/// What somebody may do. `orders/*` covers every topic that begins with `orders/`, `*` every topic.
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

    fn covers(&self, action: Action, topic: &str) -> bool {
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

/// A refusal, with its status: 401 or 403, or another of 400 to 599.
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
/// One that takes longer than 10 s, or panics, refuses: never the other way.
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

/// Whether the request may do `action` with all of `topics`; how long, where that is bounded.
pub(super) async fn authorize(
    options: &HttpOptions,
    head: &Head,
    action: Action,
    topics: &[String],
) -> Result<Option<Duration>, Refusal> {
    let Some(authorizer) = &options.authorizer else {
        return match action {
            Action::Publish if !options.open_publish => Err(Refusal(
                StatusCode::FORBIDDEN,
                "this hub takes no events over HTTP".to_owned(),
            )),
            _ => Ok(None),
        };
    };
    let access = Access {
        action,
        topics: topics.to_vec(),
        headers: head.headers.clone(),
        query: head.query.clone(),
        peer: head.peer,
    };
    let answer = timeout(AUTHORIZER_PATIENCE, authorizer.authorize(access)).await;
    let Ok(answer) = answer else {
        warn!(target: "eventwire::hub", action = action.name(), "the authorizer took too long: refused");
        return Err(Refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "nobody could decide in time: try again".to_owned(),
        ));
    };
    let identity = answer.map_err(|Denied(status)| {
        let status = if status.is_client_error() || status.is_server_error() {
            status
        } else {
            StatusCode::FORBIDDEN
        };
        Refusal(status, format!("not allowed to {}", action.name()))
    })?;
    // Refused whole: a subset would be a silent loss.
    match topics.iter().find(|topic| !identity.covers(action, topic)) {
        Some(topic) => {
            let message = format!("not allowed to {} {topic:?}", action.name());
            Err(Refusal(StatusCode::FORBIDDEN, message))
        }
        None => Ok(identity.expires),
    }
}

/// Refuses to publish for a page that has no business here (request forgery).
pub(super) fn check_origin(cors: &Cors, headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |what: String| {
        Err(Refusal(
            StatusCode::FORBIDDEN,
            format!("{what}: name its origin in the server's cors to allow it"),
        ))
    };
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("null");
        if cors.names(origin) {
            return Ok(());
        }
        if !is_own(origin, headers) {
            return refuse(format!("a page of {origin} may not publish here"));
        }
    }
    match headers.get("sec-fetch-site") {
        Some(site) if site == "cross-site" => {
            refuse("a page of another site may not publish here".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let origin = origin.parse::<Uri>().ok();
    let authority = origin.as_ref().and_then(Uri::authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.as_str().eq_ignore_ascii_case(host))
}

/// On a loopback address: refuses a host that is no loopback name, which only DNS rebinding brings here.
pub(super) fn check_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if host.is_empty() || is_loopback_name(host) {
        return Ok(());
    }
    let message = format!("{host:?} is not served here: ask localhost or a loopback address");
    Err(Refusal(StatusCode::MISDIRECTED_REQUEST, message))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(name, _)| name),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "a.localhost:1",
            "127.0.0.1:8844",
            "127.9.9.9",
            "[::1]:8844",
            "localhost.",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "example.org",
            "127.0.0.1.example.org",
            "localhost.example.org",
            "10.0.0.1",
            "[::2]",
            "xlocalhost",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

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
