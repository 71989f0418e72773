//! Reading the log.

use super::super::merge::{self, Merge};
use super::seek::Seek;
use super::{Log, Record};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::position::EventId;
use crate::topic_as;

/// How many records are looked at for one page of a pattern. There is no index of a pattern: what is in the log decides, so that a
/// topic that comes later is found like all others.
const LOOKED_AT: u64 = 4096;

/// The same, for what only people want to know.
const LOOKED_AT_FOR_PEOPLE: u64 = 256;

/// What a subscriber finds behind its cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Frames with their offsets. There may be none although `all` is false: with a pattern, what was looked at was not
    /// its own.
    pub(crate) frames: Vec<(u64, Frame)>,
    /// The position up to which the subscriber then has all that is its own.
    pub(crate) cursor: u64,
    /// Whether that is the log's end.
    pub(crate) all: bool,
}

impl Record {
    fn is_for(&self, filter: &Filter) -> bool {
        self.topics.iter().any(|(topic, _)| filter.wants(topic))
    }

    /// The frame as the filter's subscribers get it.
    fn frame_for(&self, filter: &Filter) -> Frame {
        match filter.name_of(self.topics.iter().map(|(topic, _)| topic)) {
            Some(topic) => topic_as::frame(self.frame.as_bytes(), self.body, topic),
            None => self.frame.clone(),
        }
    }
}

impl Log {
    /// The offsets of the held records of named topics after `cursor`, ascending, each once.
    fn of_topics(&self, filter: &Filter, cursor: u64) -> impl Iterator<Item = u64> {
        let topics = filter.topics().iter();
        let held = topics.filter_map(|topic| self.index.get(topic));
        Merge::new(held.map(|entry| entry.after(cursor)))
    }

    /// The held records from `from` to `to` that are for a filter with patterns.
    pub(super) fn of_patterns(
        &self,
        filter: &Filter,
        from: u64,
        to: u64,
    ) -> impl DoubleEndedIterator<Item = (u64, &Record)> {
        let from = from.max(self.first);
        (from..=to.min(self.last()))
            .filter_map(|offset| Some((offset, self.record(offset)?)))
            .filter(|(_, record)| record.is_for(filter))
    }

    fn first_offset_after(&self, filter: &Filter, cursor: u64) -> Option<u64> {
        if filter.prefixes().is_empty() {
            return self.of_topics(filter, cursor).next();
        }
        let mut own = self.of_patterns(filter, cursor + 1, self.last());
        own.next().map(|(offset, _)| offset)
    }

    /// The id of the first event that a subscriber gets after `cursor`.
    pub(crate) fn first_after(&self, filter: &Filter, cursor: u64) -> Option<EventId> {
        self.first_offset_after(filter, cursor)
            .map(|offset| self.id(offset))
    }

    /// The same, for people: with a pattern it may not be found.
    pub(crate) fn first_near(&self, filter: &Filter, cursor: u64) -> Option<EventId> {
        if filter.prefixes().is_empty() {
            return self.first_after(filter, cursor);
        }
        let mut own = self.of_patterns(filter, cursor + 1, cursor + LOOKED_AT_FOR_PEOPLE);
        own.next().map(|(offset, _)| self.id(offset))
    }

    /// The cursor from which the last `count` records of a filter are still ahead; none where that is not known yet, and is to be
    /// asked again.
    pub(crate) fn before_last(
        &self,
        filter: &Filter,
        count: usize,
        seek: &mut Seek,
    ) -> Option<u64> {
        if !filter.prefixes().is_empty() {
            return seek.last_of_patterns(self, filter, count);
        }
        let topics = filter.topics().iter();
        let held = topics.filter_map(|topic| Some(self.index.get(topic)?.after(0)));
        let first = merge::from_the_end(held, count);
        Some(first.map_or(self.last(), |offset| offset - 1))
    }

    /// The same as [`before_held`](Self::before_held), in pieces.
    pub(crate) fn seek_held(&self, filter: &Filter, seek: &mut Seek) -> Option<u64> {
        if !filter.prefixes().is_empty() {
            return seek.first_of_patterns(self, filter);
        }
        Some(self.before_held(filter))
    }

    /// How many of the last `count` records are not held, as [`before_last`](Self::before_last) has found with the same `seek`.
    pub(crate) fn lacks(&self, filter: &Filter, count: usize, seek: &Seek) -> usize {
        if !filter.prefixes().is_empty() {
            return seek.lacks();
        }
        count - self.of_topics(filter, 0).take(count).count()
    }

    /// The cursor just before the first held record of a filter; the log's end where none is held.
    pub(crate) fn before_held(&self, filter: &Filter) -> u64 {
        self.first_offset_after(filter, 0)
            .map_or(self.last(), |offset| offset - 1)
    }

    /// Frames after `cursor`, up to `max_bytes`, or one that is larger.
    pub(crate) fn read(&self, filter: &Filter, cursor: u64, max_bytes: usize) -> Found {
        if filter.prefixes().is_empty() {
            let own = self.of_topics(filter, cursor);
            let records = own.filter_map(|offset| Some((offset, self.record(offset)?)));
            return self.collect(filter, records, cursor, self.last(), max_bytes);
        }
        let from = cursor.max(self.before_first()) + 1;
        let to = self.last().min(from + LOOKED_AT - 1);
        let records = self.of_patterns(filter, from, to);
        self.collect(filter, records, cursor, to, max_bytes)
    }

    /// `records` are all of a filter's from `cursor` to `to`.
    fn collect<'a>(
        &self,
        filter: &Filter,
        records: impl Iterator<Item = (u64, &'a Record)>,
        cursor: u64,
        to: u64,
        max_bytes: usize,
    ) -> Found {
        let mut found = Found {
            frames: Vec::new(),
            cursor,
            all: false,
        };
        let mut bytes = 0;
        for (offset, record) in records {
            bytes += record.frame.len();
            if bytes > max_bytes && !found.frames.is_empty() {
                return found;
            }
            found.frames.push((offset, record.frame_for(filter)));
            found.cursor = offset;
        }
        // It has all up to there: what others publish in the meantime is not its own, and need not be looked at again.
        found.cursor = found.cursor.max(to);
        found.all = found.cursor >= self.last();
        found
    }
}
