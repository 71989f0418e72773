//! `cargo xtask demo`: sets up, builds, and becomes the demo program of `tests/rust`.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::env::{native, node, python};
use crate::sh::Shell;

/// Runs the demo in the foreground.
pub(crate) fn run(shell: &Shell, seconds: Option<u64>) -> Result<ExitCode> {
    let mut command = prepare(shell, seconds)?;
    // It reads keys, perhaps; and it is what Ctrl-C ends.
    command.stdin(std::process::Stdio::inherit());
    replace(command)
}

/// Sets up all that the demo needs, and returns its command.
pub(crate) fn prepare(shell: &Shell, seconds: Option<u64>) -> Result<Command> {
    let (node, _) = node::node(shell)?;
    let venv = python::venv(shell)?;
    let program = native::build_program(shell, "demo")?;
    let mut command = shell.command(program);
    if let Some(seconds) = seconds {
        command.args(["--seconds", &seconds.to_string()]);
    }
    command
        .arg("--python")
        .arg(venv.python)
        .arg("--node")
        .arg(node);
    Ok(command)
}

/// Becomes the program: every signal reaches it and nothing else, and its exit code is ours.
#[cfg(unix)]
fn replace(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<ExitCode> {
    let code = command.status()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
