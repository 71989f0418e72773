//! Looking for where a filter with patterns begins. There is no index of a pattern, so that the whole window may have to be looked
//! at: in pieces, between which the log is free for others.

use super::Log;
use crate::filter::Filter;

/// How many records are looked at in one piece.
const PIECE: u64 = 1024;

/// How far somebody has looked.
#[derive(Debug, Default)]
pub(crate) struct Seek {
    /// None of the held records up to here is for the filter.
    none_up_to: u64,
    back: Option<Back>,
}

/// How far it was looked from the end.
#[derive(Debug)]
struct Back {
    /// The log's end when it began. What is published meanwhile comes on top of what was asked for.
    end: u64,
    /// All from here on were looked at.
    from: u64,
    /// How many of the last ones are still to be found.
    left: usize,
    /// The first of those that were found.
    first: Option<u64>,
}

impl Seek {
    /// The cursor just before the first held record; the log's end where none is held.
    pub(super) fn first_of_patterns(&mut self, log: &Log, filter: &Filter) -> Option<u64> {
        let from = self.none_up_to.max(log.before_first()) + 1;
        let to = log.last().min(from + PIECE - 1);
        if let Some((first, _)) = log.of_patterns(filter, from, to).next() {
            return Some(first - 1);
        }
        self.none_up_to = self.none_up_to.max(to);
        (to == log.last()).then_some(to)
    }

    /// The cursor from which the last `count` records are still ahead.
    pub(super) fn last_of_patterns(
        &mut self,
        log: &Log,
        filter: &Filter,
        count: usize,
    ) -> Option<u64> {
        let back = self.back.get_or_insert(Back {
            end: log.last(),
            from: log.last() + 1,
            left: count,
            first: None,
        });
        let to = back.from - 1;
        let from = back.from.saturating_sub(PIECE).max(log.first);
        let mut own = log.of_patterns(filter, from, to).rev();
        while back.left > 0
            && let Some((offset, _)) = own.next()
        {
            back.left -= 1;
            back.first = Some(offset);
        }
        back.from = from.min(back.from);
        if back.left > 0 && from > log.first {
            return None;
        }
        let cursor = back.first.map_or(back.end, |first| first - 1);
        // What was found may be gone by now.
        Some(cursor.max(log.before_first()))
    }

    /// How many of the last records it has not found.
    pub(super) fn lacks(&self) -> usize {
        self.back.as_ref().map_or(0, |back| back.left)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::{Bounds, Entry, Log};
    use super::*;
    use crate::position::Epoch;
    use crate::publish::Publication;
    use crate::topic;

    fn log(max_events: usize) -> Log {
        let bounds = Bounds {
            max_events,
            max_bytes: 1 << 30,
            max_age: None,
            max_topics: 10,
        };
        Log::new(bounds, Epoch::random(), 0)
    }

    fn push(log: &mut Log, topic: &str, count: usize) {
        for _ in 0..count {
            let event = Publication::new(topic, "x").prepare(usize::MAX).unwrap();
            let id = log.id(log.last() + 1);
            log.push(Entry::new(event, &id), Instant::now());
        }
    }

    fn filter(pattern: &str) -> Filter {
        topic::filter([pattern]).unwrap()
    }

    /// The cursor, and in how many pieces it was found, with something happening between them.
    fn found(
        log: &mut Log,
        mut ask: impl FnMut(&Log, &mut Seek) -> Option<u64>,
        mut between: impl FnMut(&mut Log),
    ) -> (u64, usize) {
        let mut seek = Seek::default();
        for pieces in 1..1000 {
            if let Some(cursor) = ask(log, &mut seek) {
                assert_eq!(ask(log, &mut seek), Some(cursor), "asked again");
                return (cursor, pieces);
            }
            between(log);
        }
        panic!("it goes on for ever");
    }

    #[test]
    fn the_window_is_looked_at_in_pieces() {
        let mut log = log(100_000);
        push(&mut log, "other", 10_000);
        push(&mut log, "p/1", 3);
        push(&mut log, "other", 10_000);
        let first =
            |pattern| move |log: &Log, seek: &mut Seek| log.seek_held(&filter(pattern), seek);
        let last = |pattern, count| {
            move |log: &Log, seek: &mut Seek| log.before_last(&filter(pattern), count, seek)
        };
        let nothing = |_: &mut Log| {};
        assert_eq!(found(&mut log, first("p/*"), nothing), (10_000, 10));
        assert_eq!(found(&mut log, first("q/*"), nothing), (20_003, 20));
        assert_eq!(found(&mut log, first("*"), nothing), (0, 1));
        assert_eq!(found(&mut log, last("p/*", 2), nothing), (10_001, 10));
        assert_eq!(found(&mut log, last("p/*", 4), nothing), (10_000, 20));
        assert_eq!(found(&mut log, last("q/*", 1), nothing), (20_003, 20));
        assert_eq!(found(&mut log, last("p/*", 0), nothing), (20_003, 1));
        assert_eq!(found(&mut log, last("*", 5_000), nothing), (15_003, 5));
        assert_eq!(found(&mut log, last("*", usize::MAX), nothing), (0, 20));
    }

    #[test]
    fn what_comes_and_goes_between_the_pieces_is_seen() {
        let first = |log: &Log, seek: &mut Seek| log.seek_held(&filter("p/*"), seek);
        let last = |log: &Log, seek: &mut Seek| log.before_last(&filter("p/*"), 2, seek);
        // One that comes behind all that were looked at.
        let mut come = log(100_000);
        push(&mut come, "other", 3_000);
        let cursor = found(&mut come, first, |log| push(log, "p/1", 1)).0;
        assert_eq!(cursor, 3_000);
        // The tail overtakes who looks.
        let mut go = log(3_000);
        push(&mut go, "p/1", 2);
        push(&mut go, "other", 2_998);
        let (cursor, _) = found(&mut go, last, |log| push(log, "other", 2_000));
        assert_eq!((cursor, go.before_first()), (3_000, 2_000));
        push(&mut go, "p/1", 1);
        let cursor = found(&mut go, first, |log| push(log, "other", 500)).0;
        assert!(cursor >= go.before_first());
        assert_eq!(cursor, go.before_held(&filter("p/*")));
        // One of the two that were found is gone.
        let mut gone = log(2_000);
        push(&mut gone, "other", 800);
        push(&mut gone, "p/1", 1);
        push(&mut gone, "other", 1_198);
        push(&mut gone, "p/1", 1);
        let last_three = |log: &Log, seek: &mut Seek| log.before_last(&filter("p/*"), 3, seek);
        let (cursor, _) = found(&mut gone, last_three, |log| push(log, "other", 900));
        assert_eq!((cursor, gone.before_first()), (1_999, 900));
        // The last two of when it began, and what has come since.
        let mut more = log(100_000);
        push(&mut more, "p/1", 5);
        push(&mut more, "other", 2_000);
        let cursor = found(&mut more, last, |log| push(log, "p/1", 1)).0;
        assert_eq!(cursor, 3);
    }

    #[test]
    fn an_empty_window_is_looked_at_once() {
        let mut empty = log(10);
        for cursor in [
            empty.seek_held(&filter("*"), &mut Seek::default()),
            empty.before_last(&filter("*"), 3, &mut Seek::default()),
        ] {
            assert_eq!(cursor, Some(0));
        }
        push(&mut empty, "p", 1);
        let all = empty.before_last(&filter("*"), 3, &mut Seek::default());
        assert_eq!(all, Some(0));
    }
}
