//! Which process a handle belongs to.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use crate::failure::Failure;

/// Remembers the process of a handle's first use. A handle that was not used before a `fork` works in the child; one
/// that was has threads and sockets in the parent, so it fails in the child and goes on in the parent.
#[derive(Debug, Default)]
pub(crate) struct Owner(AtomicU32);

impl Owner {
    /// Of a handle that is in use from its making on.
    pub(crate) fn of_this_process() -> Self {
        Self(AtomicU32::new(std::process::id()))
    }

    /// Whether it was never used.
    pub(crate) fn is_unused(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Whether it was used in another process, before a `fork`: then what it holds is that one's.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let process = self.0.load(Ordering::Acquire);
        process != 0 && process != std::process::id()
    }

    /// Marks this use; `what` names the handle in the error.
    pub(crate) fn check(&self, what: &str) -> Result<(), Failure> {
        let here = std::process::id();
        seed_anew();
        match self
            .0
            .compare_exchange(0, here, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Ok(()),
            Err(process) if process == here => Ok(()),
            Err(process) => Err(Failure::closed(format!(
                "this {what} was opened in process {process}, before a fork: open a new one in this process"
            ))),
        }
    }
}

/// Seeds this thread's random numbers where it has not done so in this process: a fork copies their state, and children that go on from
/// the same one would give their events the same keys.
pub(crate) fn seed_anew() {
    thread_local! {
        static SEEDED_IN: Cell<u32> = const { Cell::new(0) };
    }
    let process = std::process::id();
    if SEEDED_IN.replace(process) == process {
        return;
    }
    let mut hasher = DefaultHasher::new();
    (process, SystemTime::now(), fastrand::u64(..)).hash(&mut hasher);
    fastrand::seed(hasher.finish());
}
