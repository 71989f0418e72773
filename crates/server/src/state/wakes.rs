//! Who is to be told of what was published, and how.

use std::sync::Arc;
use std::task::Waker;

/// A shard as the hub sees it.
pub(crate) trait Shard: Send + Sync {
    /// The record at `offset` is for this group. Called under the hub's lock, in the order of the offsets: it must be quick.
    fn tell(&self, group: u32, offset: u64);

    /// Wakes it to look at what it was told. Called without the lock.
    fn ring(&self);

    /// Wakes it to look at everything: the hub is closed.
    fn alert(&self);

    /// The offset up to which the slowest of its subscribers has all, where one of them lags behind.
    fn slowest(&self) -> Option<u64>;
}

/// To be woken once the hub is not locked any more.
#[derive(Default)]
#[must_use]
pub(crate) struct Wakes {
    pub(super) wakers: Vec<Waker>,
    pub(super) shards: Vec<Arc<dyn Shard>>,
}

impl Wakes {
    pub(super) fn join(&mut self, more: Self) {
        self.wakers.extend(more.wakers);
        for shard in more.shards {
            if !self.shards.iter().any(|known| Arc::ptr_eq(known, &shard)) {
                self.shards.push(shard);
            }
        }
    }

    pub(crate) fn wake(self) {
        self.wakers.into_iter().for_each(Waker::wake);
        self.shards.iter().for_each(|shard| shard.ring());
    }
}
