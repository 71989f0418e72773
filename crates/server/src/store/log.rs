//! The log as a hub holds it in memory: a contiguous, bounded range of its newest records.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::index::Index;
use crate::error::PublishError;
use crate::filter::Filter;
use crate::frame::Frame;
use crate::position::{Epoch, EventId};
use crate::publish::NewEvent;
use crate::topic::Topic;

/// What a log may hold.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) max_events: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_topics: usize,
}

struct Record {
    frame: Frame,
    /// Where the frame goes on after its id: what it would be without one.
    body: usize,
    /// Its topics, and of each the offset of its previous record (0 where there is none).
    topics: Box<[(Topic, u64)]>,
    key: Option<Arc<str>>,
    at: Instant,
}

/// What becomes a record: a frame, where it goes on after its id, its topics, its key.
pub(crate) struct Entry {
    pub(crate) frame: Frame,
    pub(crate) body: usize,
    pub(crate) topics: Box<[Topic]>,
    pub(crate) key: Option<Arc<str>>,
}

impl Entry {
    pub(crate) fn new(event: NewEvent, id: &EventId) -> Self {
        let (frame, body, topics, key) = event.into_parts(id);
        Self {
            frame,
            body,
            topics,
            key,
        }
    }
}

pub(crate) struct Log {
    epoch: Epoch,
    bounds: Bounds,
    records: VecDeque<Record>,
    /// The offset of the first held record; of the next one where none is held.
    first: u64,
    bytes: usize,
    pub(crate) index: Index,
    /// The keys of held records. A key is remembered as long as its event.
    keys: HashMap<Arc<str>, u64>,
}

impl Log {
    /// A window that begins after the offset `before_first`. Nothing is known of what was before: it may have been anything.
    pub(crate) fn new(bounds: Bounds, epoch: Epoch, before_first: u64) -> Self {
        Self {
            epoch,
            records: VecDeque::new(),
            first: before_first + 1,
            bytes: 0,
            index: Index::new(bounds.max_topics, before_first),
            keys: HashMap::new(),
            bounds,
        }
    }

    /// The offset of the last record ever; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.records.len() as u64 - 1
    }

    /// The offset just before the first held record.
    pub(crate) fn before_first(&self) -> u64 {
        self.first - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn id(&self, offset: u64) -> EventId {
        EventId {
            epoch: self.epoch,
            offset,
        }
    }

    fn record(&self, offset: u64) -> Option<&Record> {
        let place = offset.checked_sub(self.first)?;
        self.records.get(usize::try_from(place).ok()?)
    }

    /// Whether `event` can be appended behind the events `ahead` that were admitted before it; the id of the event that has its key
    /// already, if it is the same.
    pub(crate) fn admit(
        &mut self,
        event: &NewEvent,
        ahead: &[NewEvent],
        now: Instant,
    ) -> Result<Option<EventId>, PublishError> {
        self.expire(now);
        if let Some(known) = self.known(event)? {
            return Ok(Some(known));
        }
        let size = event.frame_size(&self.id(self.last() + 1 + ahead.len() as u64));
        if size > self.bounds.max_bytes {
            return Err(PublishError::TooLarge {
                size,
                max: self.bounds.max_bytes,
            });
        }
        if self.index.reserve(event.topics(), ahead).is_ok() {
            return Ok(None);
        }
        // What is evicted for it anyway may make a topic idle, and so its place free.
        self.make_room(ahead.len() + 1, size);
        match self.index.reserve(event.topics(), ahead) {
            Ok(()) => Ok(None),
            Err(_) => Err(PublishError::TooManyTopics(self.bounds.max_topics)),
        }
    }

    /// Evicts until `events` more of `bytes` fit, or nothing is left.
    fn make_room(&mut self, events: usize, bytes: usize) {
        while !self.records.is_empty()
            && (self.records.len() + events > self.bounds.max_events
                || self.bytes + bytes > self.bounds.max_bytes)
        {
            self.evict();
        }
    }

    /// Appends what its store has, as the record after the last one.
    pub(crate) fn push(&mut self, entry: Entry, at: Instant) {
        let offset = self.last() + 1;
        let size = entry.frame.len();
        self.make_room(1, size);
        let topics = entry
            .topics
            .into_iter()
            .map(|topic| {
                let previous = self.index.append(&topic, offset);
                (topic, previous)
            })
            .collect();
        if let Some(key) = &entry.key {
            self.keys.insert(key.clone(), offset);
        }
        self.bytes += size;
        self.records.push_back(Record {
            frame: entry.frame,
            body: entry.body,
            topics,
            key: entry.key,
            at,
        });
        // One that was stored although it fits into no window, as it may be where the bounds were others then.
        self.make_room(0, 0);
    }

    fn known(&self, event: &NewEvent) -> Result<Option<EventId>, PublishError> {
        let Some((key, &offset)) = event.key().and_then(|key| self.keys.get_key_value(key)) else {
            return Ok(None);
        };
        let id = self.id(offset);
        let same = self.record(offset).is_some_and(|record| {
            let topics = record.topics.iter().map(|(topic, _)| &**topic);
            event.is_same(topics, &record.frame.as_bytes()[record.body..])
        });
        if same {
            Ok(Some(id))
        } else {
            Err(PublishError::KeyConflict {
                key: key.to_string(),
                id,
            })
        }
    }

    /// Drops what is older than `max_age`.
    pub(crate) fn expire(&mut self, now: Instant) {
        let Some(max_age) = self.bounds.max_age else {
            return;
        };
        while self
            .records
            .front()
            .is_some_and(|record| now.duration_since(record.at) > max_age)
        {
            self.evict();
        }
    }

    fn evict(&mut self) {
        let Some(record) = self.records.pop_front() else {
            return;
        };
        self.first += 1;
        self.bytes -= record.frame.len();
        for (topic, _) in &record.topics {
            self.index.evict(topic);
        }
        if let Some(key) = record.key
            && self.keys.get(&key) == Some(&(self.first - 1))
        {
            self.keys.remove(&key);
        }
    }

    /// Whether one of the filter's topics lost something after `cursor`: exactly when its first held record after the cursor has a
    /// previous one after the cursor too, or none is held and its last one was after the cursor. Which topics a pattern
    /// covers is known of held records only: it may have lost something as soon as the log's tail has passed the cursor.
    pub(crate) fn lost(&self, filter: &Filter, cursor: u64) -> bool {
        // Nothing is lost behind a cursor that the log's tail has not passed.
        cursor < self.before_first()
            && (!filter.prefixes().is_empty()
                || filter
                    .topics()
                    .iter()
                    .any(|topic| self.topic_lost(topic, cursor)))
    }

    fn topic_lost(&self, topic: &Topic, cursor: u64) -> bool {
        let next = self
            .index
            .get(topic)
            .and_then(|entry| entry.after(cursor).next());
        match next.and_then(|offset| self.record(offset)) {
            Some(record) => record
                .topics
                .iter()
                .any(|(name, previous)| name == topic && *previous > cursor),
            None => self.index.last_possible(topic) > cursor,
        }
    }

    /// The offset of the first held record, if one is held.
    pub(crate) fn first(&self) -> Option<u64> {
        (!self.records.is_empty()).then_some(self.first)
    }
}

mod read;
mod seek;

pub(crate) use self::seek::Seek;

#[cfg(test)]
mod tests;
