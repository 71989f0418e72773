//! The life of an environment (the main thread, or a worker), and the command line.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eventwire_bridge::runtime;
use napi::Env;
use napi_derive::napi;

/// How long the last environment waits for the runtime's threads.
const PATIENCE: Duration = Duration::from_secs(1);

/// Environments that use the runtime, which they share.
static ENVIRONMENTS: AtomicUsize = AtomicUsize::new(0);

/// Called once per environment: the runtime ends with the last one.
#[napi]
pub fn enter(env: &Env) -> napi::Result<()> {
    ENVIRONMENTS.fetch_add(1, Ordering::AcqRel);
    env.add_env_cleanup_hook((), |()| {
        if ENVIRONMENTS.fetch_sub(1, Ordering::AcqRel) == 1 {
            runtime::shutdown(PATIENCE);
        }
    })?;
    Ok(())
}

/// Runs the command line; the exit code. Blocks: a process that calls it does nothing else.
#[napi]
pub fn run(args: Vec<String>) -> i32 {
    eventwire_cli::run(args.into_iter().map(Into::into))
}
