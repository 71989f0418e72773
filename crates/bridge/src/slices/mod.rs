//! Payloads in slices as handles. What blocks, on a file or on hashing, runs on the runtime's threads for that; the other
//! language waits for it as for any [`Task`](crate::task::Task).

mod assembly;
mod receiver;
mod sender;

pub use assembly::Assembly;
pub use eventwire_codec::slices::{ReceiveOptions, SendOptions, Transfer};
pub use receiver::FileReceiver;
pub use sender::{Sliced, Slices, Source};

use crate::failure::Failure;
use crate::runtime;

/// Runs what may block on a thread of the runtime that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = runtime::handle()?.spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Failure::closed("the process ends")))
}
