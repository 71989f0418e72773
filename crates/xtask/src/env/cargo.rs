//! Commands of cargo that do not come with it.

use std::path::PathBuf;

use anyhow::Result;

use crate::sh::Shell;

/// A command of cargo at exactly this version, built once into target/tools. `more` is for `cargo install`.
pub(crate) fn tool(shell: &Shell, name: &str, version: &str, more: &[&str]) -> Result<PathBuf> {
    let tools = shell.path("target/tools");
    let program = tools
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let is_ours = || {
        let mut command = shell.command(&program);
        command.arg("--version");
        shell
            .quiet(command)
            .is_ok_and(|done| done.text.trim().ends_with(version))
    };
    if !program.is_file() || !is_ours() {
        let mut command = shell.cargo();
        // Not optimized: what these run takes seconds, or is another program; and it builds in a third of the time.
        command.args(["install", name, "--locked", "--version", version, "--debug"]);
        command.args(more);
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
            .arg("--root")
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build"));
        shell.step(&format!("build of {name}"), command)?;
    }
    Ok(program)
}
