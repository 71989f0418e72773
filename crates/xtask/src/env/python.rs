//! Python: an interpreter, and the virtual environment `target/venv`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Missing, once, system};
use crate::sh::Shell;

/// A virtual environment.
#[derive(Debug)]
pub(crate) struct Venv {
    pub(crate) folder: PathBuf,
    pub(crate) python: PathBuf,
}

impl Venv {
    fn at(folder: PathBuf) -> Self {
        let python = folder.join("bin/python");
        Self { folder, python }
    }

    /// A program that is installed in it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// `python -m MODULE`, run in the package's folder, where its configuration is.
    pub(crate) fn module(&self, shell: &Shell, module: &str) -> Command {
        let mut command = shell.command(&self.python);
        command
            .current_dir(shell.path("python"))
            .args(["-m", module]);
        command
    }

    /// `pip install` into it.
    pub(crate) fn pip_install(&self, shell: &Shell) -> Command {
        let mut command = shell.command(&self.python);
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        command
    }
}

/// `target/venv`, in which `import eventwire` finds the package as it is in the checkout.
pub(crate) fn venv(shell: &Shell) -> Result<Venv> {
    let venv = Venv::at(shell.path("target/venv"));
    let (python, identity) = interpreter(shell)?;
    let source = shell.path("python/src");
    let sources = format!("{identity}\n{}\n", source.display());
    once(&venv.folder.join("made-from"), &sources, || {
        create(shell, &python, &venv.folder, "virtual environment")?;
        let mut command = shell.command(&venv.python);
        command.args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
        ]);
        let packages = shell.quiet(command)?.text;
        // Not `pip install -e`: that would build the native module once more, in a folder of its own.
        let pointer = Path::new(packages.trim()).join("eventwire-checkout.pth");
        fs::write(&pointer, format!("{}\n", source.display()))
            .with_context(|| format!("cannot write {}", pointer.display()))
    })?;
    Ok(venv)
}

/// [`venv`], with the tools that test, lint and pack.
pub(crate) fn venv_with_tools(shell: &Shell) -> Result<Venv> {
    let venv = venv(shell)?;
    let list = shell.path("python/requirements-dev.txt");
    let wanted =
        fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    once(&venv.folder.join("tools-from"), &wanted, || {
        let mut command = venv.pip_install(shell);
        command.arg("-r").arg(&list);
        shell.step("Python tools", command).map(drop)
    })?;
    Ok(venv)
}

/// A virtual environment of its own for a list of packages, set up once.
pub(crate) fn venv_of(shell: &Shell, folder: &Path, list: &Path, label: &str) -> Result<Venv> {
    let (_, identity) = interpreter(shell)?;
    let wanted =
        fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let venv = Venv::at(folder.to_path_buf());
    once(
        &folder.join("made-from"),
        &format!("{identity}\n{wanted}"),
        || {
            fresh_venv(shell, folder)?;
            let mut command = venv.pip_install(shell);
            command.arg("-r").arg(list);
            shell.step(label, command).map(drop)
        },
    )?;
    Ok(venv)
}

/// A new and empty virtual environment, as a user would make one.
pub(crate) fn fresh_venv(shell: &Shell, folder: &Path) -> Result<Venv> {
    let (python, _) = interpreter(shell)?;
    create(shell, &python, folder, "fresh virtual environment")?;
    Ok(Venv::at(folder.to_path_buf()))
}

fn create(shell: &Shell, python: &Path, folder: &Path, label: &str) -> Result<()> {
    let mut command = shell.command(python);
    command.args(["-m", "venv", "--clear"]).arg(folder);
    shell.step(label, command).map(drop)
}

/// Python 3.10 or later with venv, and what tells it from another: where it is installed, and its version. (Not the path that it
/// was found by: one Python may have several.) `PYTHON` names another one than `python3`.
fn interpreter(shell: &Shell) -> Result<(PathBuf, String)> {
    let python = std::env::var_os("PYTHON")
        .map(PathBuf::from)
        .or_else(|| system::which("python3"));
    let Some(python) = python else {
        return Err(Missing {
            what: "python3 is missing: install Python 3.10 or later, or set PYTHON to it".into(),
        }
        .into());
    };
    let identity = probe(
        shell,
        &python,
        "import sys; assert sys.version_info >= (3, 10), sys.version; print(sys.base_prefix, sys.version)",
    )
    .map_err(|text| Missing {
        what: format!(
            "{} is not Python 3.10 or later ({}); set PYTHON to one that is",
            python.display(),
            last(&text)
        ),
    })?;
    // Debian has these two in a package of their own.
    let has_venv = || probe(shell, &python, "import venv, ensurepip").is_ok();
    if !has_venv() {
        system::install(shell, "python3-venv", "Python's module venv")?;
        if !has_venv() {
            let what = format!(
                "{} has no module venv, which makes virtual environments",
                python.display()
            );
            return Err(Missing { what }.into());
        }
    }
    Ok((python, identity.trim().to_owned()))
}

/// Runs a line of Python: what it printed, or what it said when it failed.
fn probe(shell: &Shell, python: &Path, code: &str) -> Result<String, String> {
    let mut command = shell.command(python);
    command.args(["-c", code]);
    match shell.quiet(command) {
        Ok(done) if done.ok => Ok(done.text),
        Ok(done) => Err(done.text),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn last(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it printed nothing")
}
