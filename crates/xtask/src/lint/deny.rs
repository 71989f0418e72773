//! cargo-deny, by the rules of deny.toml.

use std::process::Command;

use anyhow::Result;

use super::Verdict;
use crate::env::cargo;
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

fn deny(shell: &Shell) -> Result<Command> {
    let program = cargo::tool(shell, "cargo-deny", VERSION, &["--no-default-features"])?;
    Ok(shell.command(program))
}
