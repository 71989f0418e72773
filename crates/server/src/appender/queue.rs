//! Who waits for the appender.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Answer;
use crate::publish::NewEvent;
use crate::state::Shared;
use crate::store::Batch;

/// How much goes to the store at a time. An event that is larger goes alone.
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
    /// By the order of the calls.
    line: BTreeMap<u64, Waiting>,
    next: u64,
    /// All before this number are accepted: they are appended even if their publishers go.
    accepted_before: u64,
    accepted_events: usize,
    accepted_bytes: usize,
}

pub(super) struct Waiting {
    event: NewEvent,
    sender: oneshot::Sender<Answer>,
}

impl Waiting {
    /// Called without a lock: it wakes.
    pub(super) fn answer(self, answer: Answer) {
        // Nobody may wait for it any more.
        let _ = self.sender.send(answer);
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

/// What is to be appended next.
pub(super) struct Load {
    pub(super) batch: Option<Batch>,
    pub(super) senders: Vec<oneshot::Sender<Answer>>,
    /// What has its answer already, to be given without a lock.
    pub(super) answered: Vec<(Waiting, Answer)>,
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

    pub(super) fn enter(&mut self, event: NewEvent, sender: oneshot::Sender<Answer>) -> u64 {
        let number = self.number();
        self.line.insert(number, Waiting { event, sender });
        self.accept();
        number
    }

    /// Takes in as many as there is room for.
    fn accept(&mut self) {
        while let Some((&number, waiting)) = self.line.range(self.accepted_before..).next() {
            let size = waiting.event.size();
            let room = self.accepted_events < ACCEPTED_EVENTS
                && self.accepted_bytes + size <= ACCEPTED_BYTES;
            if !room && self.accepted_events > 0 {
                return;
            }
            self.accepted_events += 1;
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
    }

    fn pop(&mut self) -> Option<Waiting> {
        let (number, waiting) = self.line.pop_first()?;
        if number < self.accepted_before {
            self.accepted_events -= 1;
            self.accepted_bytes -= waiting.event.size();
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
            senders: Vec::new(),
            answered: Vec::new(),
        };
        let mut events: Vec<NewEvent> = Vec::new();
        let mut keys: HashSet<Arc<str>> = HashSet::new();
        let mut bytes = 0;
        let mut state = shared.lock();
        let now = Instant::now();
        while let Some((_, first)) = self.line.first_key_value() {
            bytes += first.event.size();
            let full = events.len() >= BATCH_EVENTS || bytes > BATCH_BYTES;
            // Whether the one before is stored says what becomes of this one.
            let key_in_flight = first.event.key().is_some_and(|key| keys.contains(key));
            if (full && !events.is_empty()) || key_in_flight || load.answered.len() >= BATCH_EVENTS
            {
                break;
            }
            let admitted = state.log.admit(&first.event, events.len(), now);
            let Some(waiting) = self.pop() else { break };
            match admitted {
                Ok(None) => {
                    keys.extend(waiting.event.key().cloned());
                    load.senders.push(waiting.sender);
                    events.push(waiting.event);
                }
                Ok(Some(known)) => load.answered.push((waiting, Ok(known))),
                Err(error) => load.answered.push((waiting, Err(error))),
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

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }
}
