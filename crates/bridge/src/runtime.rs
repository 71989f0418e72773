//! The Tokio runtime under both bindings: it starts on first use, survives `fork` and is shut down at exit.
//!
//! A `fork` copies the memory of a runtime, but none of its threads: in the child it is a corpse that must be neither
//! used nor dropped (dropping would wait for threads that do not exist). So the runtime remembers its process, and a
//! child that finds another's starts its own and leaves the old one alone.

use std::future::Future;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

pub use eventwire_client::save_all;

use crate::failure::Failure;

/// How many threads drive sockets and timers. What the other language's thread does not do itself is little.
const WORKERS: usize = 2;

struct Home {
    process: u32,
    handle: Handle,
    /// Until [`shutdown`] takes it.
    runtime: Mutex<Option<Runtime>>,
}

/// Null before the first use. A home is never freed, for a thread may be looking at it: there is one per process, and after
/// a fork another (see the module).
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
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        }));
        if HOME
            .compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
        {
            // Another thread was quicker: take its runtime and end ours.
            #[allow(unsafe_code)]
            // SAFETY: `fresh` was made by `Box::into_raw` above and nobody else has seen it.
            let unseen = unsafe { Box::from_raw(fresh) };
            unseen.end(Runtime::shutdown_background);
        }
    }
}

impl Home {
    fn end(&self, end: impl FnOnce(Runtime)) {
        let runtime = self
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(runtime) = runtime {
            end(runtime);
        }
    }
}

/// The home that `pointer` leads to, where it is this process's.
#[allow(unsafe_code)]
fn own(pointer: *mut Home) -> Option<&'static Home> {
    // SAFETY: it is null or was published in HOME, and what was published is never freed.
    let home: &'static Home = unsafe { pointer.as_ref() }?;
    (home.process == std::process::id()).then_some(home)
}

fn handle_of(pointer: *mut Home) -> Option<Handle> {
    own(pointer).map(|home| home.handle.clone())
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

/// Ends the runtime of this process: cursor files are brought up to date, tasks are dropped, sockets closed, threads waited for at most `patience`. Called
/// once, at the exit of the interpreter or of the last Node environment; a later use starts a new one.
pub fn shutdown(patience: Duration) {
    save_all();
    if let Some(home) = own(HOME.swap(ptr::null_mut(), Ordering::AcqRel)) {
        home.end(|runtime| runtime.shutdown_timeout(patience));
    }
}
