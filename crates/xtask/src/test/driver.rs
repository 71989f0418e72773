//! The test programs of `tests/rust` that drive all languages at once.

use anyhow::Result;

use crate::count::{self, Tally};
use crate::demo;
use crate::env::{Missing, native, node, python, system};
use crate::sh::Shell;

/// Every client against every server.
pub(crate) fn matrix(shell: &Shell) -> Result<Tally> {
    let (node, _) = node::node(shell)?;
    let venv = python::venv(shell)?;
    let chromium = match system::chromium(shell) {
        Ok(path) => Ok(path),
        Err(error) => match error.downcast::<Missing>() {
            Ok(missing) => Err(missing),
            Err(error) => return Err(error),
        },
    };
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
    let done = shell.attempt("matrix", command)?;
    let mut tally = count::driver(&done.text);
    tally.ended("matrix", done.ok, &done.end);
    if let Err(missing) = chromium {
        // Its own reason says no more than that it was given no browser.
        for skip in &mut tally.skipped {
            skip.why.clone_from(&missing.what);
        }
        if tally.skipped.is_empty() {
            tally.skip("the browser cases", missing.what);
        }
    }
    Ok(tally)
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
