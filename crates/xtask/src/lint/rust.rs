//! rustfmt, clippy and rustdoc.

use anyhow::{Context, Result};

use super::Verdict;
use crate::env::native::{BENCH_MANIFEST, BENCH_TARGET};
use crate::sh::Shell;

pub(super) fn fmt(shell: &Shell) -> Result<Verdict> {
    // The names of the files only: what would change is best seen by changing it.
    let check = || {
        cargo(shell, "rustfmt", &["fmt", "--all", "--check", "--", "-l"])?;
        let bench = [
            "fmt",
            "--all",
            "--manifest-path",
            BENCH_MANIFEST,
            "--check",
            "--",
            "-l",
        ];
        cargo(shell, "rustfmt of the benchmarks", &bench)
    };
    check().context("not formatted as above; `cargo xtask lint --fix` does it")
}

pub(super) fn clippy(shell: &Shell) -> Result<Verdict> {
    cargo(
        shell,
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    let mut bench = vec![
        "clippy",
        "--locked",
        "--workspace",
        "--manifest-path",
        BENCH_MANIFEST,
    ];
    bench.extend(["--target-dir", BENCH_TARGET]);
    bench.extend(["--all-targets", "--", "-D", "warnings"]);
    cargo(shell, "clippy of the benchmarks", &bench)
}

pub(super) fn doc(shell: &Shell) -> Result<Verdict> {
    let mut command = shell.cargo();
    // Libraries only: the command's page would overwrite that of the library of the same name.
    command
        .args(["doc", "--workspace", "--no-deps", "--lib"])
        .env("RUSTDOCFLAGS", "-D warnings");
    shell.step("rustdoc", command)?;
    Ok(Verdict::Clean)
}

pub(super) fn fix(shell: &Shell) -> Result<()> {
    cargo(shell, "rustfmt --fix", &["fmt", "--all"])?;
    let bench = ["fmt", "--all", "--manifest-path", BENCH_MANIFEST];
    cargo(shell, "rustfmt --fix of the benchmarks", &bench).map(drop)
}

fn cargo(shell: &Shell, label: &str, args: &[&str]) -> Result<Verdict> {
    let mut command = shell.cargo();
    command.args(args);
    shell.step(label, command)?;
    Ok(Verdict::Clean)
}
