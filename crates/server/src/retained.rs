//! Retained values: the last frames of some topics, beside the log, for those who come new.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::TopicError;
use crate::filter::Filter;
use crate::frame::Frame;
use crate::store::log::Entry;
use crate::topic::{self, Topic};
use crate::topic_as;

/// How many frames are retained of which topics.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    topics: HashMap<Topic, usize>,
    prefixes: HashMap<Topic, usize>,
}

impl Rules {
    pub(crate) fn add(&mut self, topic_or_pattern: &str, count: usize) -> Result<(), TopicError> {
        let filter = topic::filter([topic_or_pattern])?;
        self.topics
            .extend(filter.topics().iter().map(|topic| (topic.clone(), count)));
        let prefixes = filter.prefixes().iter();
        self.prefixes
            .extend(prefixes.map(|prefix| (prefix.clone(), count)));
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.prefixes.is_empty()
    }

    /// The name itself says more than any pattern, and a longer pattern more than a shorter one.
    fn count(&self, topic: &str) -> usize {
        let of_pattern = || {
            let known = topic::prefixes(topic).filter_map(|prefix| self.prefixes.get(prefix));
            known.last()
        };
        self.topics
            .get(topic)
            .or_else(of_pattern)
            .copied()
            .unwrap_or(0)
    }
}

/// For how many of its topics a retained event is kept with the topic as its type. Most have one.
const MAX_NAMED: usize = 4;

/// One event of one topic.
#[derive(Clone)]
struct Value {
    offset: u64,
    /// The same for each of its topics.
    kept: Arc<Kept>,
}

struct Kept {
    /// Without an id: whoever gets it is at no position yet.
    frame: Frame,
    topics: Box<[Topic]>,
    /// As those got it who wanted the topic as its type: so that a thousand newcomers who do not read hold one copy.
    named: Mutex<Vec<(Topic, Frame)>>,
}

impl Kept {
    fn frame_for(&self, filter: &Filter) -> Frame {
        let Some(topic) = filter.name_of(self.topics.iter()) else {
            return self.frame.clone();
        };
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frame)) = named.iter().find(|(known, _)| known == topic) {
            return frame.clone();
        }
        let frame = topic_as::frame(self.frame.as_bytes(), 0, topic);
        if named.len() == MAX_NAMED {
            named.remove(0);
        }
        named.push((topic.clone(), frame.clone()));
        frame
    }
}

pub(crate) struct Retained {
    rules: Rules,
    max_bytes: usize,
    /// Sorted, so that those of a prefix lie together.
    topics: BTreeMap<Topic, VecDeque<Value>>,
    /// The topics by their last offset.
    by_age: BTreeSet<(u64, Topic)>,
    bytes: usize,
    events: usize,
}

impl Retained {
    pub(crate) fn new(rules: Rules, max_bytes: usize) -> Self {
        Self {
            rules,
            max_bytes,
            topics: BTreeMap::new(),
            by_age: BTreeSet::new(),
            bytes: 0,
            events: 0,
        }
    }

    /// How many frames there are; one under several topics counts for each.
    pub(crate) fn events(&self) -> usize {
        self.events
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps an event for those of its topics that retain theirs.
    pub(crate) fn keep(&mut self, entry: &Entry, offset: u64) {
        if self.rules.is_empty() {
            return;
        }
        let mut value = None;
        for topic in &entry.topics {
            let count = self.rules.count(topic);
            if count == 0 {
                continue;
            }
            let value = value.get_or_insert_with(|| Value {
                offset,
                kept: Arc::new(Kept {
                    frame: Frame::new(&entry.frame.as_bytes()[entry.body..]),
                    topics: entry.topics.as_ref().into(),
                    named: Mutex::default(),
                }),
            });
            self.put(topic, value.clone(), count);
        }
        // What was unwritten the longest goes first.
        while self.bytes > self.max_bytes
            && let Some((_, oldest)) = self.by_age.first().cloned()
        {
            self.forget(&oldest);
        }
    }

    fn put(&mut self, topic: &Topic, value: Value, count: usize) {
        let offset = value.offset;
        if value.kept.frame.len() > self.max_bytes {
            // One that does not fit is not kept, and what it has made old is not shown as if it were the newest.
            self.forget(topic);
            return;
        }
        let values = self.topics.entry(topic.clone()).or_default();
        if let Some(last) = values.back() {
            self.by_age.remove(&(last.offset, topic.clone()));
        }
        self.bytes += value.kept.frame.len();
        self.events += 1;
        values.push_back(value);
        while values.len() > count
            && let Some(old) = values.pop_front()
        {
            self.bytes -= old.kept.frame.len();
            self.events -= 1;
        }
        self.by_age.insert((offset, topic.clone()));
    }

    fn forget(&mut self, topic: &Topic) {
        let Some(values) = self.topics.remove(topic) else {
            return;
        };
        self.events -= values.len();
        self.bytes -= values
            .iter()
            .map(|value| value.kept.frame.len())
            .sum::<usize>();
        if let Some(last) = values.back() {
            self.by_age.remove(&(last.offset, topic.clone()));
        }
    }

    /// What a newcomer gets first: the retained frames of its topics in the order of their offsets, each event once.
    pub(crate) fn of(&self, filter: &Filter) -> Vec<Frame> {
        let mut found: BTreeMap<u64, &Value> = BTreeMap::new();
        let named = filter.topics().iter();
        let named = named.filter_map(|topic| self.topics.get(topic));
        let prefixes = filter.prefixes().iter();
        let below = prefixes.flat_map(|prefix| {
            self.topics
                .range(prefix.clone()..)
                .take_while(move |(topic, _)| topic.starts_with(&**prefix))
                .map(|(_, values)| values)
        });
        for value in named.chain(below).flatten() {
            found.insert(value.offset, value);
        }
        found
            .into_values()
            .map(|value| value.kept.frame_for(filter))
            .collect()
    }
}

#[cfg(test)]
mod tests;
