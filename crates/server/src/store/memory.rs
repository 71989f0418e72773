//! The store in memory: it numbers, and keeps nothing that the hub's window does not.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Appended, Batch, Newest, Opened, Page, Query, Store, StoreFuture, Window};
use crate::position::Epoch;

/// A log that lives as long as its hub, and holds what the hub's window holds: `memory:`, the default.
#[derive(Debug)]
pub struct Memory {
    epoch: Epoch,
    last: AtomicU64,
}

impl Memory {
    /// An empty log, under a new epoch.
    pub fn new() -> Self {
        Self {
            epoch: Epoch::random(),
            last: AtomicU64::new(0),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Memory {
    fn open(&self, _window: Window) -> StoreFuture<Opened> {
        let opened = Opened::empty(self.epoch).window_is_all();
        StoreFuture::ready(Ok(opened))
    }

    fn append(&self, batch: Batch) -> StoreFuture<Vec<Appended>> {
        let count = batch.len() as u64;
        // It stands for nothing else: whoever appends has the hub's own lock.
        let last = self.last.fetch_add(count, Ordering::Relaxed);
        let offsets = last + 1..=last + count;
        StoreFuture::ready(Ok(offsets.map(Appended::Stored).collect()))
    }

    fn read(&self, query: Query) -> StoreFuture<Page> {
        // Nobody asks where the window is all. What is not in the window is gone.
        StoreFuture::ready(Ok(Page::empty(query.after(), true)))
    }

    fn newest(&self, _newest: Newest) -> StoreFuture<Option<u64>> {
        StoreFuture::ready(Ok(None))
    }
}
