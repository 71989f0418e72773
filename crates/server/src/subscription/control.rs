//! Ending a subscription from elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

/// Ends a [`Subscription`](crate::Subscription) from elsewhere, from any thread.
///
/// ```
/// use eventwire_server::{Hub, Subscribe};
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::new();
/// let mut frames = hub.subscribe(Subscribe::to(["orders"]))?;
/// frames.close_handle().close();
/// assert_eq!(frames.next().await, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CloseHandle(pub(super) Arc<Control>);

impl CloseHandle {
    /// Ends the subscription and wakes its reader; a poll that begins after this gives nothing more.
    pub fn close(&self) {
        let reader = {
            let mut state = self.0.lock();
            state.closed = true;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Control(Mutex<ControlState>);

#[derive(Debug, Default)]
struct ControlState {
    closed: bool,
    reader: Option<Waker>,
}

impl Control {
    fn lock(&self) -> std::sync::MutexGuard<'_, ControlState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was closed; if not, the closing will wake.
    pub(super) fn is_closed(&self, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        state.reader = Some(cx.waker().clone());
        state.closed
    }

    /// Nobody reads any more.
    pub(super) fn forget_reader(&self) {
        self.lock().reader = None;
    }
}
