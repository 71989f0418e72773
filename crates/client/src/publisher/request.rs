//! One request, and what its answer means.

use std::future::poll_fn;
use std::time::Duration;

use http::header::LOCATION;
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use super::unit::Unit;
use crate::error::body_says;
use crate::redact::{redacted, redacted_text};
use crate::session::{Failure, Head, retry_after};
use crate::transport::{self, Body, BrokenBody};
use crate::{Clock, Error, ErrorKind, Outcome};

/// How much of an answer is read: a thousand ids, or what is wrong with a thousand events, are less.
const MAX_ANSWER: usize = 1 << 20;

/// Where to send, and how.
pub(super) struct Requester {
    pub(super) url: Url,
    pub(super) client: transport::Client,
    pub(super) headers: HeaderMap,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
}

/// Why an attempt has failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Whether trying again may help.
    pub(super) retry: bool,
    /// Whether it may have stored what was sent.
    pub(super) unknown: bool,
    /// The events that the hub refused, where it names them: then none was stored, or those that were have their keys.
    pub(super) refused: Vec<Refused>,
}

/// What the hub says of one event of a request.
pub(super) struct Refused {
    pub(super) index: usize,
    status: StatusCode,
    says: String,
}

impl Refused {
    pub(super) fn retry(&self) -> bool {
        is_transient(self.status)
    }
}

impl Failed {
    /// Whether less may be taken.
    pub(super) fn is_too_large(&self) -> bool {
        self.error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE.as_u16())
    }

    /// Whether what else was in the request may be taken: it was refused, and not for its address or for who asks.
    pub(super) fn may_be_of_one(&self) -> bool {
        let of_all = [401, 404, 405, 407, 410, 421];
        let status = self.error.status();
        status.is_some_and(|status| (400..500).contains(&status) && !of_all.contains(&status))
    }
}

impl Requester {
    /// Sends the body of some units in one request; the ids of all of their `count` events, in order.
    pub(super) async fn attempt(&self, body: String, count: usize) -> Result<Vec<String>, Failed> {
        let reaching = self.client.reaching(&self.url);
        let (client, by) = reaching.map_err(|failure| Failed {
            error: failure.into_error(&self.url, self.connect_timeout),
            retry: false,
            unknown: false,
            refused: Vec::new(),
        })?;
        let request = client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .timeout(self.timeout)
            .body(body);
        let lost = |error| self.lost(error, by.clone());
        let response = request.send().await.map_err(lost)?;
        let (mut head, body) = http::Response::<reqwest::Body>::from(response).into_parts();
        let (mut body, unreadable) = Body::new(body, &mut head.headers);
        let mut answer = Vec::new();
        while answer.len() < MAX_ANSWER
            && let Some(chunk) = poll_fn(|cx| body.poll_chunk(cx)).await
        {
            answer.extend_from_slice(&chunk.map_err(|broken| self.broken(broken, by.clone()))?);
        }
        let fields: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if head.status == StatusCode::OK
            && let Some(ids) = ids_of(&fields, count)
        {
            return Ok(ids);
        }
        Err(self.refused(head, unreadable, answer, &fields, count))
    }

    fn broken(&self, broken: BrokenBody, by: Option<String>) -> Failed {
        let wrong = match broken {
            BrokenBody::Lost(error) => return self.lost(error, by),
            BrokenBody::Wrong(wrong) => wrong,
        };
        let failure = Failure::disconnected("").with_source(wrong);
        Failed {
            error: failure.into_error(&self.url, self.connect_timeout),
            retry: true,
            unknown: true,
            refused: Vec::new(),
        }
    }

    /// The time of a unit has come, which is so long after its call.
    pub(super) fn late(&self, unit: &Unit, patience: Duration) -> Error {
        let at = redacted(&self.url);
        let text = if unit.under_way {
            format!("no answer from {at} by the deadline, {patience:?} after the call (timeout)")
        } else {
            format!(
                "still waited to be sent to {at} at the deadline, {patience:?} after the call (timeout)"
            )
        };
        Error::new(ErrorKind::Timeout(Clock::Idle), text).with_url(&self.url)
    }

    fn lost(&self, error: reqwest::Error, by: Option<String>) -> Failed {
        let (url, timeout) = (&self.url, self.timeout);
        let error = if error.is_timeout() && !error.is_connect() {
            let at = redacted(url);
            let text = format!("no answer from {at} within {timeout:?} (timeout)");
            Error::new(ErrorKind::Timeout(Clock::Idle), text).with_url(url)
        } else {
            let failure = transport::failure(error).by(by);
            failure.into_error(url, self.connect_timeout)
        };
        Failed {
            unknown: !matches!(
                error.kind(),
                ErrorKind::Connect | ErrorKind::Timeout(Clock::Connect)
            ),
            error,
            retry: true,
            refused: Vec::new(),
        }
    }

    fn refused(
        &self,
        head: Parts,
        unreadable: Option<String>,
        mut answer: Vec<u8>,
        fields: &Value,
        count: usize,
    ) -> Failed {
        let status = head.status;
        let says = match status {
            StatusCode::OK => unreadable,
            _ => body_says(&answer).or(unreadable),
        };
        let text = self.says(status, &head.headers, says.as_deref());
        answer.truncate(1024);
        let kind = if status == StatusCode::OK {
            ErrorKind::Publish
        } else {
            ErrorKind::Status
        };
        let head = Head::new(status, head.headers);
        let error = Error::new(kind, text)
            .with_url(&self.url)
            .with_retry_after(retry_after(&head))
            .with_response(status, head.headers)
            .with_body(answer.into());
        let refused = refused_of(fields, count);
        let unknown = match fields.get("outcome").and_then(Value::as_str) {
            // None was stored, or it says which ones were.
            _ if !refused.is_empty() => fields.get("stored").is_some(),
            Some(outcome) => outcome != Outcome::NotStored.name(),
            // Whoever answers for a hub that it does not reach cannot know.
            None => status == StatusCode::OK || status.is_server_error(),
        };
        Failed {
            error,
            retry: is_transient(status),
            unknown,
            refused,
        }
    }

    /// What a refusal of one event is for its own caller: `index` is its place in a call for many.
    pub(super) fn refusal(&self, whole: &Error, refused: &Refused, index: Option<usize>) -> Error {
        let says = match index {
            Some(index) => format!("the event at index {index}: {}", refused.says),
            None => refused.says.clone(),
        };
        let text = self.says(refused.status, whole.headers(), Some(&says));
        let error = Error::new(ErrorKind::Status, text)
            .with_url(&self.url)
            .with_retry_after(whole.retry_after())
            .with_response(refused.status, whole.headers().clone())
            .with_body(whole.body().clone());
        match index {
            Some(index) => error.with_index(index),
            None => error,
        }
    }

    fn says(&self, status: StatusCode, headers: &HeaderMap, says: Option<&str>) -> String {
        let at = redacted(&self.url);
        let says = says.map(|line| format!(": {line}")).unwrap_or_default();
        match status.as_u16() {
            200 => format!("{at} answered without the ids of a hub: is it a hub's address?{says}"),
            300..=399 => {
                let to = headers
                    .get(LOCATION)
                    .map(|to| redacted_text(&String::from_utf8_lossy(to.as_bytes())))
                    .unwrap_or_default();
                format!("{at} redirects to {to:?}: publish to that address instead")
            }
            401 | 403 => format!("{at} does not allow this ({status}){says}"),
            409 => format!("{at} has this key with another message ({status}){says}"),
            421 => format!("{at} does not serve that host name ({status}){says}"),
            _ => format!("{at} answered {status}{says}"),
        }
    }
}

fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500..=599)
}

/// The ids of `count` events.
fn ids_of(fields: &Value, count: usize) -> Option<Vec<String>> {
    if let Some(id) = fields.get("id").and_then(Value::as_str) {
        return (count == 1).then(|| vec![id.to_owned()]);
    }
    let ids = fields.get("ids")?.as_array()?;
    let ids: Option<Vec<String>> = ids.iter().map(|id| Some(id.as_str()?.to_owned())).collect();
    ids.filter(|ids| ids.len() == count)
}

/// Which of `count` events an answer refuses; none where it does not say so.
fn refused_of(fields: &Value, count: usize) -> Vec<Refused> {
    let errors = fields.get("errors").and_then(Value::as_array);
    let refused = errors.into_iter().flatten().filter_map(|error| {
        let index = usize::try_from(error.get("index")?.as_u64()?).ok()?;
        let status = u16::try_from(error.get("status")?.as_u64()?).ok()?;
        Some(Refused {
            index,
            status: StatusCode::from_u16(status).ok()?,
            says: error.get("error")?.as_str()?.to_owned(),
        })
    });
    refused.filter(|refused| refused.index < count).collect()
}
