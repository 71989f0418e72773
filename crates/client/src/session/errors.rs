//! The errors of a session, with what is known where they arise.

use http::StatusCode;

use super::Session;
use super::judge::{is_event_stream, retry_after};
use super::wire::Head;
use crate::redact::redacted;
use crate::{Clock, Error, ErrorKind};

impl Session {
    pub(super) fn status_error(&self, head: &Head, what: &str) -> Error {
        Error::new(
            ErrorKind::Status,
            format!("{}{what}", redacted(&self.hop.url)),
        )
        .with_url(&self.hop.url)
        .with_attempt(self.attempt())
        .with_retry_after(retry_after(head))
        .with_response(head.status, head.headers.clone())
    }

    pub(super) fn content_type_error(&self, head: &Head) -> Error {
        let at = redacted(&self.hop.url);
        let sent = match head.headers.get(http::header::CONTENT_TYPE) {
            Some(value) => format!("{:?}", String::from_utf8_lossy(value.as_bytes())),
            None => "no content type".to_owned(),
        };
        let text = match &head.unreadable {
            Some(reason) if is_event_stream(&head.headers) => {
                format!("{at} is no event stream that can be read: {reason}")
            }
            _ => format!("{at} is no event stream: it answered {sent}, not text/event-stream"),
        };
        Error::new(ErrorKind::ContentType, text)
            .with_url(&self.hop.url)
            .with_attempt(self.attempt())
            .with_response(StatusCode::OK, head.headers.clone())
    }

    pub(super) fn deadline_error(&self) -> Error {
        let at = redacted(&self.hop.url);
        let policy = self.options.retry.as_ref();
        let deadline = policy
            .and_then(|policy| policy.deadline)
            .unwrap_or_default();
        let before = match &self.last_error {
            Some(error) => format!(", the first failure included; before that: {error}"),
            None => String::new(),
        };
        let text = format!("no answer from {at} within {deadline:?} (deadline of retry){before}");
        Error::new(ErrorKind::Timeout(Clock::Deadline), text).with_url(&self.hop.url)
    }

    pub(super) fn timeout_error(&self, clock: Clock) -> Error {
        let at = redacted(&self.hop.url);
        let text = match clock {
            Clock::Event => format!(
                "no event from {at} within {:?} (event_timeout), though the connection stands",
                self.options.event_timeout.unwrap_or_default()
            ),
            _ => format!(
                "not a byte from {at} within {:?} (idle_timeout)",
                self.options.idle_timeout.unwrap_or_default()
            ),
        };
        Error::new(ErrorKind::Timeout(clock), text).with_url(&self.hop.url)
    }
}
