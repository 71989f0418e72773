//! Payloads in slices: published to a hub elsewhere, and received from a stream.

mod file;
mod receive;
mod send;

pub use file::FileAssembly;

/// Runs what may block where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        // What follows will say that there is none.
        return work();
    };
    let done = runtime.spawn_blocking(work).await;
    match done.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and with it whoever waits here.
        Err(Err(_)) => std::future::pending().await,
    }
}
