//! What a stream has done so far, in figures.

use std::time::Duration;

use tokio::time::Instant;

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
#[derive(Clone, Copy, Debug, Default)]
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

/// What a stream has counted, for who tells it to others while the stream is polled: to take it asks no clock, which for every event
/// would cost as much as decoding it.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    counts: Counts,
    now: Now,
}

/// The time of a stream's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Now {
    /// It goes on, and began then.
    Since(Instant),
    /// It is a script's, and stands.
    At(Duration),
}

impl Counted {
    pub(crate) fn new(counts: Counts, now: Now) -> Counted {
        Counted { counts, now }
    }

    /// The figures, with what has passed until now.
    pub fn stats(&self) -> StreamStats {
        self.counts.at(match self.now {
            Now::Since(origin) => origin.elapsed(),
            Now::At(now) => now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_were_taken_tell_what_has_passed_since_unless_a_script_has_the_time() {
        let counts = Counts {
            last_byte: Some(Duration::from_secs(2)),
            ..Counts::default()
        };
        let origin = Instant::now() - Duration::from_secs(9);
        let stats = Counted::new(counts, Now::Since(origin)).stats();
        assert!(stats.since_byte >= Some(Duration::from_secs(7)));
        assert_eq!(stats.since_event, None);

        let stats = Counted::new(counts, Now::At(Duration::from_secs(3))).stats();
        assert_eq!(stats.since_byte, Some(Duration::from_secs(1)));
    }
}
