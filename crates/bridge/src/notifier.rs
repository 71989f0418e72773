//! One wake-up for all mailboxes of one event loop.

use std::fmt;

use crate::sync::{Mutex, lock};

/// Collects which mailboxes have something and wakes their event loop once for all of them.
///
/// The wake is called on the edge from "nothing ready" to "something ready" only: a loop that is busy is not woken
/// again for what it will see anyway. It is called from a thread of the runtime and must only signal (write to an
/// eventfd, call a thread-safe function): never run code of the other language.
pub struct Notifier {
    ready: Mutex<Vec<u64>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Notifier {
    /// A notifier that signals its event loop by `wake`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            ready: Mutex::new(Vec::new()),
            wake: Box::new(wake),
        }
    }

    /// Says that the holder of `token` has something to fetch.
    pub fn notify(&self, token: u64) {
        let first = {
            let mut ready = lock(&self.ready);
            ready.push(token);
            ready.len() == 1
        };
        if first {
            (self.wake)();
        }
    }

    /// The tokens that became ready since the last call; the event loop calls it when it was woken.
    pub fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *lock(&self.ready))
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").finish_non_exhaustive()
    }
}
