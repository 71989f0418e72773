//! The test programs of `tests/rust` that drive all languages at once.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::count::{self, Tally};
use crate::demo;
use crate::env::{Missing, native, node, python, system};
use crate::sh::Shell;

/// Every client against every server.
pub(crate) fn matrix(shell: &Shell) -> Result<Tally> {
    let (node, _) = node::node(shell)?;
    // Servers of other frameworks are among the tools that test the packages.
    node::packages(shell)?;
    let venv = python::venv_with_tools(shell)?;
    let there = |found: Result<PathBuf>| match found {
        Ok(path) => Ok(Ok(path)),
        Err(error) => error.downcast::<Missing>().map(Err),
    };
    let chromium = there(system::chromium(shell))?;
    let nginx = there(system::nginx(shell))?;
    let program = native::build_program(shell, "matrix")?;
    let mut command = shell.command(program);
    command
        .arg("--python")
        .arg(venv.python)
        .arg("--node")
        .arg(node);
    if let Ok(path) = &chromium {
        command.arg("--chromium").arg(path);
    }
    if let Ok(path) = &nginx {
        command.arg("--nginx").arg(path);
    }
    let (mut tally, _) = drive(shell, "matrix", command)?;
    // Its own reason says no more than that it was given none.
    for (needed, found) in [("Chromium", chromium), ("nginx", nginx)] {
        let Err(missing) = found else { continue };
        let of_it = tally
            .skipped
            .iter_mut()
            .filter(|skip| skip.name.contains(needed));
        of_it.for_each(|skip| skip.why.clone_from(&missing.what));
    }
    Ok(tally)
}

/// The contract services, in talks of our own and under LaunchDarkly's harness.
pub(crate) fn contract(shell: &Shell) -> Result<Tally> {
    let (node, _) = node::node(shell)?;
    let venv = python::venv(shell)?;
    let harness = system::contract_harness();
    let program = native::build_program(shell, "contract")?;
    let mut command = shell.command(program);
    command.arg("--python").arg(venv.python);
    command.arg("--node").arg(node);
    if let Some(harness) = &harness {
        command.arg("--harness").arg(harness);
    }
    let (mut tally, _) = drive(shell, "contract", command)?;
    if harness.is_none() {
        tally.skip_in_ci_too(
            "the harness",
            "LaunchDarkly's sse-contract-tests is not installed: put it on the PATH, or set SSE_CONTRACT_TESTS to it; \
             tests/contract/README.md says more. Only our own talks with the services were held.",
        );
    }
    Ok(tally)
}

/// Random streams, as Chromium reads them.
pub(crate) fn chromium(shell: &Shell, streams: u32) -> Result<Tally> {
    let chromium = system::chromium(shell)?;
    let program = native::build_program(shell, "chromium-streams")?;
    let mut command = shell.command(program);
    command.arg("--chromium").arg(chromium);
    command.args(["--streams", &streams.to_string()]);
    let label = format!("{streams} streams in Chromium");
    let (tally, text) = drive(shell, &label, command)?;
    if tally.failed.is_empty() && !shell.verbose {
        // The seed, how much was compared, and where Chromium is known to differ.
        shell.show(&text);
    }
    Ok(tally)
}

/// Runs a test program; gives its cases, and all that it printed.
fn drive(shell: &Shell, label: &str, command: Command) -> Result<(Tally, String)> {
    let done = shell.attempt(label, command)?;
    let mut tally = count::driver(&done.text);
    tally.ended(label, done.ok, &done.end);
    Ok((tally, done.text))
}

/// The demo as one test.
pub(crate) fn demo(shell: &Shell) -> Result<Tally> {
    let command = demo::prepare(shell, Some(6))?;
    let done = shell.attempt("demo --seconds 6", command)?;
    let mut tally = Tally::default();
    if done.ok {
        tally.pass();
    } else {
        tally.fail("demo --seconds 6", done.end);
    }
    Ok(tally)
}
