//! What crosses between a hub and its store.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::log::Entry;
use crate::filter::Filter;
use crate::position::{Epoch, EventId};
use crate::publish::NewEvent;

/// Events to append, in order; never empty. Cheap to clone: all clones are the same batch.
///
/// A hub bounds it to some hundred events and a few MiB (a larger event comes alone, and so do at most a thousand that were published in
/// one go), and never puts the same key into it
/// twice.
#[derive(Clone, Debug)]
pub struct Batch(Arc<[NewEvent]>);

impl Batch {
    pub(crate) fn one(event: NewEvent) -> Self {
        Self(Arc::new([event]))
    }

    pub(crate) fn of(events: Vec<NewEvent>) -> Self {
        Self(events.into())
    }

    /// The events, without a copy where no store has kept them.
    pub(crate) fn take(mut self) -> impl Iterator<Item = NewEvent> {
        let count = self.0.len();
        (0..count).map(move |place| match Arc::get_mut(&mut self.0) {
            Some(events) => events[place].take(),
            None => self.0[place].clone(),
        })
    }
}

impl Deref for Batch {
    type Target = [NewEvent];

    fn deref(&self) -> &[NewEvent] {
        &self.0
    }
}

/// What became of one event of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Appended {
    /// It was stored at this offset: one more than the log's last record had, or the event before it in the batch.
    Stored(u64),
    /// Its key was used before for the [same](NewEvent::is_same) event, which has this offset. Nothing was stored.
    Known(u64),
    /// Its key was used before for another event, which has this offset. Nothing was stored.
    Conflict(u64),
    /// The store takes no such event, and says why. Nothing was stored.
    Refused(String),
}

/// How much of the log a hub holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// How many events.
    pub max_events: usize,
    /// How many bytes of frames.
    pub max_bytes: usize,
}

/// A log as it was found.
#[derive(Clone, Debug)]
pub struct Opened {
    pub(crate) epoch: Epoch,
    pub(crate) last: u64,
    pub(crate) records: Vec<StoredRecord>,
    pub(crate) window_is_all: bool,
}

impl Opened {
    /// A log in which nothing was ever stored.
    pub fn empty(epoch: Epoch) -> Self {
        Self {
            epoch,
            last: 0,
            records: Vec::new(),
            window_is_all: false,
        }
    }

    /// A log whose last record, held or not, has the offset `last`, and its newest records up to that one: ascending, without a
    /// hole, as many as the [`Window`] takes. Fewer are allowed, since what is not among them is read when it is wanted.
    pub fn log(epoch: Epoch, last: u64, newest: Vec<StoredRecord>) -> Self {
        Self {
            epoch,
            last,
            records: newest,
            window_is_all: false,
        }
    }

    /// The store holds nothing that the hub's window does not: so it is never asked to [read](super::Store::read), and what
    /// leaves the window is gone.
    #[must_use]
    pub fn window_is_all(mut self) -> Self {
        self.window_is_all = true;
        self
    }
}

/// A record as a store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    pub(crate) offset: u64,
    pub(crate) topics: Box<[Arc<str>]>,
    pub(crate) block: Bytes,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) age: Duration,
}

impl StoredRecord {
    /// A record with what was [appended](NewEvent): its offset, its topics and its block.
    pub fn new(
        offset: u64,
        topics: impl IntoIterator<Item = Arc<str>>,
        block: impl Into<Bytes>,
    ) -> Self {
        Self {
            offset,
            topics: topics.into_iter().collect(),
            block: block.into(),
            key: None,
            age: Duration::ZERO,
        }
    }

    /// Sets its key; none by default.
    #[must_use]
    pub fn key(mut self, key: impl Into<Option<Arc<str>>>) -> Self {
        self.key = key.into();
        self
    }

    /// Sets how long ago it was stored; just now by default.
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// As the window has it.
    pub(crate) fn into_entry(self, id: &EventId) -> Entry {
        let event = NewEvent::of_record(self.topics, &self.block, self.key);
        Entry::new(event, id)
    }

    /// Its offset.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Its topics.
    pub fn topics(&self) -> &[Arc<str>] {
        &self.topics
    }

    /// The encoded event without its id line.
    pub fn block(&self) -> &Bytes {
        &self.block
    }
}

/// A question for records: those under one of some topics, or under a topic that begins with one of some prefixes, after a cursor.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) topics: Box<[Arc<str>]>,
    pub(crate) prefixes: Box<[Arc<str>]>,
    pub(crate) after: u64,
    pub(crate) max_bytes: usize,
}

impl Query {
    /// For what a filter wants.
    pub(crate) fn of(filter: &Filter, after: u64, max_bytes: usize) -> Self {
        Self {
            topics: filter.topics().into(),
            prefixes: filter.prefixes().into(),
            after,
            max_bytes,
        }
    }

    /// For everything.
    pub(crate) fn all(after: u64, max_bytes: usize) -> Self {
        Self {
            topics: Box::default(),
            prefixes: Box::new([Arc::from("")]),
            after,
            max_bytes,
        }
    }

    /// The topics asked for by name.
    pub fn topics(&self) -> &[Arc<str>] {
        &self.topics
    }

    /// What the other topics asked for begin with; the empty prefix is of all topics.
    pub fn prefixes(&self) -> &[Arc<str>] {
        &self.prefixes
    }

    /// The cursor: records with a greater offset are asked for.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// About how many bytes of blocks to answer with; one record is always allowed.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Whether a record under `topics` is asked for.
    pub fn wants<'a>(&self, topics: impl IntoIterator<Item = &'a str>) -> bool {
        topics.into_iter().any(|topic| {
            self.topics.iter().any(|wanted| **wanted == *topic)
                || self
                    .prefixes
                    .iter()
                    .any(|prefix| topic.starts_with(&**prefix))
        })
    }
}

/// A question for the newest records: so many of those with an offset up to a bound that are under one of some topics, or under a
/// topic that begins with one of some prefixes.
#[derive(Clone, Debug)]
pub struct Newest {
    query: Query,
    up_to: u64,
    count: usize,
}

impl Newest {
    /// For what a filter wants; `count` is at least 1.
    pub(crate) fn of(filter: &Filter, up_to: u64, count: usize) -> Self {
        Self {
            query: Query::of(filter, 0, 0),
            up_to,
            count,
        }
    }

    /// The topics asked for by name.
    pub fn topics(&self) -> &[Arc<str>] {
        self.query.topics()
    }

    /// What the other topics asked for begin with; the empty prefix is of all topics.
    pub fn prefixes(&self) -> &[Arc<str>] {
        self.query.prefixes()
    }

    /// The bound: records with a greater offset do not count.
    pub fn up_to(&self) -> u64 {
        self.up_to
    }

    /// How many records are asked for, at least 1.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether a record under `topics` is asked for.
    pub fn wants<'a>(&self, topics: impl IntoIterator<Item = &'a str>) -> bool {
        self.query.wants(topics)
    }
}

/// Records, ascending, and what is known with them.
#[derive(Clone, Debug)]
pub struct Page {
    pub(crate) records: Vec<StoredRecord>,
    pub(crate) cursor: u64,
    pub(crate) lost: bool,
}

impl Page {
    /// `records` are all held ones that were asked for up to and with the offset `cursor`, which is the log's last one where
    /// nothing follows. `lost` says whether records that were asked for, between the query's cursor and `cursor`, are held
    /// no more; where that is not known it is true, since a loss must not be silent.
    pub fn new(records: Vec<StoredRecord>, cursor: u64, lost: bool) -> Self {
        Self {
            records,
            cursor,
            lost,
        }
    }

    /// Nothing of what was asked for is held up to `cursor`.
    pub fn empty(cursor: u64, lost: bool) -> Self {
        Self::new(Vec::new(), cursor, lost)
    }
}
