//! The Node tests, by `node --test`.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::count::{Tally, tap};
use crate::env::{native, node};
use crate::sh::Shell;

use super::find;

/// Runs the tests of the package and of the examples.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let (program, _) = node::node(shell)?;
    // fast-check, and the other libraries of docs/, whose programs are run before and after.
    node::packages(shell)?;
    native::build(shell)?;

    let report = shell.path("target/reports/node.tap");
    find::new_report(&report)?;
    let mut command = shell.command(program);
    command
        .env(native::FIXTURE_SERVER_PATH, native::fixture_server(shell)?)
        .current_dir(shell.path("node"))
        .args(["--test", "--test-timeout=120000"]);
    command.args([
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=tap",
    ]);
    command.arg(format!("--test-reporter-destination={}", report.display()));
    // The files by name: what Node would find by itself differs between its versions, and takes helpers for tests.
    command
        .args(tests_in(&shell.path("node/test")))
        .args(tests_in(&shell.path("examples")));
    let done = shell.attempt("node --test", command)?;

    let mut tally = tap(&fs::read_to_string(&report).unwrap_or_default());
    tally.ended("node --test", done.ok, &done.end);
    Ok(tally)
}

fn tests_in(folder: &Path) -> Vec<std::path::PathBuf> {
    find::files(folder, &|name| {
        [".test.js", ".test.mjs", ".test.cjs"]
            .iter()
            .any(|end| name.ends_with(end))
    })
}
