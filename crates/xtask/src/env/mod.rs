//! Setting up what a command needs, once: each piece leaves a stamp with what it was made from, and is left alone while
//! that is the same.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::sh::Shell;

pub(crate) mod cargo;
pub(crate) mod native;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod system;

/// Something that the machine lacks and that we cannot install: tests that need it are skipped, not failed.
#[derive(Debug)]
pub(crate) struct Missing {
    /// What is missing, and what to do about it.
    pub(crate) what: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Missing {}

/// `cargo xtask setup`.
pub(crate) fn everything(shell: &Shell) -> Result<ExitCode> {
    let venv = python::venv_with_tools(shell)?;
    node::packages(shell)?;
    native::build(shell)?;
    println!("Python: {}", venv.python.display());
    Ok(ExitCode::SUCCESS)
}

/// Does a piece of set-up unless its stamp says that it was done from the same sources. The stamp lies inside what was set
/// up, so that removing the one removes the other; it holds the sources themselves, so that nothing can collide.
fn once(stamp: &Path, sources: &str, set_up: impl FnOnce() -> Result<()>) -> Result<()> {
    if fs::read_to_string(stamp).is_ok_and(|made_from| made_from == sources) {
        return Ok(());
    }
    // Not valid from here on: what is interrupted halfway is done again.
    let _ = fs::remove_file(stamp);
    set_up()?;
    fs::write(stamp, sources).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_up_runs_again_when_its_sources_change_or_it_failed() {
        let stamp = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let mut runs = 0;
        for sources in ["a", "a", "b"] {
            once(&stamp, sources, || {
                runs += 1;
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(runs, 2);
        once(&stamp, "c", || anyhow::bail!("no")).unwrap_err();
        once(&stamp, "b", || {
            runs += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(runs, 3, "a set-up that failed leaves no stamp");
        fs::remove_file(stamp).unwrap();
    }
}
