//! Who waits for the appender.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::sink::{Admitted, Settled, Sink, Waiting};
use crate::publish::NewEvent;
use crate::state::Shared;
use crate::store::Batch;

/// How much goes to the store at a time. An event that is larger goes alone, and so do many that were published in one go.
const BATCH_EVENTS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;

/// How much is accepted beyond that: what a store that stands still can make a hub hold. Further publishers hold
/// their events themselves.
const ACCEPTED_EVENTS: usize = 4096;
const ACCEPTED_BYTES: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// A task appends, and goes on with the queue when it is done.
    pub(super) busy: bool,
    /// The store may hold records that the hub has not seen: they are read before more is appended.
    pub(super) unsure: bool,
    pub(super) closed: bool,
    /// By the order of the calls, each with its time.
    line: BTreeMap<u64, (Instant, Waiting)>,
    next: u64,
    /// All before this number are accepted: they are appended even if their publishers go.
    accepted_before: u64,
    accepted_events: usize,
    accepted_bytes: usize,
}

/// What is to be appended next.
pub(super) struct Load {
    pub(super) batch: Option<Batch>,
    pub(super) sinks: Vec<Sink>,
    /// What has its answer already, to be given without a lock.
    pub(super) answered: Vec<Settled>,
}

impl Queue {
    pub(super) fn is_idle(&self) -> bool {
        !self.busy && !self.unsure && self.line.is_empty()
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// The appender is busy with an event that did not have to wait.
    pub(super) fn take_off(&mut self) -> u64 {
        self.busy = true;
        let number = self.number();
        self.accepted_before = self.next;
        number
    }

    pub(super) fn enter(&mut self, waiting: Waiting) -> u64 {
        let number = self.number();
        self.line.insert(number, (Instant::now(), waiting));
        self.accept();
        number
    }

    /// Takes in as many as there is room for.
    fn accept(&mut self) {
        while let Some((&number, (_, waiting))) = self.line.range(self.accepted_before..).next() {
            let (events, size) = (waiting.events().len(), waiting.size());
            let room = self.accepted_events < ACCEPTED_EVENTS
                && self.accepted_bytes + size <= ACCEPTED_BYTES;
            if !room && self.accepted_events > 0 {
                return;
            }
            self.accepted_events += events;
            self.accepted_bytes += size;
            self.accepted_before = number + 1;
        }
        self.accepted_before = self.next;
    }

    /// Its publisher is gone.
    pub(super) fn abandon(&mut self, number: u64) -> Option<Waiting> {
        (number >= self.accepted_before)
            .then(|| self.line.remove(&number))
            .flatten()
            .map(|(_, waiting)| waiting)
    }

    fn pop(&mut self) -> Option<Waiting> {
        let (number, (_, waiting)) = self.line.pop_first()?;
        if number < self.accepted_before {
            self.accepted_events -= waiting.events().len();
            self.accepted_bytes -= waiting.size();
        }
        self.accept();
        Some(waiting)
    }

    pub(super) fn take_all(&mut self) -> Vec<Waiting> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    /// The next batch, of those that can be appended.
    pub(super) fn load(&mut self, shared: &Shared) -> Load {
        let mut load = Load {
            batch: None,
            sinks: Vec::new(),
            answered: Vec::new(),
        };
        let mut events: Vec<NewEvent> = Vec::new();
        let mut keys: HashSet<Arc<str>> = HashSet::new();
        let mut bytes = 0;
        let mut state = shared.lock();
        let now = Instant::now();
        while let Some((_, (_, first))) = self.line.first_key_value() {
            bytes += first.size();
            let full = events.len() + first.events().len() > BATCH_EVENTS || bytes > BATCH_BYTES;
            // Whether the one before is stored says what becomes of this one.
            let mut its_keys = first.events().iter().filter_map(NewEvent::key);
            let key_in_flight = its_keys.any(|key| keys.contains(key));
            if (full && !events.is_empty()) || key_in_flight || load.answered.len() >= BATCH_EVENTS
            {
                break;
            }
            let Some(waiting) = self.pop() else { break };
            match waiting {
                Waiting::One(event, sender) => {
                    match state.log.admit(&event, &events, now).transpose() {
                        None => {
                            keys.extend(event.key().cloned());
                            load.sinks.push(Sink::One(sender));
                            events.push(event);
                        }
                        Some(answer) => load.answered.push(Settled::One(sender, answer)),
                    }
                }
                Waiting::Many(many, sender) => {
                    let ahead = events.len();
                    match Admitted::of(many, sender, &mut state.log, &mut events, now) {
                        Admitted::New(sinks) => {
                            let new = events[ahead..].iter();
                            keys.extend(new.filter_map(NewEvent::key).cloned());
                            load.sinks.extend(sinks);
                        }
                        Admitted::Answered(sender, answer) => {
                            load.answered.push(Settled::Many(sender, answer));
                        }
                    }
                }
            }
        }
        if !events.is_empty() {
            load.batch = Some(Batch::of(events));
        }
        load
    }

    /// As many as one batch has, unlooked at.
    pub(super) fn unload(&mut self) -> Vec<Waiting> {
        std::iter::from_fn(|| self.pop())
            .take(BATCH_EVENTS)
            .collect()
    }

    /// Since when the first one waits.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let (_, (since, _)) = self.line.first_key_value()?;
        Some(*since)
    }

    /// Those who came at `time` or before, and have waited since.
    pub(super) fn take_from_before(&mut self, time: Instant) -> Vec<Waiting> {
        let next = || {
            self.oldest()
                .filter(|since| *since <= time)
                .and_then(|_| self.pop())
        };
        std::iter::from_fn(next).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }
}
