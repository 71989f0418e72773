//! How many of what.

use std::time::Duration;

/// Connections that one load client holds: each has files of its own to open, and an address of its own to come from.
const PER_CLIENT: u32 = 5000;

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// What cargo calls the kind of build.
    pub(super) profile: &'static str,
    /// Whether memory and times are judged.
    pub(super) is_judged: bool,
    pub(super) connections: u32,
    pub(super) publishing: Duration,
    /// From when on memory may not grow.
    pub(super) settled: Duration,
    pub(super) rate: f64,
    /// Bytes of data in an event.
    pub(super) size: u32,
    /// What a slow subscriber reads per second: less than comes, and enough to come to the end of what is on its way.
    pub(super) slow_bytes: u32,
    /// What the hub's log holds: little, so that it is full long before memory is looked at.
    pub(super) log: u32,
    /// Subscribers that are cut, events that each has missed, and seconds within which they come back.
    pub(super) storm: (u32, u32, f64),
    /// Subscribers that do not read beside a publisher, and for how many seconds it publishes.
    pub(super) stalled: (u32, f64),
    pub(super) weighed: [(&'static str, u32); 2],
    /// Events that a slow consumer of each language reads.
    pub(super) slow_events: u64,
}

/// What one load client holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) all: u32,
    pub(super) stalled: u32,
    pub(super) slow: u32,
    pub(super) reconnecting: u32,
}

impl Plan {
    pub(super) fn whole(minutes: u32, connections: u32) -> Self {
        let publishing = Duration::from_secs(u64::from(minutes) * 60);
        Self {
            profile: "release",
            is_judged: true,
            connections,
            publishing,
            // Minute 2, or earlier in a short run.
            settled: Duration::from_secs(120).min(publishing / 2),
            rate: 5.0,
            size: 4096,
            slow_bytes: 8192,
            log: 250,
            storm: (10_000, 1000, 5.0),
            stalled: (1000, 10.0),
            weighed: [("subscriptions", 100_000), ("topics", 1_000_000)],
            slow_events: 10_000_000,
        }
    }

    pub(super) fn quick() -> Self {
        Self {
            profile: "dev",
            is_judged: false,
            connections: 60,
            publishing: Duration::from_secs(8),
            settled: Duration::from_secs(3),
            rate: 50.0,
            size: 4096,
            slow_bytes: 8192,
            // More than there is published: on a machine that is busy with something else, who reads may be behind for seconds.
            log: 1000,
            storm: (50, 100, 0.2),
            stalled: (10, 0.3),
            weighed: [("subscriptions", 1000), ("topics", 1000)],
            slow_events: 20_000,
        }
    }

    /// The most bytes of frames that the hub's log may hold: an id and the framing included.
    pub(super) fn log_bytes(&self) -> u64 {
        u64::from(self.log) * u64::from(self.size + 256)
    }

    /// The load clients. Of every fifty subscribers one is stalled, one slow, and five are cut now and then.
    pub(super) fn shares(&self) -> Vec<Share> {
        // Two at least, so that what one publishes is read by another.
        let clients = self.connections.div_ceil(PER_CLIENT).max(2);
        let share = |at: u32| {
            let all = self.connections * (at + 1) / clients - self.connections * at / clients;
            let part = |of: u32| (all * of / 50).max(1);
            Share {
                all,
                stalled: part(1),
                slow: part(1),
                reconnecting: part(5),
            }
        };
        (0..clients).map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_connections_are_shared_out() {
        for connections in [100, 101, 5000, 15_000, 15_001] {
            let shares = Plan::whole(1, connections).shares();
            assert_eq!(
                shares.iter().map(|share| share.all).sum::<u32>(),
                connections
            );
            assert!(shares.len() >= 2);
            for share in shares {
                assert!(share.all <= PER_CLIENT && share.stalled > 0 && share.slow > 0);
                assert!(share.stalled + share.slow + share.reconnecting < share.all);
            }
        }
    }
}
