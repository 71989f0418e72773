//! What waits to be sent, in the order of the calls.

use std::collections::{BTreeMap, HashSet};

use tokio::task::AbortHandle;

use super::unit::Unit;

/// How much goes in one request. A call that has more goes alone. The bytes are half of what nginx takes by default.
const BATCH_EVENTS: usize = 500;
pub(super) const BATCH_BYTES: usize = 512 << 10;

/// How much is accepted beyond that. Further callers wait with what they have.
const ACCEPTED_EVENTS: usize = 4096;
const ACCEPTED_BYTES: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// A task sends, or is about to, and goes on with the queue when it is done.
    pub(super) driving: bool,
    /// Which one it is: the last that was begun.
    pub(super) drives: u64,
    /// Its handle, as soon as it is known.
    pub(super) driver: Option<AbortHandle>,
    pub(super) closed: bool,
    /// No task may send any more.
    pub(super) stopped: bool,
    /// By the order of the calls.
    line: BTreeMap<u64, Unit>,
    next: u64,
    /// All before this number are accepted: they are sent even if their callers go.
    accepted_before: u64,
    accepted_events: usize,
    accepted_bytes: usize,
}

impl Queue {
    pub(super) fn enter(&mut self, unit: Unit) -> u64 {
        let number = self.next;
        self.next += 1;
        self.line.insert(number, unit);
        self.accept();
        number
    }

    /// The handle of the task that was begun as this one, which may have ended by now.
    pub(super) fn is_driven_by(&mut self, drive: u64, driver: AbortHandle) {
        if self.stopped {
            driver.abort();
        } else if self.driving && self.drives == drive {
            self.driver = Some(driver);
        }
    }

    /// Whoever sends has handed back its turn.
    pub(super) fn park(&mut self) {
        self.driving = false;
        self.driver = None;
    }

    /// Takes in as many as there is room for.
    fn accept(&mut self) {
        while let Some((&number, unit)) = self.line.range(self.accepted_before..).next() {
            let room = self.accepted_events < ACCEPTED_EVENTS
                && self.accepted_bytes + unit.size() <= ACCEPTED_BYTES;
            if !room && self.accepted_events > 0 {
                return;
            }
            self.accepted_events += unit.count;
            self.accepted_bytes += unit.size();
            self.accepted_before = number + 1;
        }
        self.accepted_before = self.next;
    }

    /// Its caller is gone.
    pub(super) fn abandon(&mut self, number: u64) -> Option<Unit> {
        (number >= self.accepted_before)
            .then(|| self.line.remove(&number))
            .flatten()
    }

    /// Those that wait for room.
    pub(super) fn take_waiting(&mut self) -> Vec<Unit> {
        let waiting = self.line.split_off(&self.accepted_before);
        waiting.into_values().collect()
    }

    pub(super) fn take_all(&mut self) -> Vec<Unit> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    fn pop(&mut self) -> Option<Unit> {
        let (number, unit) = self.line.pop_first()?;
        if number < self.accepted_before {
            self.accepted_events -= unit.count;
            self.accepted_bytes -= unit.size();
        }
        self.accept();
        Some(unit)
    }

    /// The units of the next request, of at most `max_bytes` if it is more than one; none where nobody waits.
    pub(super) fn load(&mut self, max_bytes: usize) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let (mut events, mut bytes) = (0, 0);
        while let Some((_, first)) = self.line.first_key_value() {
            events += first.count;
            bytes += first.size();
            let full = events > BATCH_EVENTS || bytes > max_bytes;
            // What becomes of this one is for the one before to say, by its own answer.
            let key_under_way = first.keys.iter().any(|key| keys.contains(key));
            if !units.is_empty() && (full || key_under_way) {
                break;
            }
            keys.extend(first.keys.iter().cloned());
            let Some(unit) = self.pop() else { break };
            units.push(unit);
        }
        units
    }

    /// The number of the next call.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number of the first call that waits, and of the next one where none does.
    pub(super) fn first(&self) -> u64 {
        let first = self.line.first_key_value();
        first.map_or(self.next, |(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::PublishMessage;

    fn enter(queue: &mut Queue, message: impl Into<PublishMessage>) -> u64 {
        let unit = Unit::one(vec!["a".into()], message.into(), oneshot::channel().0);
        queue.enter(unit)
    }

    fn loads(queue: &mut Queue, max_bytes: usize) -> Vec<usize> {
        let load = || {
            let units = queue.load(max_bytes);
            (!units.is_empty()).then_some(units.len())
        };
        std::iter::from_fn(load).collect()
    }

    #[test]
    fn a_batch_is_bounded_in_events_and_bytes() {
        let mut queue = Queue::default();
        for _ in 0..1001 {
            enter(&mut queue, "x");
        }
        assert_eq!(loads(&mut queue, BATCH_BYTES), [500, 500, 1]);
        for _ in 0..4 {
            enter(&mut queue, "x".repeat(1000));
        }
        enter(&mut queue, "x".repeat(10_000));
        enter(&mut queue, "x");
        assert_eq!(loads(&mut queue, 3000), [2, 2, 1, 1]);
    }

    #[test]
    fn a_key_is_once_in_a_batch() {
        let mut queue = Queue::default();
        for key in ["k", "l", "k", "l", "m"] {
            enter(&mut queue, PublishMessage::new("x").key(key));
        }
        assert_eq!(loads(&mut queue, BATCH_BYTES), [2, 3]);
    }

    #[test]
    fn who_waits_for_room_and_goes_leaves_nothing_and_who_was_accepted_stays() {
        let mut queue = Queue::default();
        let numbers: Vec<_> = (0..5000).map(|_| enter(&mut queue, "x")).collect();
        assert!(queue.abandon(numbers[4095]).is_none());
        assert!(queue.abandon(numbers[4096]).is_some());
        // Room for 500 more: the next in line are accepted.
        assert_eq!(queue.load(BATCH_BYTES).len(), 500);
        assert!(queue.abandon(numbers[4596]).is_none());
        assert!(queue.abandon(numbers[4597]).is_some());
        assert_eq!(queue.take_waiting().len(), 402);
        assert_eq!(queue.take_all().len(), 4096);
        assert_eq!(queue.first(), queue.next());
        assert_eq!((queue.accepted_events, queue.accepted_bytes), (0, 0));
    }
}
