//! `cargo xtask lint`: one check after the other, each with its own line.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::sh::Shell;

mod deny;
mod files;
mod javascript;
mod layers;
mod python;
mod rust;

/// One lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// Formatting of Rust.
    Rustfmt,
    /// Clippy over every target of the workspace.
    Clippy,
    /// The documentation builds, and its links lead somewhere.
    Rustdoc,
    /// No crate knows one that the design does not let it know.
    Layers,
    /// Nothing of one machine in the committed files: no registry hosts in lock files, no home folders.
    Files,
    /// Licences, bans and sources of the dependencies.
    Deny,
    /// Known vulnerabilities of the dependencies, where the database can be reached.
    Advisories,
    /// Style of Python.
    Ruff,
    /// Formatting of Python.
    RuffFormat,
    /// Types of Python, strict.
    Mypy,
    /// The hand-written stubs say what the native module is.
    Stubtest,
    /// Types of Python once more, by the other checker that users have.
    Pyright,
    /// index.d.ts, and a program that uses it.
    Tsc,
    /// The npm package's entries lead to files that loaders understand.
    Publint,
}

/// What a check that did not fail has to say.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    /// It could not be made, for a reason that is no fault of the sources.
    Unchecked(String),
}

/// Runs the checks, all where none is named, and prints the sum as the last line.
pub(crate) fn run(shell: &Shell, checks: &[Check], fix: bool) -> Result<ExitCode> {
    if fix {
        rust::fix(shell)?;
        python::fix(shell)?;
    }
    let checks = if checks.is_empty() {
        Check::value_variants()
    } else {
        checks
    };
    let (mut passed, mut failed) = (0, 0);
    for &check in checks {
        match check.run(shell) {
            Ok(Verdict::Clean) => passed += 1,
            Ok(Verdict::Unchecked(why)) => println!("not checked: {}: {why}", check.name()),
            Err(error) => {
                failed += 1;
                println!("FAILED {}: {error:#}", check.name());
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Check {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, shell: &Shell) -> Result<Verdict> {
        match self {
            Self::Rustfmt => rust::fmt(shell),
            Self::Clippy => rust::clippy(shell),
            Self::Rustdoc => rust::doc(shell),
            Self::Layers => in_here(shell, "layers", layers::check),
            Self::Files => in_here(shell, "files", files::check),
            Self::Deny => deny::check(shell),
            Self::Advisories => deny::advisories(shell),
            Self::Ruff => python::ruff(shell),
            Self::RuffFormat => python::ruff_format(shell),
            Self::Mypy => python::mypy(shell),
            Self::Stubtest => python::stubtest(shell),
            Self::Pyright => javascript::pyright(shell),
            Self::Tsc => javascript::tsc(shell),
            Self::Publint => javascript::publint(shell),
        }
    }
}

/// Runs a check of our own: it returns what is wrong, a line each.
fn in_here(
    shell: &Shell,
    label: &str,
    check: fn(&Shell) -> Result<Vec<String>>,
) -> Result<Verdict> {
    let start = Instant::now();
    let wrong = check(shell).with_context(|| format!("{label} could not be checked"))?;
    shell.report(label, wrong.is_empty(), start.elapsed());
    shell.show(&wrong.join("\n"));
    match wrong.len() {
        0 => Ok(Verdict::Clean),
        count => bail!("{count} found, see above"),
    }
}
