//! The native modules: built by cargo in the one target folder, and copied to where each language looks for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::node;
use crate::sh::Shell;

const PYTHON: &str = "eventwire-python";
const NODE: &str = "eventwire-node";
const COMMAND: &str = "eventwire-cli";
const TESTS: &str = "eventwire-tests";

/// The other workspace: the benchmarks and the crates that they compare, kept out of every other build and lock file.
pub(crate) const BENCH_MANIFEST: &str = "tests/bench/rust/Cargo.toml";
/// Where it is built: in a folder of its own, since its crates have other features and profiles.
pub(crate) const BENCH_TARGET: &str = "target/bench/rust";

/// The packages that are built for development, always together: cargo merges the features of what it is asked to build, so
/// another choice would build tokio, and all that stands on it, once more.
const TOGETHER: &[&str] = &["build", "-p", TESTS, "-p", PYTHON, "-p", NODE, "--lib"];

/// The program that plays the client fixtures for the tests in Python and Node, and the variable that tells them where it is
/// unless it is in its usual place.
const FIXTURE_SERVER: &str = "fixture-server";
pub(crate) const FIXTURE_SERVER_PATH: &str = "EVENTWIRE_FIXTURE_SERVER";
/// The programs that those tests start; all lie beside that one.
const BESIDES: &[&str] = &[FIXTURE_SERVER, "tls-server"];

/// Builds both modules for development, copies them into `python/` and `node/`, and builds what their tests need besides.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    let mut command = shell.cargo();
    command.args(TOGETHER);
    for program in BESIDES {
        command.args(["--bin", program]);
    }
    shell.step("native modules", command)?;
    install(shell)
}

/// Where [`build`] has put the program that plays the client fixtures.
pub(crate) fn fixture_server(shell: &Shell) -> Result<PathBuf> {
    let file = format!("{FIXTURE_SERVER}{}", std::env::consts::EXE_SUFFIX);
    Ok(target_folder(shell)?.join("debug").join(file))
}

/// Builds the test programs of `tests/rust` together with both modules, and returns the path of one.
pub(crate) fn build_program(shell: &Shell, program: &str) -> Result<PathBuf> {
    let mut command = shell.cargo();
    command.args(TOGETHER).arg("--bins");
    shell.step("test programs and native modules", command)?;
    install(shell)?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let path = target_folder(shell)?.join("debug").join(file);
    if !path.is_file() {
        bail!(
            "{TESTS} has no program {program}: {} was not built",
            path.display()
        );
    }
    Ok(path)
}

/// Builds the Node module for release, and returns its path.
pub(crate) fn build_node_release(shell: &Shell) -> Result<PathBuf> {
    let mut command = shell.cargo();
    command.args(["build", "-p", NODE, "--lib", "--profile", "pack"]);
    shell.step("native module of Node, for release", command)?;
    library(shell, NODE, "pack")
}

/// Builds the command line by a profile of cargo, and returns its path.
pub(crate) fn build_command(shell: &Shell, profile: &str) -> Result<PathBuf> {
    let mut command = shell.cargo();
    command.args(["build", "-p", COMMAND, "--bins", "--profile", profile]);
    shell.step("command line", command)?;
    let file = format!("eventwire{}", std::env::consts::EXE_SUFFIX);
    // The one profile whose folder has another name.
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target_folder(shell)?.join(folder).join(file))
}

fn install(shell: &Shell) -> Result<()> {
    copy(
        &library(shell, PYTHON, "debug")?,
        &shell.path("python/src/eventwire").join(python_file()),
    )?;
    copy(
        &library(shell, NODE, "debug")?,
        &shell.path("node").join(node_file()),
    )?;
    node::link(shell)
}

fn python_file() -> &'static str {
    if cfg!(windows) {
        "_native.pyd"
    } else {
        "_native.abi3.so"
    }
}

/// The name that Node's loader looks for, in the words of napi: `eventwire.linux-x64-gnu.node`.
pub(crate) fn node_file() -> String {
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let (system, abi) = match std::env::consts::OS {
        "macos" => ("darwin", ""),
        "windows" => ("win32", "-msvc"),
        "linux" if cfg!(target_env = "musl") => ("linux", "-musl"),
        other => (other, "-gnu"),
    };
    format!("eventwire.{system}-{cpu}{abi}.node")
}

/// The path of a package's shared library. Its name is the package's own choice, so cargo is asked.
fn library(shell: &Shell, package: &str, profile: &str) -> Result<PathBuf> {
    let metadata = metadata(shell)?;
    let targets = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|found| found["name"] == package);
    let mut targets = targets.flat_map(|found| found["targets"].as_array().into_iter().flatten());
    let is_library = |target: &&Value| {
        target["crate_types"]
            .as_array()
            .is_some_and(|types| types.iter().any(|of| of == "cdylib"))
    };
    let Some(name) = targets
        .find(is_library)
        .and_then(|target| target["name"].as_str())
    else {
        bail!(
            "{package} makes no shared library: its Cargo.toml needs crate-type = [\"cdylib\"] under [lib]"
        );
    };
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let file = format!("{prefix}{}{suffix}", name.replace('-', "_"));
    Ok(target(&metadata)?.join(profile).join(file))
}

fn target_folder(shell: &Shell) -> Result<PathBuf> {
    target(&metadata(shell)?)
}

fn target(metadata: &Value) -> Result<PathBuf> {
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata names no target folder")
}

/// What cargo knows of the workspace's own packages.
pub(crate) fn metadata(shell: &Shell) -> Result<Value> {
    metadata_of(shell, "Cargo.toml")
}

/// What cargo knows of the own packages of the workspace that a manifest belongs to.
pub(crate) fn metadata_of(shell: &Shell, manifest: &str) -> Result<Value> {
    let mut command = shell.cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps", "--quiet"]);
    command.args(["--manifest-path", manifest]);
    let done = shell.quiet(command)?;
    if !done.ok {
        bail!("cargo metadata: {}\n{}", done.end, done.text);
    }
    // Its JSON is one line; a warning may stand before it.
    let json = done
        .text
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap_or_default();
    serde_json::from_str(json).context("cargo metadata printed no JSON")
}

/// Copies a file beside its place and renames it: a process that has the old one mapped keeps it whole.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let context = || format!("cannot copy {} to {}", from.display(), to.display());
    let bytes = fs::read(from).with_context(context)?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    let beside = to.with_extension("new");
    fs::write(&beside, bytes).with_context(context)?;
    fs::rename(&beside, to).with_context(context)
}
