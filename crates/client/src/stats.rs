//! What a stream has done so far, in figures.

use std::time::Duration;

/// What a stream has done so far; see [`EventStream::stats`](crate::EventStream::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStats {
    /// Bytes of event streams that were received: the bodies of answers, decompressed.
    pub bytes: u64,
    /// Events that were decoded, resets among them.
    pub events: u64,
    /// Comments that were decoded, as heartbeats are, whether or not they are given out.
    pub comments: u64,
    /// Attempts to connect after the first; those that failed too, and not the redirects of one.
    pub reconnects: u64,
    /// How long ago the last byte came; `None` before the first.
    pub since_byte: Option<Duration>,
    /// How long ago the last event came; `None` before the first.
    pub since_event: Option<Duration>,
}

/// What a session counts, by its own clock.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bytes: u64,
    pub(crate) events: u64,
    pub(crate) comments: u64,
    pub(crate) attempts: u64,
    pub(crate) last_byte: Option<Duration>,
    pub(crate) last_event: Option<Duration>,
}

impl Counts {
    pub(crate) fn at(&self, now: Duration) -> StreamStats {
        let since = |at: Option<Duration>| at.map(|at| now.saturating_sub(at));
        StreamStats {
            bytes: self.bytes,
            events: self.events,
            comments: self.comments,
            reconnects: self.attempts.saturating_sub(1),
            since_byte: since(self.last_byte),
            since_event: since(self.last_event),
        }
    }
}
