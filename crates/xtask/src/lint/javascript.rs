//! tsc and publint, and pyright, which is an npm package too.

use anyhow::Result;

use super::Verdict;
use crate::env::{node, python};
use crate::sh::Shell;

pub(super) fn tsc(shell: &Shell) -> Result<Verdict> {
    let mut command = node::tool(shell, "typescript/bin/tsc")?;
    command.args(["--noEmit", "--pretty", "false", "-p", "tsconfig.json"]);
    shell.step("tsc", command)?;
    Ok(Verdict::Clean)
}

pub(super) fn publint(shell: &Shell) -> Result<Verdict> {
    let mut command = node::tool(shell, "publint/src/cli.js")?;
    command.args(["run", "--strict", "--pack", "npm"]);
    shell.step("publint", command)?;
    Ok(Verdict::Clean)
}

pub(super) fn pyright(shell: &Shell) -> Result<Verdict> {
    let venv = python::venv_with_tools(shell)?;
    let mut command = node::tool(shell, "pyright/index.js")?;
    command.current_dir(shell.path("python"));
    command
        .args(["--warnings", "--project", "pyproject.toml", "--pythonpath"])
        .arg(venv.python);
    shell.step("pyright", command)?;
    Ok(Verdict::Clean)
}
