//! Ending a stream from anywhere, and making it connect again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// Ends an [`EventStream`](crate::EventStream) from any thread or task.
///
/// ```
/// # fn main() -> Result<(), eventwire_client::Error> {
/// let stream = eventwire_client::ConnectOptions::new("http://127.0.0.1:8844/events?topic=a").open()?;
/// let closer = stream.closer();
/// std::thread::spawn(move || closer.close());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Closer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    closed: AtomicBool,
    restart: AtomicBool,
    reader: AtomicWaker,
}

impl Shared {
    fn restart(&self) {
        self.restart.store(true, Ordering::Release);
        self.reader.wake();
    }
}

impl Closer {
    /// Ends the stream: a reader that waits wakes at once and sees the end, and a poll that begins after this returns
    /// delivers nothing more. The connection is given back when the reader has seen it. Closing twice is harmless.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.reader.wake();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Registered before `is_closed` is read, so that no close falls between the two.
    pub(crate) fn register(&self, waker: &Waker) {
        self.shared.reader.register(waker);
    }

    /// The other handle of the same stream.
    pub(crate) fn restarter(&self) -> Restarter {
        Restarter {
            shared: self.shared.clone(),
        }
    }

    /// Whether a restart was asked for since the last call.
    pub(crate) fn take_restart(&self) -> bool {
        // Read first: this is asked for every event, and a swap costs more.
        self.shared.restart.load(Ordering::Acquire)
            && self.shared.restart.swap(false, Ordering::AcqRel)
    }
}

/// Makes an [`EventStream`](crate::EventStream) connect again, from any thread or task.
///
/// ```
/// # fn main() -> Result<(), eventwire_client::Error> {
/// let stream = eventwire_client::ConnectOptions::new("http://127.0.0.1:8844/events?topic=a").open()?;
/// let restarter = stream.restarter();
/// // The network has changed, say: do not wait until the old connection is found to be dead.
/// std::thread::spawn(move || restarter.restart());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Restarter {
    shared: Arc<Shared>,
}

impl Restarter {
    /// As [`EventStream::restart`](crate::EventStream::restart). The reader, woken where it waits, does it when it next
    /// looks; several calls before that are one.
    pub fn restart(&self) {
        self.shared.restart();
    }
}
