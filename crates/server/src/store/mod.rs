//! Where a log lives: [`Store`], and what crosses between a hub and its store.
//!
//! A hub holds a *window* of its log in memory: the newest records, contiguous and bounded by `max_events`, `max_bytes` and
//! `max_age`. Subscribers are served from there. What lies before the window is asked from the store, in pages.
//!
//! | store | where | beyond the window |
//! |---|---|---|
//! | [`Memory`] | the window itself | nothing |
//!
//! Others are given to a hub by [`HubBuilder::store_with`](crate::HubBuilder::store_with).

mod error;
mod future;
pub(crate) mod index;
pub(crate) mod listeners;
pub(crate) mod log;
mod memory;
pub(crate) mod merge;
mod records;

use std::fmt;

pub use self::error::{Outcome, StoreError};
pub use self::future::StoreFuture;
pub use self::memory::Memory;
pub use self::records::{Appended, Batch, Newest, Opened, Page, Query, StoredRecord, Window};
pub use crate::position::Epoch;
pub use crate::publish::NewEvent;

/// Where a log lives.
///
/// A hub opens it once, appends one batch at a time, and reads from it at any time. No method may block its thread, and none may
/// call the hub. Publishers, and the end of the hub, wait for an answer, though not for longer than
/// [`store_timeout`](crate::HubBuilder::store_timeout): it is dropped then. A dropped answer may have done its work or not.
///
/// Only its hub appends to it. A store that several hubs share would have to tell each of what the others appended: that takes
/// a method more, with a default for stores that have nothing to tell.
///
/// ```
/// use eventwire_server::store::{Appended, Batch, Memory, Newest, Opened, Page, Query, Store, StoreFuture, Window};
///
/// /// Says what it stores.
/// #[derive(Debug)]
/// struct Chatty(Memory);
///
/// impl Store for Chatty {
///     fn open(&self, window: Window) -> StoreFuture<Opened> {
///         self.0.open(window)
///     }
///
///     fn append(&self, batch: Batch) -> StoreFuture<Vec<Appended>> {
///         for event in batch.iter() {
///             println!("{:?}: {} bytes", event.topics(), event.block().len());
///         }
///         self.0.append(batch)
///     }
///
///     fn read(&self, query: Query) -> StoreFuture<Page> {
///         self.0.read(query)
///     }
///
///     fn newest(&self, newest: Newest) -> StoreFuture<Option<u64>> {
///         self.0.newest(newest)
///     }
/// }
///
/// let hub = eventwire_server::Hub::builder().store_with(Chatty(Memory::new())).build();
/// assert!(hub.is_ok());
/// ```
pub trait Store: fmt::Debug + Send + Sync {
    /// Opens the log: its epoch, its end, and its newest records.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: there is no hub then.
    fn open(&self, window: Window) -> StoreFuture<Opened>;

    /// Appends events in their order, all of them or none: what became of each, in the same order. Those that were known by
    /// their key, or refused, do not keep the others from being stored, and consume no offset. The answer comes when they are as
    /// durable as their publishers were promised: they become visible then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing of the batch was stored, or that is not known. Where it is not known, the hub reads on from
    /// its own end before it appends again.
    fn append(&self, batch: Batch) -> StoreFuture<Vec<Appended>>;

    /// A page of records, and whether some that were asked for are gone.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the records may be asked for again.
    fn read(&self, query: Query) -> StoreFuture<Page>;

    /// Where the newest records that are asked for begin: the offset of the oldest of them, which is the oldest one held where fewer
    /// are held than were asked for. None where none is held. They are read from there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it may be asked again.
    fn newest(&self, newest: Newest) -> StoreFuture<Option<u64>>;
}
