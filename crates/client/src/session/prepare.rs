//! The attempt before its request: what is asked of the application, and what it answers.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::Session;
use super::hop::Hop;
use super::phase::Phase;
use crate::error::explain;
use crate::headers::mark_secrets;
use crate::options::parse_url;
use crate::prepare::{AnyError, Attempt};
use crate::redact::redacted;
use crate::{Error, ErrorKind};

/// How long the application may take to prepare an attempt.
const PREPARE_LIMIT: Duration = Duration::from_secs(30);

/// What the attempt has of its own, where it was prepared.
pub(super) struct Prepared {
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish()
    }
}

impl Session {
    /// Makes it ask before every attempt, by [`next_attempt`](Self::next_attempt); options with
    /// [`prepare`](crate::ConnectOptions::prepare) do so from the beginning. It is for those who drive a session and have no
    /// function to give. Default: not.
    pub fn set_preparing(&mut self, prepares: bool) {
        self.prepares = prepares;
    }

    /// The attempt that is due, where attempts are to be prepared; it is asked once for each. Change it, and give it back by
    /// [`prepared`](Self::prepared) within 30 s, or the attempt has failed; then [`next_request`](Self::next_request) gives
    /// its request. Redirects are of the same attempt.
    pub fn next_attempt(&mut self, now: Duration) -> Option<Attempt> {
        if !self.prepares || !self.is_due_to_connect(now) {
            return None;
        }
        self.phase = Phase::Preparing {
            until: now.saturating_add(PREPARE_LIMIT),
        };
        self.prepared = None;
        Some(Attempt {
            url: self.url.as_str().to_owned(),
            headers: self.options.headers.clone(),
            body: self.options.body.clone(),
            attempt: self.attempt(),
            last_event_id: self.last_event_id.clone(),
            error: self.last_error.clone(),
        })
    }

    /// The application has the attempt only now: the 30 s begin anew.
    pub fn asked(&mut self, now: Duration) {
        if let Phase::Preparing { until } = &mut self.phase {
            *until = now.saturating_add(PREPARE_LIMIT);
        }
    }

    /// Whether an attempt is being prepared: otherwise nobody waits for the answer any more.
    pub fn is_preparing(&self) -> bool {
        matches!(self.phase, Phase::Preparing { .. })
    }

    /// The answer to [`next_attempt`](Self::next_attempt). An error, and a URL that cannot be asked, is an attempt that failed,
    /// and is tried again as the policy says. An answer that nobody waits for is passed over.
    pub fn prepared(&mut self, now: Duration, answer: Result<Attempt, AnyError>) {
        if !self.is_preparing() {
            return;
        }
        let prepared = answer.and_then(|attempt| {
            let url = parse_url(&attempt.url)?;
            Ok((url, attempt))
        });
        match prepared {
            Ok((url, attempt)) => {
                let Attempt {
                    mut headers, body, ..
                } = attempt;
                mark_secrets(&mut headers);
                self.hop = Hop::first(&self.options, &url, body.is_some());
                self.prepared = Some(Prepared { headers, body });
                self.phase = Phase::Prepared;
            }
            Err(error) => {
                let text = format!(
                    "prepare failed, so nothing was sent to {}: {}",
                    redacted(&self.url),
                    explain(error.as_ref())
                );
                let error = self.prepare_error(text).with_source(error.into());
                self.lost(now, error, false);
            }
        }
    }

    pub(super) fn preparing_took_too_long(&mut self, now: Duration) {
        let text = format!(
            "prepare gave no answer within {PREPARE_LIMIT:?}, so nothing was sent to {}",
            redacted(&self.url)
        );
        let error = self.prepare_error(text);
        self.lost(now, error, false);
    }

    fn prepare_error(&self, text: String) -> Error {
        Error::new(ErrorKind::Prepare, text).with_url(&self.url)
    }

    /// The headers of the current attempt.
    pub(super) fn headers(&self) -> &HeaderMap {
        match &self.prepared {
            Some(prepared) => &prepared.headers,
            None => &self.options.headers,
        }
    }

    /// The body of the current attempt.
    pub(super) fn body(&self) -> Option<&Bytes> {
        match &self.prepared {
            Some(prepared) => prepared.body.as_ref(),
            None => self.options.body.as_ref(),
        }
    }
}
