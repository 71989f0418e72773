//! The clocks: how long no byte and no event may come, and when there is something to do.

use std::time::Duration;

use super::Session;
use super::phase::Phase;
use crate::{Clock, CloseReason};

impl Session {
    /// Lets the clocks see the time.
    pub fn tick(&mut self, now: Duration) {
        match &self.phase {
            Phase::Sent { last_byte }
                if self.is_due(*last_byte, self.options.idle_timeout, now) =>
            {
                self.lost(now, self.timeout_error(Clock::Idle), true);
            }
            Phase::Sent { .. } if self.deadline().is_some_and(|deadline| now >= deadline) => {
                let error = self.deadline_error().with_attempt(self.attempt());
                self.finish(CloseReason::GaveUp, Some(error));
            }
            Phase::Open(open) if open.leaving.is_none() => {
                let (last_byte, last_event) = (open.last_byte, open.last_event);
                if self.is_due(last_byte, self.options.idle_timeout, now) {
                    self.lost(now, self.timeout_error(Clock::Idle), true);
                } else if self.is_due(last_event, self.options.event_timeout, now) {
                    self.lost(now, self.timeout_error(Clock::Event), true);
                }
            }
            Phase::Refused(refused) if now >= refused.until => self.refused(now),
            Phase::Preparing { until } if now >= *until => self.preparing_took_too_long(now),
            _ => {}
        }
    }

    /// When [`tick`](Self::tick), [`next_attempt`](Self::next_attempt) or [`next_request`](Self::next_request) has something to do
    /// at the latest, if nothing comes before.
    pub fn wake_at(&self) -> Option<Duration> {
        let (idle, event) = (self.options.idle_timeout, self.options.event_timeout);
        let after = |since: Duration, clock: Option<Duration>| {
            clock.map(|clock| since.saturating_add(clock))
        };
        match &self.phase {
            Phase::Start | Phase::Redirected | Phase::Prepared => Some(Duration::ZERO),
            Phase::Sent { last_byte } => {
                let idle = after(*last_byte, idle);
                idle.into_iter().chain(self.deadline()).min()
            }
            Phase::Open(open) if open.leaving.is_some() => None,
            Phase::Open(open) => {
                let (idle, event) = (after(open.last_byte, idle), after(open.last_event, event));
                idle.into_iter().chain(event).min()
            }
            Phase::Refused(refused) => Some(refused.until),
            Phase::Waiting { until } | Phase::Preparing { until } => Some(*until),
            Phase::Done => None,
        }
    }

    /// Stops the idle and the event clock for a time in which nobody read: a consumer that took long over an item is no
    /// reason to think the server dead.
    pub fn skip(&mut self, pause: Duration) {
        // An attempt that had to wait until somebody read has not taken that long.
        if !matches!(self.phase, Phase::Open(_)) {
            self.attempt_began += pause;
            if let Some(since) = &mut self.failing_since {
                *since += pause;
            }
        }
        match &mut self.phase {
            Phase::Sent { last_byte } => *last_byte += pause,
            Phase::Open(open) => {
                open.last_byte += pause;
                open.last_event += pause;
            }
            _ => {}
        }
    }

    /// Whether [`skip`](Self::skip) has anything to stop.
    pub(crate) fn has_clocks(&self) -> bool {
        let retry = self.options.retry.as_ref();
        self.options.idle_timeout.is_some()
            || self.options.event_timeout.is_some()
            || retry.is_some_and(|policy| policy.deadline.is_some())
    }

    /// Until when the answer's head must have come: counted from the first failure in a row, or, where there was none, from
    /// the attempt on.
    fn deadline(&self) -> Option<Duration> {
        let deadline = self.options.retry.as_ref()?.deadline?;
        let since = self.failing_since.unwrap_or(self.attempt_began);
        Some(since.saturating_add(deadline))
    }

    fn is_due(&self, since: Duration, clock: Option<Duration>, now: Duration) -> bool {
        clock.is_some_and(|clock| now >= since.saturating_add(clock))
    }
}
