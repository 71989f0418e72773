//! The command line `eventwire`, as a library, so that the packages of other languages are the same program.
//!
//! # Layout
//!
//! - [`run`]: arguments in, exit code out.
//! - `args`: what can be typed. `serve`, `tail`, `publish`, `bench`: one command each.
//! - `address`: which address is meant by what was typed. `output`: writing to a standard output that may be gone.
//! - `input`: the lines of the standard input. `fates`: what has become of those that were published.
//!
//! Exit codes: 0; 1 for an error, which is told on the standard error; 2 for arguments that make no sense; 130 for Ctrl-C, and 143
//! for SIGTERM; 141 where the reader of the standard output went away, as a program that SIGPIPE ends.

mod address;
mod args;
mod bench;
mod failure;
mod fates;
mod input;
mod output;
mod publish;
mod serve;
mod signals;
mod tail;

use std::ffi::OsString;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use args::{Args, Command};
use failure::Failure;
use signals::Signals;

/// 128 and the number of SIGPIPE, as shells have it: not all may have been done, so it must not look like a success.
const OUTPUT_GONE: i32 = 141;

/// Runs the command line, the first argument being the program's name, and returns the exit code.
///
/// It makes a runtime of its own, and so must not be called within one.
///
/// ```
/// assert_eq!(eventwire_cli::run(["eventwire", "--version"].map(Into::into)), 0);
/// ```
pub fn run(args: impl IntoIterator<Item = OsString>) -> i32 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too. That they cannot be printed is nothing to report on.
            let _ = error.print();
            return error.exit_code();
        }
    };
    let runtime = match runtime(&args.command) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let code = runtime.block_on(async {
        let mut signals = Signals::catch();
        let done = match args.command {
            // A server ends its streams before it goes.
            Command::Serve(args) => serve::serve(args, &mut signals).await,
            Command::Tail(args) => until(&mut signals, tail::tail(args)).await,
            Command::Publish(args) => until(&mut signals, publish::publish(args)).await,
            Command::Bench(args) => until(&mut signals, bench::bench(args)).await,
        };
        match done {
            Ok(()) => 0,
            Err(Failure::OutputGone) => OUTPUT_GONE,
            Err(Failure::Signal(code)) => code,
            Err(Failure::Said(message)) => fail(&message),
        }
    });
    // A name that is still being looked up, or a read from the terminal, must not hold the exit back.
    runtime.shutdown_background();
    code
}

/// Does `command`, or ends it at a signal.
async fn until(
    signals: &mut Signals,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::select! {
        // The command first: what it has done counts, even where a signal came in the same moment.
        biased;
        done = command => done,
        code = signals.received() => Err(Failure::Signal(code)),
    }
}

fn runtime(command: &Command) -> std::io::Result<Runtime> {
    match command {
        Command::Serve(_) => Builder::new_multi_thread().enable_all().build(),
        Command::Tail(_) | Command::Publish(_) | Command::Bench(_) => {
            Builder::new_current_thread().enable_all().build()
        }
    }
}

fn fail(message: &str) -> i32 {
    output::notice(message);
    1
}
