//! How many files this process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// What is left for other things than connections: the log's files, connections to other servers, the program around the hub.
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
    let count = files.map_or(u64::MAX, |files| files.saturating_sub(RESERVE));
    usize::try_from(count).unwrap_or(usize::MAX)
}
