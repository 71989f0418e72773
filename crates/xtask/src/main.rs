//! `cargo xtask`: one command that sets up, builds, tests, lints, packs and shows the whole repository.
//!
//! # Layout
//!
//! - [`sh`] runs other programs, with a progress line each and their output kept for the case of failure.
//! - [`env`] sets up what a command needs: a virtual environment, npm packages, system packages, native builds.
//! - [`count`] reads the results of each test runner into one tally.
//! - [`test`], [`fuzz`], [`lint`], [`pack`], [`demo`], [`bench`] and [`soak`] are the commands.
//!
//! It knows none of the other crates: it must build in seconds, and work when they do not compile.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod count;
mod demo;
mod env;
mod fuzz;
mod lint;
mod pack;
mod sh;
mod soak;
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
        /// How many random streams `chromium` and `oracle` try. By default some hundred, and a million.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        streams: Option<u32>,
    },
    /// Look for inputs on which the codec fails: all targets, or those named, one after the other. What is found is saved.
    Fuzz {
        /// The targets to run.
        targets: Vec<fuzz::Target>,
        /// How long each target runs.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        minutes: u32,
        /// Run the target on this file alone, to see a finding again.
        #[arg(long, value_name = "FILE", conflicts_with = "minutes")]
        input: Option<PathBuf>,
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
    /// Hold many connections to a hub through minutes of publishing, and see what it withstands. Fails where a rule is broken.
    Soak(soak::Soak),
    /// Set up the virtual environment and the npm packages, and build both native modules.
    Setup,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let shell = Shell::new(args.verbose);
    let outcome = match args.command {
        Task::Test { parts, streams } => test::run(&shell, &parts, streams),
        Task::Fuzz {
            targets,
            input: Some(input),
            ..
        } => fuzz::repeat(&shell, &targets, &input),
        Task::Fuzz {
            targets, minutes, ..
        } => fuzz::run(&shell, &targets, minutes),
        Task::Lint { checks, fix } => lint::run(&shell, &checks, fix),
        Task::Pack { package, out } => pack::run(&shell, package, &out),
        Task::Demo { seconds } => demo::run(&shell, seconds),
        Task::Bench { what } => bench::run(&shell, &what),
        Task::Soak(options) => soak::run(&shell, &options),
        Task::Setup => env::everything(&shell),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
