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

/// LaunchDarkly's contract harness, where somebody has installed it.
pub(crate) fn contract_harness() -> Option<PathBuf> {
    std::env::var_os("SSE_CONTRACT_TESTS")
        .map(PathBuf::from)
        .or_else(|| which("sse-contract-tests"))
}

/// Where Debian's package has nchan.
pub(crate) const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// nginx, installed if need be.
pub(crate) fn nginx(shell: &Shell) -> Result<PathBuf> {
    let find = || {
        which("nginx")
            .or_else(|| Some("/usr/sbin/nginx".into()).filter(|path: &PathBuf| path.is_file()))
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install(shell, "nginx", "nginx")?;
    find().ok_or_else(|| {
        Missing {
            what: "nginx was installed, but is not on the PATH".into(),
        }
        .into()
    })
}

/// nginx with the module nchan, installed if need be.
pub(crate) fn nchan(shell: &Shell) -> Result<PathBuf> {
    let is_there = || PathBuf::from(NCHAN).is_file();
    if !is_there() {
        install(shell, "nginx libnginx-mod-nchan", "nginx with nchan")?;
    }
    if !is_there() {
        return Err(Missing {
            what: format!("nginx was installed, but its module {NCHAN} is not there"),
        }
        .into());
    }
    nginx(shell)
}

/// Installs Debian packages, separated by spaces, as root.
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
    let mut install = apt(&["install", "-y", "-q", "--no-install-recommends"]);
    install.args(package.split(' '));
    let done = shell.attempt(&label, install)?;
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
