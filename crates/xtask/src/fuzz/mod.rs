//! `cargo xtask fuzz`, and the short run of it in `cargo xtask test`: the targets of `crates/codec/fuzz`, by cargo-fuzz.
//!
//! No sanitizer is asked for, since those need nightly Rust: what is looked for is a panic, a hang, or something that
//! does not hold, and the codec has no unsafe code that they would watch. Nor are comparisons traced: the oracle makes so
//! many that it costs more than half of the speed, and the dictionary and the seeds hold the words that it would find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::count::Tally;
use crate::env::cargo;
use crate::sh::{Done, Shell};

mod report;
mod seeds;

use report::Report;

const VERSION: &str = "0.13.2";

/// The folder that cargo-fuzz knows as its own.
const FOLDER: &str = "crates/codec/fuzz";

/// Built, and filled, here.
const TARGET: &str = "target/fuzz";

/// What the build may take beside the run.
const BUILD: Duration = Duration::from_secs(15 * 60);

/// A fuzz target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Any bytes in any chunks, against the slow oracle.
    Decoder,
    /// Any text in any field: it comes back, or is an error.
    Encoder,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Decoder => "decoder",
            Self::Encoder => "encoder",
        }
    }

    /// The executions of the short run: some ten seconds.
    fn runs(self) -> u32 {
        match self {
            Self::Decoder => 25_000,
            Self::Encoder => 100_000,
        }
    }
}

/// Runs the targets, all where none is named, for so many minutes each; ends with `N passed, N failed`.
pub(crate) fn run(shell: &Shell, targets: &[Target], minutes: u32) -> Result<ExitCode> {
    let targets = if targets.is_empty() {
        Target::value_variants()
    } else {
        targets
    };
    let mut tally = Tally::default();
    for &target in targets {
        // What was found in earlier runs is where this one begins.
        let corpus = shell.path(TARGET).join("corpus").join(target.name());
        let seconds = minutes * 60;
        let mut command = fuzz(shell, target, &corpus)?;
        command.arg(format!("-max_total_time={seconds}"));
        let label = format!("fuzz {} for {minutes} min", target.name());
        let limit = BUILD + Duration::from_secs((2 * seconds).into());
        let done = shell.attempt_within(&label, limit, command)?;
        judge(shell, target, &done, &mut tally);
    }
    for failure in &tally.failed {
        println!("FAILED {}: {}", failure.name, failure.why);
    }
    println!("{tally}");
    Ok(if tally.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs one target on one input, as a finding is repeated.
pub(crate) fn repeat(shell: &Shell, targets: &[Target], input: &Path) -> Result<ExitCode> {
    let [target] = targets else {
        anyhow::bail!("an input is for one target; name it: cargo xtask fuzz decoder --input FILE");
    };
    // From where the person is, not from the root.
    let input = std::path::absolute(input)?;
    ensure!(input.is_file(), "there is no file {}", input.display());
    let mut command = cargo_fuzz(shell, *target)?;
    command.arg(input);
    let label = format!("{} on the input", target.name());
    Ok(if shell.attempt_within(&label, BUILD, command)?.ok {
        println!("{} holds on this input", target.name());
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The short run: the same executions every time, from the committed corpus and the fixtures.
pub(crate) fn test(shell: &Shell) -> Result<Tally> {
    let mut tally = Tally::default();
    for &target in Target::value_variants() {
        let corpus = shell.path(TARGET).join("short").join(target.name());
        if corpus.exists() {
            fs::remove_dir_all(&corpus)
                .with_context(|| format!("cannot empty {}", corpus.display()))?;
        }
        let mut command = fuzz(shell, target, &corpus)?;
        command.args(["-seed=1".to_owned(), format!("-runs={}", target.runs())]);
        let done = shell.attempt(&format!("fuzz {}", target.name()), command)?;
        judge(shell, target, &done, &mut tally);
    }
    Ok(tally)
}

/// Counts a run, and says what it did.
fn judge(shell: &Shell, target: Target, done: &Done, tally: &mut Tally) {
    let report = Report::read(&done.text);
    let name = target.name();
    if let Some(finding) = &report.finding {
        let file = finding.strip_prefix(&shell.root).unwrap_or(finding);
        let file = file.display();
        tally.fail(
            name,
            format!(
                "a finding, saved in {file}; see it again: cargo xtask fuzz {name} --input {file}"
            ),
        );
    } else if !done.ok {
        tally.fail(name, format!("failed without a finding: {}", done.end));
    } else if report.executions == 0 {
        tally.fail(
            name,
            "nothing was executed, or its figures are not understood",
        );
    } else {
        tally.pass();
    }
    println!("{name}: {report}");
}

/// The command of a run with its corpora; what it is to find is added to the first.
fn fuzz(shell: &Shell, target: Target, corpus: &Path) -> Result<Command> {
    let name = target.name();
    let seeds = shell.path(TARGET).join("seeds").join(name);
    seeds::write(&shell.path("tests/fixtures/codec"), target, &seeds)?;
    fs::create_dir_all(corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let committed = shell.path(FOLDER).join("corpus").join(name);

    let mut command = cargo_fuzz(shell, target)?;
    command.arg(corpus).arg(committed).arg(seeds);
    let dictionary = shell.path(FOLDER).join("event-stream.dict");
    command
        .arg("--")
        .arg(format!("-dict={}", dictionary.display()));
    command.arg(format!("-max_len={}", seeds::LONGEST));
    // An input is checked in about a millisecond: one that takes seconds is a finding.
    command.args(["-timeout=20", "-print_final_stats=1"]);
    Ok(command)
}

fn cargo_fuzz(shell: &Shell, target: Target) -> Result<Command> {
    let program: PathBuf = cargo::tool(shell, "cargo-fuzz", VERSION, &[])?;
    let mut command = shell.command(program);
    command.args(["run", "--fuzz-dir", FOLDER, "--target-dir", TARGET]);
    command.args(["--sanitizer", "none", "--no-trace-compares", target.name()]);
    Ok(command)
}
