//! What a hub can say of itself.

use crate::position::EventId;

/// A hub's figures at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Subscriptions that are open.
    pub subscribers: usize,
    /// Topics that are known.
    pub topics: usize,
    /// Events published since the hub was made.
    pub published: u64,
    /// Events that the log holds.
    pub events: usize,
    /// Bytes of frames that the log holds.
    pub bytes: usize,
    /// The position of the log's end.
    pub last: EventId,
    /// Subscriptions that have ended, by reason.
    pub ended: Ended,
}

/// How many subscriptions have ended, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The reader went away.
    pub gone: u64,
    /// The log's tail had passed it.
    pub slow: u64,
    /// What it was allowed had expired.
    pub expired: u64,
    /// The hub was closed.
    pub closed: u64,
}
