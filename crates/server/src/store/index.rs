//! What is known of each topic: its last offset, where its held records are, and who wants to be told of the next.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::task::Waker;

use smallvec::SmallVec;

use super::listeners::{Listeners, SubscriberId, Woken};
use crate::filter::Filter;
use crate::publish::NewEvent;
use crate::topic::{self, Topic};

/// What is known of a topic. Small where there is nothing but its last offset: there may be a million of them.
#[derive(Default)]
pub(crate) struct Entry {
    /// The offset of the topic's last record ever, held or not.
    pub(crate) last: u64,
    /// Only while it has held records or subscribers.
    active: Option<Box<Active>>,
}

#[derive(Default)]
struct Active {
    /// The offsets of the records held, ascending. Many topics have subscribers and no records.
    #[expect(
        clippy::box_collection,
        reason = "a pointer where there is none, as there may be a million of these"
    )]
    held: Option<Box<VecDeque<u64>>>,
    listeners: Listeners,
}

impl Entry {
    fn is_idle(&self) -> bool {
        self.active.is_none()
    }

    fn active(&mut self) -> &mut Active {
        self.active.get_or_insert_default()
    }

    /// Takes back the room of what it has no more.
    fn rest(&mut self) {
        if self
            .active
            .as_ref()
            .is_some_and(|active| active.held.is_none() && active.listeners.subscribers == 0)
        {
            self.active = None;
        }
    }

    /// The offsets of its held records after `cursor`, ascending.
    pub(crate) fn after(&self, cursor: u64) -> impl DoubleEndedIterator<Item = u64> {
        let held = self.active.iter().filter_map(|active| active.held.as_ref());
        held.flat_map(move |held| {
            let from = held.partition_point(|&offset| offset <= cursor);
            held.range(from..).copied()
        })
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
    /// Who wants all topics that begin so. A prefix is no topic: it is known as long as somebody subscribes to it.
    prefixes: HashMap<Topic, Listeners>,
}

/// All topics are in use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Index {
    /// Any topic may have had records up to `forgotten`.
    pub(crate) fn new(max: usize, forgotten: u64) -> Self {
        Self {
            topics: HashMap::new(),
            idle: BTreeSet::new(),
            forgotten,
            max,
            prefixes: HashMap::new(),
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

    /// Makes sure that all of `topics` are known, or that nothing changed. Those of the events `ahead`, which were reserved before
    /// and are not appended yet, stay known.
    pub(crate) fn reserve(&mut self, topics: &[Topic], ahead: &[NewEvent]) -> Result<(), Full> {
        let unknown = |topic: &&Topic| !self.topics.contains_key(*topic);
        let new: SmallVec<[&Topic; 4]> = topics.iter().filter(unknown).collect();
        let free = self.max.saturating_sub(self.topics.len());
        if new.len() > free {
            let ahead = ahead.iter().flat_map(NewEvent::topics);
            let kept: HashSet<&Topic> = ahead.chain(topics).collect();
            let idle = |topic: &&&Topic| self.topics.get(**topic).is_some_and(Entry::is_idle);
            let room = free + self.idle.len() - kept.iter().filter(idle).count();
            if new.len() > room {
                return Err(Full);
            }
            for _ in free..new.len() {
                self.forget_longest_idle(&kept);
            }
        }
        for topic in new {
            self.insert(topic);
        }
        Ok(())
    }

    fn forget_longest_idle(&mut self, but: &HashSet<&Topic>) {
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
        entry.rest();
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

    /// Adds a record to a topic; its previous record's offset comes back. Where the topic's place was taken since it was reserved,
    /// as a store may need time to append, it gets one beyond `max`: the event is stored, and nobody may miss it.
    pub(crate) fn append(&mut self, topic: &Topic, offset: u64) -> u64 {
        let add = |entry: &mut Entry| {
            entry
                .active()
                .held
                .get_or_insert_default()
                .push_back(offset);
            std::mem::replace(&mut entry.last, offset)
        };
        if let Some(previous) = self.change(topic, add) {
            return previous;
        }
        self.insert(topic);
        self.change(topic, add).unwrap_or_default()
    }

    /// A new topic. What was known of it before, if it was forgotten, is the bound: so its gaps stay known.
    fn insert(&mut self, topic: &Topic) {
        let entry = Entry {
            last: self.forgotten,
            ..Entry::default()
        };
        self.idle.insert((entry.last, topic.clone()));
        self.topics.insert(topic.clone(), entry);
    }

    /// The topic's first held record is gone.
    pub(crate) fn evict(&mut self, topic: &Topic) {
        self.change(topic, |entry| {
            let held = &mut entry.active().held;
            if let Some(offsets) = held {
                offsets.pop_front();
            }
            held.take_if(|offsets| offsets.is_empty());
        });
    }

    /// Counts a subscription, whose topics are known from now on.
    pub(crate) fn subscribe(&mut self, filter: &Filter) -> Result<(), Full> {
        self.reserve(filter.topics(), &[])?;
        for topic in filter.topics() {
            self.change(topic, |entry| entry.active().listeners.subscribers += 1);
        }
        for prefix in filter.prefixes() {
            self.prefixes.entry(prefix.clone()).or_default().subscribers += 1;
        }
        Ok(())
    }

    /// Gives back the wakers of `waiting`: dropping one may run code of others, which wants no lock held.
    pub(crate) fn unsubscribe(
        &mut self,
        filter: &Filter,
        waiting: Option<SubscriberId>,
    ) -> Vec<Waker> {
        let leave = |listeners: &mut Listeners| {
            listeners.subscribers -= 1;
            waiting.and_then(|subscriber| listeners.forget(subscriber))
        };
        let mut wakers = Vec::new();
        for topic in filter.topics() {
            let left = self.change(topic, |entry| leave(&mut entry.active().listeners));
            wakers.extend(left.flatten());
        }
        for prefix in filter.prefixes() {
            if let Some(listeners) = self.prefixes.get_mut(prefix) {
                wakers.extend(leave(listeners));
                if listeners.subscribers == 0 {
                    self.prefixes.remove(prefix);
                }
            }
        }
        wakers
    }

    /// Everything that the filter listens to.
    fn listeners(&mut self, filter: &Filter, mut each: impl FnMut(&mut Listeners)) {
        for topic in filter.topics() {
            // One that is not subscribed to has nobody to tell.
            if let Some(active) = self
                .topics
                .get_mut(topic)
                .and_then(|entry| entry.active.as_mut())
            {
                each(&mut active.listeners);
            }
        }
        for prefix in filter.prefixes() {
            if let Some(listeners) = self.prefixes.get_mut(prefix) {
                each(listeners);
            }
        }
    }

    /// Wakes `waker` at the next record for the filter. Gives back those that it replaces.
    pub(crate) fn wait(
        &mut self,
        filter: &Filter,
        subscriber: SubscriberId,
        waker: &Waker,
    ) -> Vec<Waker> {
        let mut replaced = Vec::new();
        self.listeners(filter, |listeners| {
            replaced.extend(listeners.wait(subscriber, waker));
        });
        replaced
    }

    /// For each topic and prefix of the filter, changes what stands for the subscribers of it that `shard` has: `change` is given
    /// what it is now, and says what it is to be.
    pub(crate) fn change_groups(
        &mut self,
        filter: &Filter,
        shard: u32,
        mut change: impl FnMut(Option<u32>) -> Option<u32>,
    ) {
        self.listeners(filter, |listeners| {
            listeners.change_group(shard, &mut change)
        });
    }

    /// All who are to be told of a record of `topic`.
    pub(crate) fn wake(&mut self, topic: &str, woken: &mut Woken) {
        if let Some(active) = self
            .topics
            .get_mut(topic)
            .and_then(|entry| entry.active.as_mut())
        {
            active.listeners.take(woken);
        }
        if self.prefixes.is_empty() {
            return;
        }
        for prefix in topic::prefixes(topic) {
            if let Some(listeners) = self.prefixes.get_mut(prefix) {
                listeners.take(woken);
            }
        }
    }

    /// All who wait, for the end of the hub.
    pub(crate) fn take_all_waiting(&mut self, woken: &mut Woken) {
        let topics = self.topics.values_mut();
        let actives = topics.filter_map(|entry| entry.active.as_mut());
        for listeners in actives
            .map(|active| &mut active.listeners)
            .chain(self.prefixes.values_mut())
        {
            listeners.take_waiting(woken);
        }
    }
}
