//! What a hub, its subscriptions and its shards share.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::appender::{self, Appender};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::options::Slow;
use crate::position::Epoch;
use crate::resume::{self, Reason};
use crate::retained::Retained;
use crate::stats::{End, Ended};
use crate::store::listeners::{SubscriberId, Woken};
use crate::store::log::{Entry, Log};
use crate::store::{Store, StoreError, StoredRecord};
use crate::topic::Topic;

mod content;
mod wakes;

pub(crate) use self::content::{Content, Delivered};
pub(crate) use self::wakes::{Shard, Wakes};

pub(crate) struct Shared {
    state: Mutex<State>,
    /// How many wait for the state.
    waiting: AtomicUsize,
    /// Held by the one who looks through the window, one at a time, so that others wait for one piece of that at most.
    seeking: Mutex<()>,
    pub(crate) appender: Appender,
    pub(crate) store: Arc<dyn Store>,
    /// Whether the store holds nothing that the window does not.
    pub(crate) window_is_all: bool,
    pub(crate) epoch: Epoch,
    /// Where the hub was made; a store may need one to wait in.
    pub(crate) runtime: Option<Handle>,
    /// Nobody can publish or subscribe any more.
    pub(crate) closed: AtomicBool,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) slow: Slow,
    /// How long the store may take for one answer.
    pub(crate) store_timeout: Option<Duration>,
    /// How many bytes an event may have, as a client counts.
    pub(crate) max_event: usize,
    pub(crate) delivered: Delivered,
}

/// How often somebody who gives way lets others run.
const GIVE_WAY: usize = 100;

pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) retained: Retained,
    /// Nothing comes any more, and subscriptions end when they have all.
    pub(crate) closed: bool,
    pub(crate) published: u64,
    /// Subscriptions that are open, here and in shards.
    pub(crate) subscribers: usize,
    pub(crate) ended: Ended,
    /// Of each subscription of the own process the offset up to which it has all; [`WAITING`] where it has everything and
    /// waits for the next.
    pub(crate) readers: Slab<u64>,
    pub(crate) shards: Slab<Arc<dyn Shard>>,
}

/// Nothing was published for this reader since it has read.
pub(crate) const WAITING: u64 = u64::MAX;

/// What a subscriber finds behind its cursor.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where something of it is gone already: what says so, to be sent first.
    pub(crate) reset: Option<Frame>,
    /// Frames with their offsets. There may be none although `all` is false, where what was looked at for a pattern was others'.
    pub(crate) frames: Vec<(u64, Frame)>,
    /// The position up to which the subscriber then has all that is its own.
    pub(crate) cursor: u64,
    /// Whether that is the log's end.
    pub(crate) all: bool,
}

impl Page {
    pub(crate) fn content(&self) -> Content {
        let events = self.frames.iter().map(|(_, frame)| Content::event(frame));
        self.reset
            .iter()
            .map(|_| Content::RESET)
            .chain(events)
            .sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reset.is_none() && self.frames.is_empty()
    }
}

/// What a hub is made of.
pub(crate) struct Parts {
    pub(crate) log: Log,
    pub(crate) retained: Retained,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) window_is_all: bool,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) slow: Slow,
    pub(crate) store_timeout: Option<Duration>,
    pub(crate) max_event: usize,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let state = State {
            log: parts.log,
            retained: parts.retained,
            closed: false,
            published: 0,
            subscribers: 0,
            ended: Ended::default(),
            readers: Slab::new(),
            shards: Slab::new(),
        };
        Self {
            epoch: state.log.epoch(),
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
            seeking: Mutex::default(),
            appender: Appender::default(),
            store: parts.store,
            window_is_all: parts.window_is_all,
            runtime: Handle::try_current().ok(),
            closed: AtomicBool::new(false),
            heartbeat: parts.heartbeat,
            retry: parts.retry,
            slow: parts.slow,
            store_timeout: parts.store_timeout,
            max_event: parts.max_event,
            delivered: Delivered::default(),
        }
    }

    /// Locks, also after a panic of another thread: a publication is appended whole or not at all.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        match self.state.try_lock() {
            Ok(state) => return state,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        state
    }

    /// Waits for its turn to look through the window in pieces.
    pub(crate) fn seek(&self) -> MutexGuard<'_, ()> {
        self.seeking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Between two pieces, lets those in who wait: whoever has just let go of a lock is else the first to have it again. Only for a
    /// while, as there may always be somebody.
    pub(crate) fn give_way(&self) {
        for _ in 0..GIVE_WAY {
            if self.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// A shard has taken a subscription over: from now on it tells and counts it.
    pub(crate) fn hand_over(&self, subscriber: SubscriberId) {
        self.lock().readers.try_remove(subscriber);
    }

    /// A subscription of the own process is gone; `end` says why, where it had ended by itself.
    pub(crate) fn leave(&self, filter: &Filter, subscriber: SubscriberId, end: Option<End>) {
        let _wakers = {
            let mut state = self.lock();
            state.readers.try_remove(subscriber);
            state.count_end(end);
            state.log.index.unsubscribe(filter, Some(subscriber))
        };
    }

    /// What a shard does with a subscriber that the window has passed. What it would skip may be in the store, which no shard
    /// waits for: so it ends then, and comes back through the store.
    pub(crate) fn slow_by_shard(&self) -> Slow {
        if self.window_is_all {
            self.slow
        } else {
            Slow::Disconnect
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        appender::close(self);
    }

    /// Nothing comes any more.
    pub(crate) fn end(&self) {
        let mut woken = Woken::default();
        let shards: Vec<_> = {
            let mut state = self.lock();
            state.closed = true;
            state.log.index.take_all_waiting(&mut woken);
            state
                .shards
                .iter()
                .map(|(_, shard)| shard.clone())
                .collect()
        };
        woken.wakers.into_iter().for_each(Waker::wake);
        // To look at more than what they were told: a shard that is busy just now would else go to sleep without having seen it.
        shards.iter().for_each(|shard| shard.alert());
    }
}

impl State {
    /// Takes in what a store had when it was opened: ascending, without a hole.
    pub(crate) fn restore(&mut self, records: Vec<StoredRecord>) -> Result<(), StoreError> {
        let now = Instant::now();
        for record in records {
            if record.offset() != self.log.last() + 1 {
                return Err(StoreError::not_stored(format!(
                    "the store is broken: it opened with a record at {} behind the one at {}",
                    record.offset(),
                    self.log.last()
                )));
            }
            let id = self.log.id(record.offset());
            let at = now.checked_sub(record.age).unwrap_or(now);
            let entry = record.into_entry(&id);
            self.retained.keep(&entry, id.offset);
            self.log.push(entry, at);
        }
        Ok(())
    }

    /// Makes an event visible that the store has.
    pub(crate) fn record(&mut self, entry: Entry, at: Instant, wakes: &mut Wakes) {
        let offset = self.log.last() + 1;
        self.published += 1;
        wakes.join(self.tell(&entry.topics, offset));
        self.retained.keep(&entry, offset);
        self.log.push(entry, at);
    }

    /// A subscription of a shard is gone.
    pub(crate) fn leave(&mut self, filter: &Filter, end: Option<End>) {
        self.count_end(end);
        // It waits nowhere, so there are no wakers.
        self.log.index.unsubscribe(filter, None);
    }

    fn count_end(&mut self, end: Option<End>) {
        self.subscribers -= 1;
        self.ended.count(end);
    }

    /// Tells all who want the record at `offset`.
    pub(crate) fn tell(&mut self, topics: &[Topic], offset: u64) -> Wakes {
        let mut woken = Woken::default();
        for topic in topics {
            self.log.index.wake(topic, &mut woken);
        }
        for reader in woken.readers {
            // Of several topics of one event, the first finds it waiting.
            if let Some(position) = self.readers.get_mut(reader).filter(|at| **at == WAITING) {
                *position = offset - 1;
            }
        }
        let mut shards: Vec<Arc<dyn Shard>> = Vec::new();
        let mut rung: Vec<u32> = Vec::new();
        for group in woken.groups {
            let Some(shard) = self.shards.get(group.shard as usize) else {
                continue;
            };
            shard.tell(group.group, offset);
            if !rung.contains(&group.shard) {
                rung.push(group.shard);
                shards.push(shard.clone());
            }
        }
        Wakes {
            wakers: woken.wakers,
            shards,
        }
    }

    /// Reads on from a cursor, at least one frame where there is one.
    ///
    /// # Errors
    ///
    /// What was behind the cursor is gone, and the hub does not skip.
    pub(crate) fn read(
        &self,
        filter: &Filter,
        mut cursor: u64,
        max_bytes: usize,
        slow: Slow,
    ) -> Result<Page, End> {
        let mut reset = None;
        if self.log.lost(filter, cursor) {
            if slow == Slow::Disconnect {
                return Err(End::Slow);
            }
            let requested = self.log.id(cursor).to_string();
            cursor = self.log.before_held(filter);
            let reason = Reason::Evicted;
            let block = resume::reset_block(&self.log, filter, cursor, &requested, reason);
            reset = Some(Frame::new(&block));
        }
        let found = self.log.read(filter, cursor, max_bytes);
        Ok(Page {
            reset,
            frames: found.frames,
            cursor: found.cursor,
            all: found.all,
        })
    }

    /// By how many events the slowest subscriber is behind the log's end.
    pub(crate) fn lag(&self) -> u64 {
        let readers = self.readers.iter().map(|(_, position)| *position);
        let shards = self.shards.iter().filter_map(|(_, shard)| shard.slowest());
        let slowest = readers.filter(|at| *at != WAITING).chain(shards).min();
        slowest.map_or(0, |at| self.log.last().saturating_sub(at))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
