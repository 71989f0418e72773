//! Ctrl-C and its like.

/// Waits for a signal that asks to end, and gives the exit code that says so.
pub(crate) async fn received() -> i32 {
    tokio::select! {
        () = interrupted() => 130,
        () = terminated() => 143,
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // It cannot be listened to: then it ends the process by itself.
        std::future::pending().await
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
