//! The log in memory: one contiguous, bounded range of records.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::index::Index;
use super::merge::{self, Merge};
use crate::error::PublishError;
use crate::filter::Filter;
use crate::frame::Frame;
use crate::position::{Epoch, EventId};
use crate::publish::Prepared;
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

/// What a subscriber finds behind its cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Frames with their offsets.
    pub(crate) frames: Vec<(u64, Frame)>,
    /// The position up to which the subscriber then has all that is its own.
    pub(crate) cursor: u64,
    /// Whether that is the log's end.
    pub(crate) all: bool,
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
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            epoch: Epoch::random(),
            records: VecDeque::new(),
            first: 1,
            bytes: 0,
            index: Index::new(bounds.max_topics),
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

    /// Appends; false beside the id where the key was used before for the same content, and nothing was appended.
    /// A failed append consumes no offset.
    pub(crate) fn append(
        &mut self,
        event: Prepared,
        now: Instant,
    ) -> Result<(EventId, bool), PublishError> {
        self.expire(now);
        if let Some(known) = self.known(&event)? {
            return Ok((known, false));
        }
        let offset = self.last() + 1;
        let id = self.id(offset);
        let size = event.frame_size(&id);
        if size > self.bounds.max_bytes {
            return Err(PublishError::TooLarge {
                size,
                max: self.bounds.max_bytes,
            });
        }
        let reserved = self.index.reserve(&event.topics).is_ok();
        while self.records.len() >= self.bounds.max_events
            || self.bytes + size > self.bounds.max_bytes
        {
            self.evict();
        }
        // What was evicted may have made a topic idle, and so its place free.
        if !reserved && self.index.reserve(&event.topics).is_err() {
            return Err(PublishError::TooManyTopics(self.bounds.max_topics));
        }
        let key = event.key.clone();
        let topics = event
            .topics
            .iter()
            .cloned()
            .map(|topic| {
                let previous = self.index.append(&topic, offset);
                (topic, previous)
            })
            .collect();
        if let Some(key) = &key {
            self.keys.insert(key.clone(), offset);
        }
        let (frame, body) = event.into_frame(&id);
        self.bytes += frame.len();
        self.records.push_back(Record {
            frame,
            body,
            topics,
            key,
            at: now,
        });
        Ok((id, true))
    }

    fn known(&self, event: &Prepared) -> Result<Option<EventId>, PublishError> {
        let Some((key, &offset)) = event
            .key
            .as_ref()
            .and_then(|key| self.keys.get_key_value(key))
        else {
            return Ok(None);
        };
        let id = self.id(offset);
        let same = self.record(offset).is_some_and(|record| {
            record.frame.as_bytes()[record.body..] == *event.body()
                && record.topics.len() == event.topics.len()
                && record
                    .topics
                    .iter()
                    .all(|(topic, _)| event.topics.contains(topic))
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
        if let Some(key) = record.key {
            self.keys.remove(&key);
        }
    }

    /// Whether one of `topics` lost something after `cursor`: exactly when its first held record after the cursor has a
    /// previous one after the cursor too, or none is held and its last one was after the cursor.
    pub(crate) fn lost(&self, filter: &Filter, cursor: u64) -> bool {
        // Nothing is lost behind a cursor that the log's tail has not passed.
        cursor < self.before_first()
            && filter
                .topics()
                .iter()
                .any(|topic| self.topic_lost(topic, cursor))
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

    /// The offsets of the held records of `topics` after `cursor`, ascending, each once.
    fn after(&self, filter: &Filter, cursor: u64) -> impl Iterator<Item = u64> {
        let topics = filter.topics().iter();
        let held = topics.filter_map(|topic| self.index.get(topic));
        Merge::new(held.map(|entry| entry.after(cursor)))
    }

    /// The id of the first event that a subscriber of `topics` gets after `cursor`.
    pub(crate) fn first_after(&self, filter: &Filter, cursor: u64) -> Option<EventId> {
        self.after(filter, cursor)
            .next()
            .map(|offset| self.id(offset))
    }

    /// The cursor from which the last `count` records of `topics` are still ahead.
    pub(crate) fn before_last(&self, filter: &Filter, count: usize) -> u64 {
        let topics = filter.topics().iter();
        let held = topics.filter_map(|topic| Some(self.index.get(topic)?.after(0)));
        merge::from_the_end(held, count).map_or(self.last(), |offset| offset - 1)
    }

    /// The cursor just before the first held record of `topics`; the log's end where none is held.
    pub(crate) fn before_held(&self, filter: &Filter) -> u64 {
        self.after(filter, 0)
            .next()
            .map_or(self.last(), |offset| offset - 1)
    }

    /// The offset of the first held record, if one is held.
    pub(crate) fn first(&self) -> Option<u64> {
        (!self.records.is_empty()).then_some(self.first)
    }

    /// Frames of `topics` after `cursor`: at least one where there is one, then up to `max_bytes`.
    pub(crate) fn read(&self, filter: &Filter, cursor: u64, max_bytes: usize) -> Found {
        let mut found = Found {
            frames: Vec::new(),
            cursor,
            all: false,
        };
        let mut bytes = 0;
        for offset in self.after(filter, cursor) {
            let Some(record) = self.record(offset) else {
                continue;
            };
            bytes += record.frame.len();
            if bytes > max_bytes && !found.frames.is_empty() {
                return found;
            }
            found.frames.push((offset, record.frame.clone()));
            found.cursor = offset;
        }
        // It has all: what others publish in the meantime is not its own, and need not be looked at again.
        found.cursor = found.cursor.max(self.last());
        found.all = true;
        found
    }
}

#[cfg(test)]
mod tests;
