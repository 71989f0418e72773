//! What the service and the driver of a connection see of its gate.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Waker};

use crate::stats::End;

/// What the service and the driver of a connection see of its gate.
#[derive(Debug, Default)]
pub(in crate::serve) struct Link {
    /// Nothing is handed on until the request that is being answered is decided about.
    pub(super) shut: AtomicBool,
    /// Bytes that are a body, and so not looked at.
    pub(super) body: AtomicU64,
    /// How much is a body cannot be told from outside: from now on, anything may be beyond the gate.
    pub(super) opaque: AtomicBool,
    /// The client has sent more than the head that is being answered.
    pub(super) unread: AtomicBool,
    /// hyper may have bytes to write.
    pub(super) unflushed: AtomicBool,
    /// Why the connection has ended, where the socket says it.
    pub(super) end: OnceLock<End>,
    reader: Mutex<Option<Waker>>,
}

impl Link {
    /// Holds back what comes after the head that was handed on last.
    pub(in crate::serve) fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
    }

    pub(in crate::serve) fn open(&self) {
        self.shut.store(false, Ordering::Relaxed);
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.take() {
            reader.wake();
        }
    }

    pub(super) fn wait(&self, cx: &Context<'_>) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        *reader = Some(cx.waker().clone());
    }

    /// The next `length` bytes are a body.
    pub(in crate::serve) fn body(&self, length: u64) {
        self.body.store(length, Ordering::Relaxed);
    }

    /// What comes next cannot be told apart.
    pub(in crate::serve) fn opaque(&self) {
        self.opaque.store(true, Ordering::Relaxed);
    }

    /// Whether nothing that the client sent before now is beyond the gate or in it.
    pub(in crate::serve) fn is_read_up(&self) -> bool {
        !self.opaque.load(Ordering::Relaxed) && !self.unread.load(Ordering::Relaxed)
    }

    /// Whether the client may be in the middle of what it sends: a body was not read to its end, or its end cannot be told.
    pub(in crate::serve) fn more_to_come(&self) -> bool {
        !self.is_read_up() || self.body.load(Ordering::Relaxed) > 0
    }

    pub(in crate::serve) fn is_flushed(&self) -> bool {
        !self.unflushed.load(Ordering::Relaxed)
    }

    /// Why the connection has ended, if not because the client has gone.
    pub(in crate::serve) fn end(&self) -> Option<End> {
        self.end.get().copied()
    }

    /// Notes what an error says. There is none where the client has gone: that is no error, or a reset.
    pub(super) fn note(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::TimedOut {
            self.end.get_or_init(|| End::Vanished);
        }
    }
}
