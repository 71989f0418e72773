//! The life of an environment (the main thread, or a worker), and the command line.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventwire_bridge::runtime;
use napi::Env;
use napi_derive::napi;

/// How long the last environment waits for the runtime's threads.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many environments use the runtime, which they share. Locked while the runtime ends: a worker that starts in that moment
/// waits, and begins a new one instead of using one that is going.
static ENVIRONMENTS: Mutex<usize> = Mutex::new(0);

fn environments() -> MutexGuard<'static, usize> {
    ENVIRONMENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Called once per environment: the runtime ends with the last one.
#[napi]
pub fn enter(env: &Env) -> napi::Result<()> {
    *environments() += 1;
    env.add_env_cleanup_hook((), |()| {
        let mut left = environments();
        *left -= 1;
        if *left == 0 {
            runtime::shutdown(PATIENCE);
        }
    })?;
    Ok(())
}

/// Brings the cursor files up to date, for an end by `process.exit()`, which runs no hook.
#[napi]
pub fn save_all() {
    runtime::save_all();
}

/// Runs the command line; the exit code. Blocks: a process that calls it does nothing else.
#[napi]
pub fn run(args: Vec<String>) -> i32 {
    eventwire_cli::run(args.into_iter().map(Into::into))
}
