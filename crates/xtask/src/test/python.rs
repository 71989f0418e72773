//! The Python tests, by pytest.

use std::fs;

use anyhow::{Context, Result};

use crate::count::{Tally, junit};
use crate::env::{native, python};
use crate::sh::Shell;

use super::find;

/// Runs the tests of the package and of the examples.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let venv = python::venv_with_tools(shell)?;
    native::build(shell)?;

    let report = shell.path("target/reports/python.xml");
    find::new_report(&report)?;
    let mut command = venv.module(shell, "pytest");
    command.env(native::FIXTURE_SERVER_PATH, native::fixture_server(shell)?);
    // The examples lie outside of pytest's folder; named with the configuration, they are held to the same rules.
    command
        .arg("--config-file=pyproject.toml")
        .arg("--junit-xml")
        .arg(&report)
        .arg("tests");
    command.args(find::files(&shell.path("examples"), &|name| {
        name.starts_with("test_") && name.ends_with(".py")
    }));
    let done = shell.attempt("pytest", command)?;

    let xml = if report.is_file() {
        fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?
    } else {
        String::new()
    };
    let mut tally = junit(&xml);
    tally.ended("pytest", done.ok, &done.end);
    Ok(tally)
}
