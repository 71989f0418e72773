//! cargo-deny, by the rules of deny.toml.

use std::process::Command;

use anyhow::Result;

use super::Verdict;
use crate::sh::Shell;

const VERSION: &str = "0.20.2";

pub(super) fn check(shell: &Shell) -> Result<Verdict> {
    let mut command = deny(shell)?;
    command.args(["check", "licenses", "bans", "sources"]);
    shell.step("cargo-deny", command)?;
    Ok(Verdict::Clean)
}

pub(super) fn advisories(shell: &Shell) -> Result<Verdict> {
    let mut fetch = deny(shell)?;
    // Asked for by git, which must fail rather than ask a person.
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    let fetched = shell.quiet(fetch)?;
    if !fetched.ok {
        let why =
            "the advisory database cannot be reached from here; where it can, this lint checks it";
        return Ok(Verdict::Unchecked(why.into()));
    }
    let mut command = deny(shell)?;
    command.args(["check", "--disable-fetch", "advisories"]);
    shell.step("advisories", command)?;
    Ok(Verdict::Clean)
}

/// cargo-deny, built once into target/tools.
fn deny(shell: &Shell) -> Result<Command> {
    let tools = shell.path("target/tools");
    let program = tools.join("bin/cargo-deny");
    let is_ours = || {
        let mut command = shell.command(&program);
        command.arg("--version");
        shell
            .quiet(command)
            .is_ok_and(|done| done.text.trim().ends_with(VERSION))
    };
    if !program.is_file() || !is_ours() {
        let mut command = shell.cargo();
        // Not optimized: it runs for seconds, and builds in a third of the time.
        command.args([
            "install",
            "cargo-deny",
            "--locked",
            "--version",
            VERSION,
            "--debug",
            "--no-default-features",
        ]);
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
            .arg("--root")
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build"));
        shell.step("build of cargo-deny", command)?;
    }
    Ok(shell.command(program))
}
