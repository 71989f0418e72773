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
    /// Events published since the hub was made; a repeated key counts once.
    pub published: u64,
    /// Frames given to subscriptions since the hub was made; marks, heartbeats and resets do not count.
    pub delivered: u64,
    /// The bytes of those frames, without what HTTP puts around them.
    pub delivered_bytes: u64,
    /// By how many events the slowest subscriber is behind the log's end; 0 where all have everything. A subscriber whose
    /// topics are quiet is not behind.
    pub lag: u64,
    /// Resets told since the hub was made.
    pub resets: u64,
    /// Events that are retained for newcomers; one under several topics counts for each.
    pub retained: usize,
    /// Bytes of frames that are retained.
    pub retained_bytes: usize,
    /// Events that the log holds in memory.
    pub events: usize,
    /// Bytes of frames that the log holds in memory.
    pub bytes: usize,
    /// The first event that the log holds, if it holds any.
    pub first: Option<EventId>,
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
    /// Its peer had vanished: what was sent to it, or a probe, was not acknowledged in time.
    pub vanished: u64,
    /// The log's tail had passed it.
    pub slow: u64,
    /// It had taken nothing for the server's write timeout.
    pub stalled: u64,
    /// What it had missed could not be read from the store.
    pub failed: u64,
    /// What it was allowed had expired.
    pub expired: u64,
    /// The server that it was read through was drained.
    pub drained: u64,
    /// It, the hub, or the server that it was read through was closed.
    pub closed: u64,
}

impl Ended {
    /// Each reason by its name, with its count.
    ///
    /// ```
    /// let stats = eventwire_server::Hub::new().stats();
    /// assert!(stats.ended.reasons().all(|(_, count)| count == 0));
    /// ```
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("gone", self.gone),
            ("vanished", self.vanished),
            ("slow", self.slow),
            ("stalled", self.stalled),
            ("failed", self.failed),
            ("expired", self.expired),
            ("drained", self.drained),
            ("closed", self.closed),
        ]
        .into_iter()
    }

    /// `None` where the subscription had not ended by itself.
    pub(crate) fn count(&mut self, end: Option<End>) {
        *match end {
            None => &mut self.gone,
            Some(End::Vanished) => &mut self.vanished,
            Some(End::Slow) => &mut self.slow,
            Some(End::Stalled) => &mut self.stalled,
            Some(End::Failed) => &mut self.failed,
            Some(End::Expired) => &mut self.expired,
            Some(End::Drained) => &mut self.drained,
            Some(End::Closed) => &mut self.closed,
        } += 1;
    }
}

/// Why a subscription ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Its peer answered no more.
    Vanished,
    /// The log's tail passed it, and it was to be ended then ([`Slow::Disconnect`](crate::Slow::Disconnect)).
    Slow,
    /// Its peer took nothing for too long.
    Stalled,
    /// The store could not be read.
    Failed,
    /// Its time was over.
    Expired,
    /// It had all that was published before its server was to end.
    Drained,
    /// It, its server or the hub was closed.
    Closed,
}
