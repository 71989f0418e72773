//! The Tokio runtime under both bindings: it starts on first use, survives `fork` and is shut down at exit.
//!
//! A `fork` copies the memory of a runtime, but none of its threads: in the child it is a corpse that must be neither
//! used nor dropped (dropping would wait for threads that do not exist). So the runtime remembers its process, and a
//! child that finds another's starts its own and leaves the old one alone.

use std::future::Future;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// How many threads drive sockets and timers. What the other language's thread does not do itself is little.
const WORKERS: usize = 2;

struct Home {
    process: u32,
    runtime: Runtime,
}

/// Null before the first use. Leaked after a fork on purpose (see the module), else freed by [`shutdown`].
static HOME: AtomicPtr<Home> = AtomicPtr::new(ptr::null_mut());

/// A handle to this process's runtime, which is started where it does not run.
///
/// # Errors
///
/// A failure where the operating system gives no thread.
pub fn handle() -> Result<Handle, Failure> {
    loop {
        let current = HOME.load(Ordering::Acquire);
        if let Some(handle) = handle_of(current) {
            return Ok(handle);
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("eventwire")
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::internal(format!(
                    "cannot start the threads of eventwire: {error}; is a limit on threads reached?"
                ))
            })?;
        let fresh = Box::into_raw(Box::new(Home {
            process: std::process::id(),
            runtime,
        }));
        match HOME.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => continue,
            // Another thread was quicker: take its runtime and end ours.
            #[allow(unsafe_code)]
            // SAFETY: `fresh` was made by `Box::into_raw` above and nobody else has seen it.
            Err(_) => unsafe { Box::from_raw(fresh) }
                .runtime
                .shutdown_background(),
        }
    }
}

#[allow(unsafe_code)]
fn handle_of(home: *mut Home) -> Option<Handle> {
    // SAFETY: a published pointer is freed by `shutdown` only, which the bindings call when no thread of their
    // language runs any more.
    let home = unsafe { home.as_ref() }?;
    (home.process == std::process::id()).then(|| home.runtime.handle().clone())
}

/// Runs `future` on the runtime.
///
/// # Errors
///
/// As [`handle`].
pub fn spawn<F>(future: F) -> Result<JoinHandle<F::Output>, Failure>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Ok(handle()?.spawn(future))
}

/// Ends the runtime of this process: tasks are dropped, sockets closed, threads waited for at most `patience`. Called
/// once, at the exit of the interpreter or of the last Node environment; a later use starts a new one.
pub fn shutdown(patience: Duration) {
    let home = HOME.swap(ptr::null_mut(), Ordering::AcqRel);
    if handle_of(home).is_none() {
        return;
    }
    #[allow(unsafe_code)]
    // SAFETY: the pointer came from `Box::into_raw`, was taken out of HOME by this thread alone, and belongs to this
    // process.
    let home = unsafe { Box::from_raw(home) };
    home.runtime.shutdown_timeout(patience);
}
