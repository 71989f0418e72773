//! What happens after a connection is lost: again, or the end.

use std::time::Duration;

use super::phase::Phase;
use super::{Queued, Session};
use crate::{CloseReason, Closed, Error, ErrorKind, Profile, Reconnecting, StreamItem};

impl Session {
    /// The number of the current attempt in its streak, from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.backoff.attempt().saturating_add(1)
    }

    /// A connection ended or was not made, by something that another attempt may mend. `sent`: the server may have seen
    /// the request.
    pub(super) fn lost(&mut self, now: Duration, error: Error, sent: bool) {
        self.end_streak_if_stable(now, error.kind());
        let error = error.with_attempt(self.attempt());
        let policy = match &self.options.retry {
            Some(policy) if policy.resend_body || self.body().is_none() || !sent => policy,
            // A clean end is what such a request waits for: an answer that was generated, for one.
            _ if error.kind() == ErrorKind::Ended && self.options.profile == Profile::Connect => {
                return self.finish(CloseReason::Ended, None);
            }
            _ => return self.finish(CloseReason::Failed, Some(error)),
        };
        let since = *self.failing_since.get_or_insert(now);
        let attempts_left = policy
            .attempts
            .is_none_or(|attempts| self.backoff.attempt() < attempts);
        let delay = match self.options.profile {
            Profile::Connect => self.backoff.next_delay(),
            Profile::EventSource => self.backoff.next_standard_delay(),
        };
        let delay = delay.max(error.retry_after().unwrap_or_default());
        let until = now.saturating_add(delay);
        let in_time = policy
            .deadline
            .is_none_or(|deadline| until <= since.saturating_add(deadline));
        if !attempts_left || !in_time {
            return self.finish(CloseReason::GaveUp, Some(error));
        }
        let attempt = self.backoff.attempt();
        tracing::debug!(target: "eventwire::client", reason = %error, attempt, ?delay, "reconnecting");
        self.last_error = Some(error.clone());
        self.phase = Phase::Waiting { until };
        self.push(StreamItem::Reconnecting(Reconnecting {
            reason: error,
            attempt,
            delay,
        }));
    }

    /// Drops the connection and makes the next request due at once, after the last event ID. Whoever asks for that is obeyed
    /// whatever the [`RetryPolicy`](crate::RetryPolicy) says: also without one, in the middle of a wait, and where the request
    /// has a body, which is sent again. It is no failure: no item tells of it but the next [`StreamItem::Opened`], and no
    /// attempt is counted. What has arrived is still given out. Before the first request, and once the session is over, it
    /// does nothing.
    pub fn restart(&mut self, now: Duration) {
        // Not decoded ahead of whoever takes it: that can be much more than its bytes.
        if let Phase::Open(open) = &mut self.phase
            && !self.undecoded.is_empty()
        {
            open.leaving.get_or_insert(now);
            return;
        }
        self.leave(now);
    }

    /// The restart that waited until what had arrived was decoded, if there is one.
    pub(super) fn leave_if_asked(&mut self) {
        if let Phase::Open(open) = &self.phase
            && let Some(asked) = open.leaving
        {
            self.leave(asked);
        }
    }

    fn leave(&mut self, now: Duration) {
        // An attempt that is being prepared is about to be made.
        if matches!(
            self.phase,
            Phase::Start | Phase::Done | Phase::Preparing { .. } | Phase::Prepared
        ) {
            return;
        }
        tracing::debug!(target: "eventwire::client", "restarting");
        self.end_streak_if_stable(now, ErrorKind::Ended);
        self.last_error = None;
        self.phase = Phase::Waiting { until: now };
    }

    /// Makes the waits of a session that has not begun those that `seed` gives.
    #[cfg(feature = "testing")]
    pub(crate) fn reseed(&mut self, seed: u64) {
        let default = crate::RetryPolicy::default();
        let policy = self.options.retry.as_ref().unwrap_or(&default);
        self.backoff = crate::Backoff::new(policy, seed);
    }

    /// Ends the session.
    pub(super) fn finish(&mut self, reason: CloseReason, error: Option<Error>) {
        tracing::debug!(target: "eventwire::client", reason = reason.name(), error = error.as_ref().map(tracing::field::display), "closed");
        self.phase = Phase::Done;
        self.push(StreamItem::Closed(Closed {
            reason,
            error: error.clone(),
        }));
        self.queue.extend(error.map(Queued::Error));
    }

    fn push(&mut self, item: StreamItem) {
        self.queue.push_back(Queued::Item(item));
    }

    fn end_streak_if_stable(&mut self, now: Duration, kind: ErrorKind) {
        let Phase::Open(open) = &self.phase else {
            return;
        };
        let stable_after = match (&self.options.retry, self.options.profile) {
            // The standard waits its reconnection time, no longer, after an end that was none of a failure.
            (_, Profile::EventSource) if kind == ErrorKind::Ended => Duration::ZERO,
            (Some(policy), _) => policy.stable_after,
            (None, _) => return,
        };
        if open.delivered && now.saturating_sub(open.since) >= stable_after {
            self.backoff.reset();
            self.failing_since = None;
        }
    }
}
