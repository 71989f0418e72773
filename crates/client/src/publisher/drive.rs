//! The task that sends: one request at a time, and in the next one all that has come meanwhile.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::Shared;
use super::request::{Failed, Refused};
use super::unit::{Unit, body};
use crate::{Backoff, RetryPolicy};

/// Sends until nobody waits.
pub(super) fn drive(shared: Arc<Shared>) -> impl Future<Output = ()> {
    // Made here, since the runtime may end the task before it has begun.
    run(Driver {
        shared,
        done: false,
    })
}

async fn run(mut driver: Driver) {
    let shared = driver.shared.clone();
    loop {
        let (answered, units) = {
            let mut queue = shared.queue();
            let answered = queue.first();
            let units = queue.load(shared.batch_bytes());
            if units.is_empty() {
                queue.park();
                driver.done = true;
            }
            (answered, units)
        };
        shared.tell_answered(answered);
        if units.is_empty() {
            return;
        }
        Delivery::new(&shared, units).run().await;
    }
}

/// Some units, until each has its answer.
struct Delivery<'a> {
    shared: &'a Shared,
    units: Vec<Unit>,
    /// How many calls share a request at most, for now: fewer where one was refused that nobody has told whose fault that was.
    most: usize,
    backoff: Backoff,
}

impl<'a> Delivery<'a> {
    fn new(shared: &'a Shared, units: Vec<Unit>) -> Self {
        let default = RetryPolicy::default();
        let policy = shared.retry.as_ref().unwrap_or(&default);
        Delivery {
            shared,
            units,
            most: usize::MAX,
            backoff: Backoff::new(policy, fastrand::u64(..)),
        }
    }

    async fn run(mut self) {
        while self.expire() {
            let count = self.fitting();
            let Some(answer) = self.attempt(count).await else {
                continue;
            };
            let units = &mut self.units[..count];
            match answer {
                Ok(ids) => {
                    let mut ids = ids.into_iter();
                    for unit in self.units.drain(..count) {
                        unit.stored(&mut ids);
                    }
                    self.most = self.most.saturating_mul(2);
                    self.backoff.reset();
                }
                Err(failed) => {
                    for unit in units {
                        unit.under_way = false;
                        unit.unknown |= failed.unknown;
                    }
                    self.failed(count, failed).await;
                }
            }
        }
    }

    /// Answers those whose time has come, and leaves what somebody may wait for; whether that is any.
    fn expire(&mut self) -> bool {
        let shared = self.shared;
        self.units.iter_mut().for_each(|unit| shared.expire(unit));
        self.units.retain(Unit::is_open);
        !self.units.is_empty()
    }

    /// Sends the first `count` of the units. Those whose time comes meanwhile are answered, and the request goes on for the others;
    /// nothing where there is no other.
    async fn attempt(&mut self, count: usize) -> Option<Result<Vec<String>, Failed>> {
        let (shared, units) = (self.shared, &mut self.units[..count]);
        units.iter_mut().for_each(|unit| unit.under_way = true);
        let events = units.iter().map(|unit| unit.count).sum();
        let mut attempt = pin!(shared.requester.attempt(body(units), events));
        while units.iter().any(Unit::is_open) {
            let open = units.iter().filter(|unit| unit.is_open());
            let next = open.filter_map(|unit| unit.deadline).min();
            let time_has_come = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                answer = &mut attempt => return Some(answer),
                () = time_has_come => units.iter_mut().for_each(|unit| shared.expire(unit)),
            }
        }
        None
    }

    /// How many of the units go in the next request.
    fn fitting(&self) -> usize {
        let (max, mut bytes) = (self.shared.batch_bytes(), 0);
        let fit = self.units.iter().take_while(|unit| {
            bytes += unit.size();
            bytes <= max
        });
        // What does not fit alone is for the hub to refuse.
        fit.count().clamp(1, self.most)
    }

    /// The request with the first `count` of the units has failed.
    async fn failed(&mut self, count: usize, failed: Failed) {
        if !failed.refused.is_empty() {
            return self.refused(count, failed).await;
        }
        if failed.is_too_large() && count > 1 {
            let size: usize = self.units[..count].iter().map(Unit::size).sum();
            self.shared.limit_batches(size / 2);
            self.most = count.div_ceil(2);
            return;
        }
        if failed.retry {
            self.wait(count, failed).await;
        } else if failed.may_be_of_one() && count > 1 {
            // Alone, each has an answer of its own. As long as they are taken, twice as many go next: so a call that is refused
            // costs the others few requests, and never more than two for each.
            self.most = 1;
        } else {
            for mut unit in self.units.drain(..count) {
                unit.failures = unit.failures.saturating_add(1);
                unit.failed(failed.error.clone());
            }
        }
    }

    /// The hub has named what it does not take: the others can go without that.
    async fn refused(&mut self, count: usize, failed: Failed) {
        let mut refused: Vec<Option<&Refused>> = vec![None; count];
        let mut indexes = vec![0; count];
        let mut first_event = 0;
        for (at, unit) in self.units[..count].iter().enumerate() {
            let own = first_event..first_event + unit.count;
            let of_unit = || failed.refused.iter().filter(|r| own.contains(&r.index));
            // What is refused for good decides: the unit goes whole or not at all.
            if let Some(one) = of_unit().find(|r| !r.retry()).or_else(|| of_unit().next()) {
                indexes[at] = one.index - first_event;
                refused[at] = Some(one);
            }
            first_event = own.end;
        }
        let for_good = |at: usize| refused[at].is_some_and(|one| !one.retry());
        if !(0..count).any(for_good) {
            // Only what may be taken later: it waits alone, so that those before it need not.
            let first = refused.iter().position(Option::is_some).unwrap_or(0);
            if count > 1 {
                self.most = first.max(1);
            } else {
                self.wait(count, failed).await;
            }
            return;
        }
        let units = std::mem::take(&mut self.units);
        for (at, mut unit) in units.into_iter().enumerate() {
            match refused.get(at).copied().flatten() {
                Some(one) if !one.retry() => {
                    let index = unit.many.then(|| indexes[at]);
                    let error = self.shared.requester.refusal(&failed.error, one, index);
                    unit.failures = unit.failures.saturating_add(1);
                    unit.failed(error);
                }
                _ => self.units.push(unit),
            }
        }
    }

    /// Gives up those whose time has come, and waits with the others.
    async fn wait(&mut self, count: usize, failed: Failed) {
        let error = failed.error;
        let delay = self
            .backoff
            .next_delay()
            .max(error.retry_after().unwrap_or_default());
        let next = Instant::now().checked_add(delay);
        let policy = self.shared.retry.as_ref();
        let attempts = policy.and_then(|policy| policy.attempts);
        let gives_up = |unit: &Unit| match next {
            Some(next) if policy.is_some() => {
                attempts.is_some_and(|attempts| unit.failures > attempts)
                    || unit.deadline.is_some_and(|deadline| next > deadline)
            }
            _ => true,
        };
        let later = self.units.split_off(count);
        let mut waits = false;
        for mut unit in std::mem::take(&mut self.units) {
            unit.failures = unit.failures.saturating_add(1);
            if gives_up(&unit) {
                unit.failed(error.clone());
            } else {
                waits = true;
                self.units.push(unit);
            }
        }
        self.units.extend(later);
        if let Some(next) = next.filter(|_| waits) {
            tracing::debug!(
                target: "eventwire::client",
                reason = %error, attempt = self.backoff.attempt(), ?delay, "publishing again"
            );
            tokio::time::sleep_until(next).await;
        } else {
            self.most = usize::MAX;
        }
    }
}

/// The one task that sends.
struct Driver {
    shared: Arc<Shared>,
    /// It has handed back its turn.
    done: bool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // It was stopped, or its runtime has ended, and nobody would go on.
        let (answered, left) = {
            let mut queue = self.shared.queue();
            queue.park();
            (queue.next(), queue.take_all())
        };
        // Each says so to its caller.
        drop(left);
        self.shared.tell_answered(answered);
    }
}
