//! Ctrl-C and its like.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask to end. They are caught from the making of this on: what is said to be ready can be told to end.
#[derive(Debug)]
pub(crate) struct Signals {
    /// `None` where it cannot be caught, and so ends the process by itself.
    #[cfg(unix)]
    interrupt: Option<Signal>,
    #[cfg(unix)]
    terminate: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn catch() -> Signals {
        Signals {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for a signal, and gives the exit code that says so.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn received(&mut self) -> i32 {
        tokio::select! {
            () = one(&mut self.interrupt) => 130,
            () = one(&mut self.terminate) => 143,
        }
    }
}

#[cfg(unix)]
async fn one(signal: &mut Option<Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn catch() -> Signals {
        Signals {}
    }

    /// Waits for Ctrl-C, and gives the exit code that says so.
    pub(crate) async fn received(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}
