//! Programs of the system: found, or installed by apt where that is possible.

use std::path::PathBuf;

use anyhow::Result;

use super::Missing;
use crate::sh::Shell;

/// Finds a program on the path.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The browser of the tests, installed if need be.
pub(crate) fn chromium(shell: &Shell) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(which)
    };
    if let Some(path) = find() {
        return Ok(path);
    }
    install(shell, "chromium", "Chromium")?;
    find().ok_or_else(|| {
        Missing {
            what: "Chromium was installed, but is not on the PATH; set CHROMIUM to it".into(),
        }
        .into()
    })
}

/// Installs a Debian package, as root.
///
/// # Errors
///
/// [`Missing`], with the line to type, where that is not possible.
pub(crate) fn install(shell: &Shell, package: &str, name: &str) -> Result<()> {
    let missing = |why: &str| Missing {
        what: format!(
            "{name} is missing{why}; install it: sudo apt-get install -y --no-install-recommends {package}"
        ),
    };
    if which("apt-get").is_none() || !is_root(shell) {
        return Err(missing("").into());
    }
    let apt = |args: &[&str]| {
        let mut command = shell.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    // An update that fails (one source of several is down) need not keep the package from being there.
    let _ = shell.attempt("apt-get update", apt(&["update", "-q"]))?;
    let label = format!("apt-get install {package}");
    let done = shell.attempt(
        &label,
        apt(&["install", "-y", "-q", "--no-install-recommends", package]),
    )?;
    if done.ok {
        Ok(())
    } else {
        Err(missing(" and could not be installed (see above)").into())
    }
}

fn is_root(shell: &Shell) -> bool {
    let mut command = shell.command("id");
    command.arg("-u");
    shell
        .quiet(command)
        .is_ok_and(|done| done.text.trim() == "0")
}
