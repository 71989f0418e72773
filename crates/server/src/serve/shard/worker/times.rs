//! What is due for subscribers: heartbeats, and the ends of those who take nothing, may read no longer, or are passed.

use std::time::Duration;

use super::super::subscriber::Subscriber;
use super::super::wheel::{NEVER, Tick, in_ticks};
use super::Worker;
use crate::options::Slow;
use crate::stats::End;

/// How often it looks whether the log's tail has passed those who are blocked.
pub(super) const CHECK: Duration = Duration::from_secs(1);

impl Worker {
    /// Brings up those for whom something is due.
    pub(super) fn look_at_times(&mut self) {
        let now = self.now;
        let mut up = Vec::new();
        self.wheel.turn(now, |key, tick| up.push((key, tick)));
        for (key, tick) in up {
            let subscriber = self.subscribers.get(key as usize);
            // Others are entered again, or gone.
            if subscriber.is_some_and(|subscriber| subscriber.look == tick) {
                self.look(key, now);
            }
        }
        if now >= self.check {
            self.check_blocked(now);
        }
    }

    /// What is due for a subscriber.
    fn look(&mut self, key: u32, now: Tick) {
        let subscriber = &mut self.subscribers[key as usize];
        if subscriber.expires <= now {
            return self.end(key, End::Expired);
        }
        if subscriber.stalled_until(self.write_timeout) <= now {
            return self.end(key, End::Stalled);
        }
        if subscriber.quiet_until(self.heartbeat) <= now {
            subscriber.beat = true;
            self.line_up(key);
        }
        self.schedule(key, now);
    }

    /// Has it come up when something is due for it.
    pub(super) fn schedule(&mut self, key: u32, now: Tick) {
        let subscriber = &mut self.subscribers[key as usize];
        let beat = match subscriber.beat {
            // It is about to be sent.
            true => now.saturating_add(self.heartbeat),
            false => subscriber.quiet_until(self.heartbeat),
        };
        let stalled = subscriber.stalled_until(self.write_timeout);
        let due = subscriber.expires.min(stalled).min(beat);
        let comes_up = subscriber.look > now && subscriber.look <= due;
        if due != NEVER && !comes_up {
            subscriber.look = self.wheel.enter(key, due);
        }
    }

    /// Ends those whom the log's tail has passed: they do not read, and so do not notice by themselves.
    fn check_blocked(&mut self, now: Tick) {
        let subscribers = &mut self.subscribers;
        self.blocked.retain(|&key| {
            let subscriber = subscribers.get_mut(key as usize);
            subscriber.is_some_and(|subscriber| {
                subscriber.listed = subscriber.blocked;
                subscriber.blocked
            })
        });
        let mut slow = Vec::new();
        if self.hub.slow_by_shard() == Slow::Disconnect && !self.blocked.is_empty() {
            let mut state = self.hub.lock();
            state.log.expire(tokio::time::Instant::now());
            slow.extend(self.blocked.iter().copied().filter(|&key| {
                let subscriber = &subscribers[key as usize];
                state.log.lost(&subscriber.filter, subscriber.position())
            }));
        }
        for key in slow {
            self.end(key, End::Slow);
        }
        let behind = self
            .blocked
            .iter()
            .filter_map(|&key| self.subscribers.get(key as usize));
        self.inbox
            .set_slowest(behind.map(Subscriber::position).min());
        self.check = match self.blocked.is_empty() {
            true => NEVER,
            false => now.saturating_add(in_ticks(CHECK)),
        };
    }
}
