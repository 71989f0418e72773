//! `cargo xtask pack`: the wheel and the npm tarball, built for release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::env::{native, node, python};
use crate::sh::Shell;

/// What can be packed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Package {
    /// The wheel.
    Python,
    /// The npm tarball.
    Node,
}

/// Builds a package and prints its path.
pub(crate) fn run(shell: &Shell, package: Package, out: &Path) -> Result<ExitCode> {
    // `--out` is meant from where the user is.
    let out = std::path::absolute(out).with_context(|| format!("{} is no path", out.display()))?;
    let path = match package {
        Package::Python => wheel(shell, &out)?,
        Package::Node => tarball(shell, &out)?,
    };
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the wheel into a folder.
pub(crate) fn wheel(shell: &Shell, out: &Path) -> Result<PathBuf> {
    let venv = python::venv_with_tools(shell)?;
    let fresh = fresh_folder(shell, "wheel")?;
    let mut command = shell.command(venv.program("maturin"));
    command
        .current_dir(shell.path("python"))
        .args(["build", "--profile", "pack", "--interpreter"]);
    command.arg(&venv.python).arg("--out").arg(&fresh);
    shell.step("wheel", command)?;
    hand_over(&fresh, "whl", out)
}

/// Builds the tarball into a folder.
pub(crate) fn tarball(shell: &Shell, out: &Path) -> Result<PathBuf> {
    let stage = fresh_folder(shell, "npm")?;
    let package = stage.join("package");
    node_package(shell, &package)?;
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
        let (from, to) = (shell.path(name), package.join(name));
        if from.is_file() && !to.exists() {
            copy_file(&from, &to)?;
        }
    }
    let mut command = node::npm(shell)?;
    command
        .current_dir(&package)
        .args(["pack", "--pack-destination"])
        .arg(&stage);
    shell.step("npm pack", command)?;
    hand_over(&stage, "tgz", out)
}

/// The npm package as a folder, with the module built for release. A copy: the module that is in node/ is the one for
/// development, and tests may be using it.
pub(crate) fn node_package(shell: &Shell, folder: &Path) -> Result<()> {
    let library = native::build_node_release(shell)?;
    copy_folder(&shell.path("node"), folder)?;
    copy_file(&library, &folder.join(native::node_file()))
}

/// An empty folder to build in, so that what is found in it afterwards is what was built.
pub(crate) fn fresh_folder(shell: &Shell, name: &str) -> Result<PathBuf> {
    let folder = shell.path("target/stage").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Copies the one file of a kind that a folder holds to where the user wants it.
fn hand_over(folder: &Path, extension: &str, out: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let Some(file) = files.find(|path| path.extension().is_some_and(|end| end == extension)) else {
        bail!("no .{extension} file was built in {}", folder.display());
    };
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let to = out.join(file.file_name().context("a file without a name")?);
    copy_file(&file, &to)?;
    Ok(to)
}

/// Copies the package's own files: no installed packages, no native modules, no tests.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if matches!(name, "node_modules" | "test")
            || name.ends_with(".node")
            || name.ends_with(".tgz")
        {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            copy_file(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
