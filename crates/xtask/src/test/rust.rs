//! The Rust tests, by cargo.

use std::process::Command;

use anyhow::Result;

use crate::count::{Tally, libtest};
use crate::env::native;
use crate::sh::Shell;

const CODEC: &str = "eventwire-codec";
const BRIDGE: &str = "eventwire-bridge";

/// Runs `cargo test` over the workspace, and the bridge's model checks.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let mut all = shell.cargo();
    all.args(["test", "--workspace", "--no-fail-fast"]);
    let mut tally = cargo_test(shell, "cargo test --workspace", all)?;

    if bridge_has_models(shell)? {
        let mut loom = shell.cargo();
        // A target folder of its own: the flag is one for every crate, and would have all of them built anew, to and fro.
        // Optimized, because a model runs every interleaving.
        loom.env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", shell.path("target/loom"));
        loom.args(["test", "-p", BRIDGE, "--lib", "--release", "--no-fail-fast"]);
        tally.add(cargo_test(
            shell,
            "cargo test of the bridge under loom",
            loom,
        )?);
    }
    Ok(tally)
}

/// Runs the codec's property tests with so many streams, optimized.
pub(crate) fn oracle(shell: &Shell, streams: u32) -> Result<Tally> {
    let mut command = shell.cargo();
    command.env("EVENTWIRE_STREAMS", streams.to_string());
    command.args(["test", "-p", CODEC, "--test", "oracle", "--release"]);
    let label = format!("{streams} streams against the oracle");
    cargo_test(shell, &label, command)
}

fn cargo_test(shell: &Shell, label: &str, command: Command) -> Result<Tally> {
    let done = shell.attempt(label, command)?;
    let mut tally = libtest(&done.text);
    tally.ended(label, done.ok, &done.end);
    Ok(tally)
}

fn bridge_has_models(shell: &Shell) -> Result<bool> {
    let metadata = native::metadata(shell)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut bridge = packages.filter(|package| package["name"] == BRIDGE);
    let Some(bridge) = bridge.next() else {
        return Ok(false);
    };
    Ok(bridge["dependencies"]
        .as_array()
        .is_some_and(|all| all.iter().any(|of| of["name"] == "loom")))
}
