//! The clocks: how long no byte and no event may come, and when there is something to do.

use std::time::Duration;

use super::Session;
use super::phase::Phase;
use crate::Clock;

impl Session {
    /// Lets the clocks see the time.
    pub fn tick(&mut self, now: Duration) {
        match &self.phase {
            Phase::Sent { last_byte }
                if self.is_due(*last_byte, self.options.idle_timeout, now) =>
            {
                self.lost(now, self.timeout_error(Clock::Idle), true);
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
            Phase::Sent { last_byte } => after(*last_byte, idle),
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
        self.options.idle_timeout.is_some() || self.options.event_timeout.is_some()
    }

    fn is_due(&self, since: Duration, clock: Option<Duration>, now: Duration) -> bool {
        clock.is_some_and(|clock| now >= since.saturating_add(clock))
    }
}
