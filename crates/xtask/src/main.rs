//! `cargo xtask`: one command that sets up, builds, tests, lints, packs and shows the whole repository.
//!
//! # Layout
//!
//! - [`sh`] runs other programs, with a progress line each and their output kept for the case of failure.
//! - [`env`] sets up what a command needs: a virtual environment, npm packages, system packages, native builds.
//! - [`count`] reads the results of each test runner into one tally.
//! - [`test`], [`lint`], [`pack`], [`demo`] and [`bench`] are the commands.
//!
//! It knows none of the other crates: it must build in seconds, and work when they do not compile.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod count;
mod demo;
mod env;
mod lint;
mod pack;
mod sh;
mod test;

use sh::Shell;

/// Sets up, builds, tests, lints, packs and shows the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Args {
    /// Show what the tools print as they print it, not only when one fails.
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the tests: all parts, or those named. Ends with `N passed, N failed`.
    Test {
        /// The parts to run.
        parts: Vec<test::Part>,
    },
    /// Run the lints: all, or those named. Ends with `N passed, N failed`.
    Lint {
        /// The lints to run.
        checks: Vec<lint::Check>,
        /// Format, and mend what a tool can mend, before checking.
        #[arg(long)]
        fix: bool,
    },
    /// Build a package for release.
    Pack {
        /// Which package.
        package: pack::Package,
        /// The folder that it is written to.
        #[arg(long, default_value = "target/dist")]
        out: PathBuf,
    },
    /// Run the demo: a hub, a publisher, subscribers in three languages, and a page for your browser.
    Demo {
        /// End by itself after so many seconds, and fail if an event was missed or doubled.
        #[arg(long)]
        seconds: Option<u64>,
    },
    /// Measure eventwire beside other libraries.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
    /// Set up the virtual environment and the npm packages, and build both native modules.
    Setup,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let shell = Shell::new(args.verbose);
    let outcome = match args.command {
        Task::Test { parts } => test::run(&shell, &parts),
        Task::Lint { checks, fix } => lint::run(&shell, &checks, fix),
        Task::Pack { package, out } => pack::run(&shell, package, &out),
        Task::Demo { seconds } => demo::run(&shell, seconds),
        Task::Bench { what } => bench::run(&shell, &what),
        Task::Setup => env::everything(&shell),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
