//! What comes to a shard from other threads.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::{Registry, Token};

use super::super::handover::Taken;
use crate::state::Shard;

/// How many groups are noted one by one while a shard is busy; beyond that, all are told.
const MAX_TOLD: usize = 64 << 10;

/// Where other threads leave what a shard is to do. It is woken only where it sleeps.
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    sleeping: AtomicBool,
    /// Something else than letters is to be looked at.
    alerted: AtomicBool,
    waker: mio::Waker,
    /// How many streams the shard has, or is about to get.
    load: AtomicUsize,
    /// The cursor of the slowest subscriber that is behind; [`u64::MAX`] where none is.
    slowest: AtomicU64,
}

#[derive(Default)]
struct Queue {
    letters: Letters,
    /// Seats that are given out and not yet taken.
    expected: usize,
    ended: bool,
}

/// What a shard found in its inbox.
#[derive(Default)]
pub(super) struct Letters {
    /// Groups with the first offset that is news for them, in the order of the offsets; once they are taken, each group once.
    pub(super) told: Vec<(u32, u64)>,
    /// From this offset on, there may be news for any group.
    pub(super) told_all: Option<u64>,
    pub(super) arrived: Vec<Taken>,
}

impl Letters {
    /// Leaves of each group its first offset, which says all: so what a shard does for its letters does not grow with a burst under
    /// several topics. The order stays, since a subscriber of several groups goes by the first.
    fn fold(&mut self) {
        if self.told.len() > 1 {
            let mut seen = HashSet::new();
            self.told.retain(|(group, _)| seen.insert(*group));
        }
    }

    fn is_empty(&self) -> bool {
        self.told.is_empty() && self.told_all.is_none() && self.arrived.is_empty()
    }

    fn clear(&mut self) {
        self.told.clear();
        self.told_all = None;
        self.arrived.clear();
    }
}

impl Inbox {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            queue: Mutex::default(),
            sleeping: AtomicBool::new(false),
            alerted: AtomicBool::new(false),
            waker: mio::Waker::new(registry, token)?,
            load: AtomicUsize::new(0),
            slowest: AtomicU64::new(u64::MAX),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything, each group once; `letters` gives its room back.
    pub(super) fn take(&self, letters: &mut Letters) {
        letters.clear();
        std::mem::swap(&mut self.lock().letters, letters);
        letters.fold();
    }

    /// Whether the shard may sleep; then whoever leaves something wakes it.
    pub(super) fn sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        // Looked at after that: whoever comes later finds it asleep.
        if !self.alerted.swap(false, Ordering::SeqCst) && self.lock().letters.is_empty() {
            return true;
        }
        self.sleeping.store(false, Ordering::SeqCst);
        false
    }

    pub(super) fn awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Ends it, unless somebody is on the way: then it goes on.
    pub(super) fn end(&self) -> bool {
        let mut queue = self.lock();
        queue.ended = queue.expected == 0 && queue.letters.arrived.is_empty();
        queue.ended
    }

    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    pub(super) fn left(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether its shard still takes streams.
    pub(super) fn is_open(&self) -> bool {
        !self.lock().ended
    }

    /// Ends it, whoever is on the way.
    pub(super) fn abandon(&self) {
        let letters = {
            let mut queue = self.lock();
            queue.ended = true;
            std::mem::take(&mut queue.letters)
        };
        // Without the lock: a stream that is dropped leaves the hub, whose lock comes before this one.
        drop(letters);
    }

    /// The first offset of what it was told and has not taken yet.
    pub(super) fn first_news(&self) -> Option<u64> {
        let queue = self.lock();
        let told = queue.letters.told.first().map(|(_, offset)| *offset);
        told.or(queue.letters.told_all)
    }

    /// Somebody is at this position, and behind.
    pub(super) fn slowest_of(&self, cursor: u64) {
        self.slowest.fetch_min(cursor, Ordering::Relaxed);
    }

    pub(super) fn set_slowest(&self, cursor: Option<u64>) {
        self.slowest
            .store(cursor.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A place for one stream more, which the shard waits for; none where it has ended.
    pub(super) fn reserve(self: &Arc<Self>) -> Option<Seat> {
        let mut queue = self.lock();
        if queue.ended {
            return None;
        }
        queue.expected += 1;
        self.load.fetch_add(1, Ordering::Relaxed);
        Some(Seat(Some(self.clone())))
    }
}

impl Shard for Inbox {
    fn tell(&self, group: u32, offset: u64) {
        let letters = &mut self.lock().letters;
        // A burst under one topic is one piece of news.
        if letters.told.last().is_some_and(|told| told.0 == group) {
            return;
        }
        if letters.told.len() >= MAX_TOLD {
            letters.told_all.get_or_insert(offset);
        } else {
            letters.told.push((group, offset));
        }
    }

    fn ring(&self) {
        if self.sleeping.swap(false, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            // It looks again at its next timer at the latest.
            tracing::warn!(target: "eventwire::hub", %error, "cannot wake a shard");
        }
    }

    fn alert(&self) {
        self.alerted.store(true, Ordering::SeqCst);
        self.ring();
    }

    fn slowest(&self) -> Option<u64> {
        let slowest = self.slowest.load(Ordering::Relaxed);
        (slowest != u64::MAX).then_some(slowest)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("load", &self.load())
            .finish_non_exhaustive()
    }
}

/// A place in a shard. Dropped, it is free again.
#[derive(Debug)]
pub(in super::super) struct Seat(Option<Arc<Inbox>>);

impl Seat {
    /// Gives the shard its stream. Where the shard has ended unasked, the connection is cut: its client comes back.
    pub(in super::super) fn take(mut self, taken: Taken) {
        let Some(inbox) = self.0.take() else {
            return;
        };
        let nobody_takes = {
            let mut queue = inbox.lock();
            queue.expected -= 1;
            if queue.ended {
                Some(taken)
            } else {
                queue.letters.arrived.push(taken);
                None
            }
        };
        // Without the lock: a stream that is dropped leaves the hub, whose lock comes before this one.
        if nobody_takes.is_some() {
            inbox.left();
        }
        drop(nobody_takes);
        inbox.ring();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(inbox) = self.0.take() {
            inbox.lock().expected -= 1;
            inbox.left();
            // It may have waited for this one alone.
            inbox.alert();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_under_several_topics_is_one_piece_of_news_for_each() {
        let poll = mio::Poll::new().unwrap();
        let inbox = Inbox::new(poll.registry(), Token(0)).unwrap();
        for offset in 1..=30_000 {
            inbox.tell([7, 0, 3][offset as usize % 3], offset);
        }
        assert_eq!(inbox.first_news(), Some(1));
        let mut letters = Letters::default();
        inbox.take(&mut letters);
        assert_eq!(
            (&letters.told[..], letters.told_all),
            (&[(0, 1), (3, 2), (7, 3)][..], None)
        );
        inbox.tell(3, 30_001);
        inbox.take(&mut letters);
        assert_eq!(letters.told, [(3, 30_001)]);
        inbox.take(&mut letters);
        assert!(letters.is_empty());
    }
}
