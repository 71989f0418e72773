//! ruff, mypy and stubtest. Their configuration is in ruff.toml and python/pyproject.toml.

use anyhow::Result;

use super::Verdict;
use crate::env::{native, python};
use crate::sh::Shell;

pub(super) fn ruff(shell: &Shell) -> Result<Verdict> {
    run_ruff(shell, "ruff", &["check"])
}

pub(super) fn ruff_format(shell: &Shell) -> Result<Verdict> {
    run_ruff(shell, "ruff format", &["format", "--check"])
}

pub(super) fn fix(shell: &Shell) -> Result<()> {
    // What it cannot mend is shown by the check that follows.
    let _ = run_ruff(shell, "ruff --fix", &["check", "--fix", "--exit-zero"])?;
    run_ruff(shell, "ruff format --fix", &["format"]).map(drop)
}

pub(super) fn mypy(shell: &Shell) -> Result<Verdict> {
    let command = python::venv_with_tools(shell)?.module(shell, "mypy");
    shell.step("mypy", command)?;
    Ok(Verdict::Clean)
}

pub(super) fn stubtest(shell: &Shell) -> Result<Verdict> {
    let venv = python::venv_with_tools(shell)?;
    // It imports the package, to compare what is there with what the stubs say.
    native::build(shell)?;
    let mut command = venv.module(shell, "mypy.stubtest");
    command.args(["--mypy-config-file", "pyproject.toml", "eventwire"]);
    shell.step("stubtest", command)?;
    Ok(Verdict::Clean)
}

fn run_ruff(shell: &Shell, label: &str, args: &[&str]) -> Result<Verdict> {
    let venv = python::venv_with_tools(shell)?;
    let mut command = shell.command(venv.program("ruff"));
    command.args(args).arg(".");
    shell.step(label, command)?;
    Ok(Verdict::Clean)
}
