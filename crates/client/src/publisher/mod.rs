//! Publishing to a hub that runs elsewhere.

mod options;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::error::{body_says, redacted};
use crate::options::parse_url;
use crate::session::{Head, retry_after};
use crate::{Backoff, Clock, Error, ErrorKind, IntoTopics, PublishMessage, RetryPolicy, transport};

pub use options::PublisherOptions;

/// How long a publish is tried where the policy has no deadline.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// How much of an answer is read; an id is far shorter.
const MAX_ANSWER: usize = 16 * 1024;

/// Publishes to a hub that runs elsewhere, over HTTP. Cheap to clone; clones share their connections.
///
/// ```no_run
/// use eventwire_client::{Publisher, PublisherOptions};
///
/// # async fn example() -> Result<(), eventwire_client::Error> {
/// let publisher = Publisher::new("http://127.0.0.1:8844", PublisherOptions::new())?;
/// let id = publisher.publish("orders", "one more").await?;
/// println!("published as {id}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    url: Url,
    client: reqwest::Client,
    headers: HeaderMap,
    retry: Option<RetryPolicy>,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Publisher {
    /// A publisher for the hub at `url`: the address of its events (`http://host:8844/events`), or of its root, in which
    /// case `/events` is meant. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`] and [`ErrorKind::InvalidOption`].
    pub fn new(url: impl AsRef<str>, options: PublisherOptions) -> Result<Publisher, Error> {
        let mut url = parse_url(url.as_ref())?;
        if url.path() == "/" {
            url.set_path("/events");
        }
        if let Some(error) = options.wrong {
            return Err(error);
        }
        let mut headers = options.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "eventwire/",
                env!("CARGO_PKG_VERSION")
            )));
        let client = transport::client(
            &options.transport,
            url.as_str(),
            options.connect_timeout,
            Some(options.timeout),
        )?;
        Ok(Publisher {
            shared: Arc::new(Shared {
                url,
                client,
                headers,
                retry: options.retry,
                connect_timeout: options.connect_timeout,
                timeout: options.timeout,
            }),
        })
    }

    /// Publishes one message under one or more topics, and gives the id that the hub gave it.
    ///
    /// Lost connections and answers of 408, 425, 429 and 5xx are tried again, with the same key, within the policy.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Publish`] where the hub refuses, with its reason; else what the last attempt failed of.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a message whose publish was cancelled may have been published.
    pub async fn publish(
        &self,
        topics: impl IntoTopics,
        message: impl Into<PublishMessage>,
    ) -> Result<String, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::new(
                ErrorKind::NoRuntime,
                "publish must be awaited within a Tokio runtime",
            ));
        }
        let body = encode(topics.into_topics(), message.into());
        let Some(policy) = &self.shared.retry else {
            return self
                .attempt(body)
                .await
                .map_err(|failed| failed.error.with_attempt(1));
        };
        let mut backoff = Backoff::new(policy, fastrand::u64(..));
        let give_up = Instant::now().checked_add(policy.deadline.unwrap_or(DEFAULT_DEADLINE));
        loop {
            let attempt = backoff.attempt().saturating_add(1);
            let failed = match self.attempt(body.clone()).await {
                Ok(id) => return Ok(id),
                Err(failed) => failed,
            };
            let error = failed.error.with_attempt(attempt);
            if !failed.retry
                || policy
                    .attempts
                    .is_some_and(|attempts| backoff.attempt() >= attempts)
            {
                return Err(error);
            }
            let delay = backoff
                .next_delay()
                .max(error.retry_after().unwrap_or_default());
            let Some(next) = Instant::now().checked_add(delay) else {
                return Err(error);
            };
            if give_up.is_some_and(|give_up| next > give_up) {
                return Err(error);
            }
            tracing::debug!(target: "eventwire::client", reason = %error, attempt, ?delay, "publishing again");
            tokio::time::sleep_until(next).await;
        }
    }

    /// The address that it publishes to, without user name and password.
    pub fn url(&self) -> String {
        redacted(&self.shared.url)
    }

    async fn attempt(&self, body: Bytes) -> Result<String, Failed> {
        let Shared {
            url,
            client,
            headers,
            ..
        } = &*self.shared;
        let request = client.post(url.clone()).headers(headers.clone()).body(body);
        let lost = |error| self.lost(error);
        let mut response = request.send().await.map_err(lost)?;
        let mut answer = Vec::new();
        while answer.len() < MAX_ANSWER
            && let Some(chunk) = response.chunk().await.map_err(lost)?
        {
            answer.extend_from_slice(&chunk);
        }
        if response.status() == StatusCode::OK
            && let Some(id) = id_of(&answer)
        {
            return Ok(id);
        }
        Err(self.refused(response.status(), response.headers(), answer))
    }

    fn lost(&self, error: reqwest::Error) -> Failed {
        let Shared {
            url,
            connect_timeout,
            timeout,
            ..
        } = &*self.shared;
        let error = if error.is_timeout() && !error.is_connect() {
            let text = format!(
                "no answer from {} within {timeout:?} (timeout)",
                redacted(url)
            );
            Error::new(ErrorKind::Timeout(Clock::Idle), text).with_url(url)
        } else {
            transport::failure(error).into_error(url, *connect_timeout)
        };
        Failed { error, retry: true }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, mut answer: Vec<u8>) -> Failed {
        let at = redacted(&self.shared.url);
        let says = body_says(&answer)
            .map(|line| format!(": {line}"))
            .unwrap_or_default();
        let text = match status.as_u16() {
            200 => format!("{at} answered without an id: is it a hub's address?"),
            300..=399 => {
                let to = headers
                    .get(LOCATION)
                    .map(|to| String::from_utf8_lossy(to.as_bytes()))
                    .unwrap_or_default();
                format!("{at} redirects to {to:?}: publish to that address instead")
            }
            401 | 403 => format!("{at} does not allow this ({status}){says}"),
            409 => format!("{at} has this key with another message ({status}){says}"),
            421 => format!("{at} does not serve that host name ({status}){says}"),
            _ => format!("{at} answered {status}{says}"),
        };
        answer.truncate(1024);
        let kind = if status == StatusCode::OK {
            ErrorKind::Publish
        } else {
            ErrorKind::Status
        };
        let head = Head::new(status, headers.clone());
        let error = Error::new(kind, text)
            .with_url(&self.shared.url)
            .with_retry_after(retry_after(&head))
            .with_response(status, head.headers)
            .with_body(answer.into());
        Failed {
            error,
            retry: matches!(status.as_u16(), 408 | 425 | 429 | 500..=599),
        }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

struct Failed {
    error: Error,
    retry: bool,
}

fn encode(topics: Vec<String>, message: PublishMessage) -> Bytes {
    let key = message
        .key
        .unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
    let mut fields = serde_json::json!({ "topic": topics, "data": message.data, "key": key });
    if let Some(event) = message.event {
        fields["event"] = event.into();
    }
    fields.to_string().into()
}

fn id_of(answer: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    answer.get("id")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_publish_has_a_key_of_its_own_unless_one_is_given() {
        let key = |message: PublishMessage| {
            let fields: serde_json::Value =
                serde_json::from_slice(&encode(vec!["a".into()], message)).unwrap();
            fields["key"].as_str().unwrap().to_owned()
        };
        assert_eq!(key(PublishMessage::new("x").key("mine")), "mine");
        let (one, two) = (key("x".into()), key("x".into()));
        assert_ne!(one, two);
        assert_eq!(one.len(), 32);
    }

    #[test]
    fn the_root_means_the_events() {
        let url = |text| Publisher::new(text, PublisherOptions::new()).unwrap().url();
        assert_eq!(url("http://127.0.0.1:8844"), "http://127.0.0.1:8844/events");
        assert_eq!(
            url("http://u:p@127.0.0.1:8844/"),
            "http://127.0.0.1:8844/events"
        );
        assert_eq!(
            url("http://127.0.0.1:8844/live"),
            "http://127.0.0.1:8844/live"
        );
    }
}
