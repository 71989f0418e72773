//! What is known of each topic: its last offset, and where its held records are.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::task::Waker;

use crate::topic::Topic;

/// Names a subscription among the waiting ones.
pub(crate) type SubscriberId = u64;

#[derive(Default)]
pub(crate) struct Entry {
    /// The offset of the topic's last record ever, held or not.
    pub(crate) last: u64,
    /// The offsets of the records held, ascending.
    pub(crate) held: VecDeque<u64>,
    subscribers: usize,
    waiting: HashMap<SubscriberId, Waker>,
}

impl Entry {
    fn is_idle(&self) -> bool {
        self.held.is_empty() && self.subscribers == 0
    }
}

/// All topics known, at most `max` of them. The one whose last record is the oldest, of those without held records or
/// subscribers, makes room for a new one; its last offset joins `forgotten`.
///
/// `forgotten` stays below the first held record, since a topic that is dropped has none: so a cursor that the log's tail
/// has not passed never gets a reset for it.
pub(crate) struct Index {
    topics: HashMap<Topic, Entry>,
    /// The idle topics by their last offset.
    idle: BTreeSet<(u64, Topic)>,
    /// The highest last offset of a topic that was dropped: a cursor below it, on a topic not known, may have missed
    /// something.
    forgotten: u64,
    max: usize,
}

/// All topics are in use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Index {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            topics: HashMap::new(),
            idle: BTreeSet::new(),
            forgotten: 0,
            max,
        }
    }

    pub(crate) fn get(&self, topic: &str) -> Option<&Entry> {
        self.topics.get(topic)
    }

    pub(crate) fn len(&self) -> usize {
        self.topics.len()
    }

    /// The topic's last offset, or what it could have been where the topic is not known.
    pub(crate) fn last_possible(&self, topic: &str) -> u64 {
        self.topics
            .get(topic)
            .map_or(self.forgotten, |entry| entry.last)
    }

    /// Makes sure that all of `topics` are known, or that nothing changed.
    pub(crate) fn reserve(&mut self, topics: &[Topic]) -> Result<(), Full> {
        let new = topics
            .iter()
            .filter(|topic| !self.topics.contains_key(*topic))
            .count();
        let kept = topics
            .iter()
            .filter(|topic| self.topics.get(*topic).is_some_and(Entry::is_idle))
            .count();
        let room = self.max.saturating_sub(self.topics.len()) + (self.idle.len() - kept);
        if new > room {
            return Err(Full);
        }
        for topic in topics {
            if self.topics.contains_key(topic) {
                continue;
            }
            if self.topics.len() >= self.max {
                self.forget_longest_idle(topics);
            }
            // What was known of it before, if it was forgotten, is the bound: so its gaps stay known.
            let entry = Entry {
                last: self.forgotten,
                ..Entry::default()
            };
            self.idle.insert((entry.last, topic.clone()));
            self.topics.insert(topic.clone(), entry);
        }
        Ok(())
    }

    fn forget_longest_idle(&mut self, but: &[Topic]) {
        let oldest = self
            .idle
            .iter()
            .find(|(_, topic)| !but.contains(topic))
            .cloned();
        if let Some(oldest) = oldest {
            self.idle.remove(&oldest);
            self.topics.remove(&oldest.1);
            self.forgotten = self.forgotten.max(oldest.0);
        }
    }

    /// Changes what is known of a topic, if it is known, and keeps the list of the idle ones true.
    fn change<R>(&mut self, topic: &Topic, change: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        let entry = self.topics.get_mut(topic)?;
        let before = entry.is_idle().then_some(entry.last);
        let result = change(entry);
        let after = entry.is_idle().then_some(entry.last);
        if before != after {
            if let Some(last) = before {
                self.idle.remove(&(last, topic.clone()));
            }
            match after {
                // Nothing is known of it that `forgotten` does not say: whoever subscribes to names that do not exist
                // leaves nothing behind.
                Some(last) if last <= self.forgotten => {
                    self.topics.remove(topic);
                }
                Some(last) => {
                    self.idle.insert((last, topic.clone()));
                }
                None => {}
            }
        }
        Some(result)
    }

    /// Adds a record to a topic that is reserved; its previous record's offset comes back.
    pub(crate) fn append(&mut self, topic: &Topic, offset: u64) -> u64 {
        self.change(topic, |entry| {
            entry.held.push_back(offset);
            std::mem::replace(&mut entry.last, offset)
        })
        .unwrap_or_default()
    }

    /// The topic's first held record is gone.
    pub(crate) fn evict(&mut self, topic: &Topic) {
        self.change(topic, |entry| entry.held.pop_front());
    }

    pub(crate) fn subscribe(&mut self, topics: &[Topic]) -> Result<(), Full> {
        self.reserve(topics)?;
        for topic in topics {
            self.change(topic, |entry| entry.subscribers += 1);
        }
        Ok(())
    }

    /// Gives back its wakers: dropping one may run code of others, which wants no lock held.
    pub(crate) fn unsubscribe(&mut self, topics: &[Topic], subscriber: SubscriberId) -> Vec<Waker> {
        let leave = |entry: &mut Entry| {
            entry.subscribers -= 1;
            entry.waiting.remove(&subscriber)
        };
        topics
            .iter()
            .filter_map(|topic| self.change(topic, leave).flatten())
            .collect()
    }

    /// Wakes `waker` at the next record of any of `topics`. Gives back those that it replaces.
    pub(crate) fn wait(
        &mut self,
        topics: &[Topic],
        subscriber: SubscriberId,
        waker: &Waker,
    ) -> Vec<Waker> {
        let mut replaced = Vec::new();
        for topic in topics {
            if let Some(entry) = self.topics.get_mut(topic) {
                replaced.extend(entry.waiting.insert(subscriber, waker.clone()));
            }
        }
        replaced
    }

    /// Those who wait for `topic`, each once until it waits again.
    pub(crate) fn take_waiting(&mut self, topic: &Topic, woken: &mut Vec<Waker>) {
        if let Some(entry) = self.topics.get_mut(topic) {
            woken.extend(entry.waiting.drain().map(|(_, waker)| waker));
        }
    }

    /// All who wait, for the end of the hub.
    pub(crate) fn take_all_waiting(&mut self, woken: &mut Vec<Waker>) {
        for entry in self.topics.values_mut() {
            woken.extend(entry.waiting.drain().map(|(_, waker)| waker));
        }
    }
}
