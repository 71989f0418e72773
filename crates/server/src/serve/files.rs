//! How many files this process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// What is left for other things than connections: the log's files, connections to other servers, the program around the hub. Where
/// there are few files, it is half of them.
const RESERVE: u64 = 256;

/// How many connections may be served. Raises the soft limit to the hard one, which is what it is there for.
pub(super) fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            debug!(target: "eventwire::hub", %error, "cannot raise the limit of open files");
            limit.current
        }
    };
    // None is no limit.
    let count = files.map_or(u64::MAX, without_reserve);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// At least one: a server that refuses everybody is none.
fn without_reserve(files: u64) -> u64 {
    (files - RESERVE.min(files / 2)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_a_low_limit_some_connections_are_left() {
        for (files, connections) in [
            (u64::MAX, u64::MAX - 256),
            (1024, 768),
            (512, 256),
            (300, 150),
            (256, 128),
            (64, 32),
            (1, 1),
            (0, 1),
        ] {
            assert_eq!(without_reserve(files), connections, "{files} files");
        }
    }
}
