//! Ending a stream from anywhere.

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
    reader: AtomicWaker,
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
}
