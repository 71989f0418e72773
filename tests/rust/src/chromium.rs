//! A headless Chromium with one page.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, anyhow};

use crate::program::Program;

/// A running browser. Dropped, it is killed, and its profile removed.
#[derive(Debug)]
pub struct Chromium {
    program: Program,
    profile: Profile,
}

impl Chromium {
    /// Starts the browser at this path on one page, with a profile of its own.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn start(chromium: &Path, page: &str) -> Result<Chromium> {
        let profile = Profile::new();
        // Chromium does not look at its standard input; this shell does, and ends them all when that, or Chromium, ends.
        let mut command = Command::new("sh");
        command.args([
            "-c",
            r#"{ "$@" >/dev/null; kill -KILL 0; } & read -r line; kill -KILL 0"#,
            "sh",
        ]);
        command.arg(chromium);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Of servers of a test's own, whose authority no system knows.
            "--ignore-certificate-errors",
        ]);
        command
            .arg(format!("--user-data-dir={}", profile.0.display()))
            .arg(page);
        Ok(Chromium {
            program: Program::start("Chromium", command)?,
            profile,
        })
    }

    /// Waits until it has ended by itself, which it never should; the error says so, with its complaints.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is lost.
    pub async fn ended(&mut self) -> anyhow::Error {
        let line = self.program.line().await.unwrap_or_default();
        anyhow!("Chromium ended{line}{}", self.program.complaints())
    }

    /// Ends it.
    ///
    /// # Errors
    ///
    /// Where it does not end.
    pub async fn stop(self) -> Result<()> {
        // Its end is a kill, which is no success.
        self.program.end().await?;
        drop(self.profile);
        Ok(())
    }
}

/// A folder of its own, removed at the end.
#[derive(Debug)]
struct Profile(PathBuf);

impl Profile {
    fn new() -> Profile {
        static PROFILES: AtomicU64 = AtomicU64::new(0);
        let number = PROFILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("eventwire-chromium-{}-{number}", std::process::id());
        Profile(std::env::temp_dir().join(name))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A folder that a dying browser still writes into is not worth an error.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The first Chromium on the PATH.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut files = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.find(|file| file.is_file())
}
