//! Node.js, and the npm packages that test and lint the Node package, or that its tests compare it with. What we ship has none.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Missing, once, system};
use crate::sh::Shell;

/// The oldest Node.js that the package supports, as in node/package.json.
const OLDEST: (u32, u32) = (20, 17);

/// Node.js, and its version.
pub(crate) fn node(shell: &Shell) -> Result<(PathBuf, String)> {
    let missing = |what: String| Missing { what };
    let path = system::which("node").ok_or_else(|| {
        missing("node is missing: install Node.js 20.17 or later, and put it on the PATH".into())
    })?;
    let mut command = shell.command(&path);
    command.arg("--version");
    let version = shell.quiet(command)?.text.trim().to_owned();
    if !is_new_enough(&version) {
        return Err(missing(format!(
            "{} is {version}; Node.js 20.17 or later is needed",
            path.display()
        ))
        .into());
    }
    Ok((path, version))
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

/// Lets every program of the repository `import 'eventwire'` as a user's would: Node looks for packages from a file's folder
/// upwards, and comes to this link.
pub(crate) fn link(shell: &Shell) -> Result<()> {
    let link = shell.path("node_modules/eventwire");
    if link.join("package.json").is_file() {
        return Ok(());
    }
    fs::create_dir_all(shell.path("node_modules")).context("cannot make node_modules")?;
    // What is there leads nowhere: a link into a checkout that was moved.
    let _ = fs::remove_file(&link);
    #[cfg(unix)]
    std::os::unix::fs::symlink("../node", &link)
        .with_context(|| format!("cannot make {}", link.display()))?;
    #[cfg(windows)]
    std::os::windows::fs::symlink_dir("..\\node", &link)
        .with_context(|| format!("cannot make {}", link.display()))?;
    Ok(())
}

/// npm, run in the package's folder unless the caller names another.
pub(crate) fn npm(shell: &Shell) -> Result<Command> {
    let npm = system::which("npm").ok_or_else(|| Missing {
        what: "npm is missing: it comes with Node.js".into(),
    })?;
    let mut command = shell.command(npm);
    command.current_dir(shell.path("node"));
    Ok(command)
}

/// Installs node/node_modules from the lock file.
pub(crate) fn packages(shell: &Shell) -> Result<()> {
    packages_in(shell, "node", "npm packages")
}

/// Installs the packages of a folder from its lock file.
pub(crate) fn packages_in(shell: &Shell, folder: &str, label: &str) -> Result<()> {
    let (_, version) = node(shell)?;
    let folder = shell.path(folder);
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let sources = format!(
        "{version}\n{}\n{}",
        read("package.json")?,
        read("package-lock.json")?
    );
    once(&folder.join("node_modules/.made-from"), &sources, || {
        let mut command = npm(shell)?;
        command.current_dir(&folder).arg("ci");
        shell.step(label, command).map(drop)
    })
}

/// A tool that is installed there, run by its own file: no shell script between, so that it works from any folder.
pub(crate) fn tool(shell: &Shell, script: &str) -> Result<Command> {
    packages(shell)?;
    let (node, _) = node(shell)?;
    let mut command = shell.command(node);
    command
        .current_dir(shell.path("node"))
        .arg(shell.path("node/node_modules").join(script));
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("v20.17.0"));
        assert!(is_new_enough("v22.4.1"));
        assert!(!is_new_enough("v20.9.0"));
        assert!(!is_new_enough("v18.20.4"));
        assert!(!is_new_enough("nonsense"));
    }
}
