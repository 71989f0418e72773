//! What comes back: the answer's head, its bytes, and its end.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::judge::{Verdict, advice, judge};
use super::phase::{Open, Phase, Refused};
use super::{Failure, Head, Queued, Session};
use crate::redact::redacted;
use crate::{CloseReason, Error, ErrorKind, Opened, StreamItem};

impl Session {
    /// The answer's head came.
    pub fn response(&mut self, now: Duration, head: Head) {
        if !matches!(self.phase, Phase::Sent { .. }) {
            return;
        }
        if let Some(url) = head.url.as_deref().and_then(|url| Url::parse(url).ok()) {
            self.hop.url = url;
        }
        match judge(&head, self.options.profile) {
            Verdict::Stream => self.opened(now, head),
            Verdict::NoContent => self.finish(CloseReason::NoContent, None),
            Verdict::Redirect if !self.options.follow_redirects => {
                let text = format!(
                    " answered {}, and redirects are not followed (follow_redirects)",
                    head.status
                );
                let error = self.status_error(&head, &text);
                self.finish(CloseReason::Failed, Some(error));
            }
            Verdict::Redirect => match self.hop.redirected(&head) {
                Ok(hop) => {
                    self.hop = hop;
                    self.phase = Phase::Redirected;
                }
                Err(what) => {
                    let error = self.status_error(&head, &format!(" {what}"));
                    self.finish(CloseReason::Failed, Some(error));
                }
            },
            Verdict::NotAStream => {
                let error = self.content_type_error(&head);
                self.finish(CloseReason::Failed, Some(error));
            }
            Verdict::Refused { retry } => {
                let text = format!(" answered {}{}", head.status, advice(head.status));
                let error = self.status_error(&head, &text);
                self.phase = Phase::Refused(Refused::new(error, retry, now));
            }
        }
    }

    /// Bytes of the answer's body came.
    pub fn feed(&mut self, now: Duration, chunk: impl Into<Bytes>) {
        if !self.reading() {
            return;
        }
        let chunk = chunk.into();
        // What is left of the chunk before, where the transport did not wait until it was taken.
        self.decode_all();
        match &mut self.phase {
            Phase::Open(open) if !chunk.is_empty() => {
                open.last_byte = now;
                self.counts.bytes += chunk.len() as u64;
                self.counts.last_byte = Some(now);
                self.undecoded = chunk;
                self.undecoded_at = now;
            }
            Phase::Refused(refused) => {
                let full = refused.collect(&chunk);
                if full {
                    self.refused(now);
                }
            }
            _ => {}
        }
    }

    /// The body came to its end.
    pub fn ended(&mut self, now: Duration) {
        if !self.reading() {
            return;
        }
        self.decode_all();
        match &self.phase {
            Phase::Open(_) => {
                let text = format!("{} ended the stream", redacted(&self.hop.url));
                let error = Error::new(ErrorKind::Ended, text).with_url(&self.hop.url);
                self.lost(now, error, true);
            }
            Phase::Refused(_) => self.refused(now),
            _ => {}
        }
    }

    /// The connection was not made, or broke.
    pub fn failed(&mut self, now: Duration, failure: Failure) {
        if !self.reading() {
            return;
        }
        self.decode_all();
        match &self.phase {
            Phase::Sent { .. } | Phase::Open(_) => {
                let (sent, fatal) = (failure.sent(), failure.fatal);
                let error = failure.into_error(&self.hop.url, self.options.connect_timeout);
                if fatal {
                    let error = error.with_attempt(self.attempt());
                    return self.finish(CloseReason::Failed, Some(error));
                }
                self.lost(now, error, sent);
            }
            // The status is known, and says more than why its explanation did not arrive.
            Phase::Refused(_) => self.refused(now),
            _ => {}
        }
    }

    fn opened(&mut self, now: Duration, head: Head) {
        tracing::debug!(target: "eventwire::client", url = %redacted(&self.hop.url), last_event_id = %self.last_event_id, "open");
        self.phase = Phase::Open(Open::new(now));
        self.queue
            .push_back(Queued::Item(StreamItem::Opened(Opened {
                status: head.status.as_u16(),
                headers: head.headers,
                url: redacted(&self.hop.url),
            })));
    }

    /// The body of an error answer is as complete as it gets.
    pub(super) fn refused(&mut self, now: Duration) {
        let Phase::Refused(refused) = mem::replace(&mut self.phase, Phase::Done) else {
            return;
        };
        let retry = refused.retry;
        let error = refused.into_error();
        if retry {
            self.lost(now, error, true);
        } else {
            self.finish(CloseReason::Failed, Some(error));
        }
    }
}
