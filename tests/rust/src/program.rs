//! A child process that speaks JSON lines, and that never outlives its owner (on Unix).
//!
//! The child is in a process group of its own, so that Ctrl-C in a terminal reaches its owner alone, who ends it. Should the
//! owner be killed, the child sees the end of its standard input, which means "stop" in this protocol.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::bounded;

/// A running child. Dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    stderr: Arc<Mutex<VecDeque<String>>>,
}

/// The last lines of standard error are kept for messages.
const STDERR_LINES: usize = 20;

impl Program {
    /// Starts it. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn start(name: impl Into<String>, command: std::process::Command) -> Result<Program> {
        let name = name.into();
        let mut child = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let (sender, lines) = mpsc::unbounded_channel();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout).lines();
            tokio::spawn(async move {
                while let Ok(Some(line)) = stdout.next_line().await
                    && sender.send(line).is_ok()
                {}
            });
        }
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(pipe) = child.stderr.take() {
            let (kept, mut pipe) = (stderr.clone(), BufReader::new(pipe).lines());
            tokio::spawn(async move {
                while let Ok(Some(line)) = pipe.next_line().await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push_back(line);
                    if kept.len() > STDERR_LINES {
                        kept.pop_front();
                    }
                }
            });
        }
        let stdin = child.stdin.take();
        Ok(Program {
            name,
            child,
            stdin,
            lines,
            stderr,
        })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line of its standard output, whenever it comes; `None` where that has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses no line.
    pub async fn line(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// The next line, as JSON; waits for it, but not for ever.
    ///
    /// # Errors
    ///
    /// Where none comes in time, where the child has ended, and where it is not what was to come. The message holds the end
    /// of the child's standard error.
    pub async fn report<T: DeserializeOwned>(&mut self, what: &str) -> Result<T> {
        let line = match bounded(what, self.lines.recv()).await {
            Ok(Some(line)) => line,
            Ok(None) => {
                let status = bounded("its exit", self.child.wait()).await??;
                bail!(
                    "{} ended ({status}) instead of sending {what}{}",
                    self.name,
                    self.complaints()
                );
            }
            Err(error) => {
                return Err(error.context(format!(
                    "{} was silent{}",
                    self.name,
                    self.complaints()
                )));
            }
        };
        serde_json::from_str(&line)
            .with_context(|| format!("{} sent {line:?} where {what} was to come", self.name))
    }

    /// Sends it one line of JSON.
    ///
    /// # Errors
    ///
    /// Where it no longer reads.
    pub async fn send(&mut self, message: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let stdin = self
            .stdin
            .as_mut()
            .context("its standard input was closed")?;
        let written = bounded("a child that reads", stdin.write_all(&line)).await?;
        written.with_context(|| format!("{} no longer reads{}", self.name, self.complaints()))
    }

    /// Closes its standard input: it is to stop. Its last lines can still be read.
    pub fn ask_to_stop(&mut self) {
        self.stdin = None;
    }

    /// Waits until it has ended by itself, which it must, and with success.
    ///
    /// # Errors
    ///
    /// Where it does not, or not with success.
    pub async fn ended(mut self) -> Result<()> {
        let status = bounded("its exit", self.child.wait())
            .await
            .with_context(|| format!("{} goes on{}", self.name, self.complaints()))??;
        ensure!(
            status.success(),
            "{} ended with {status}{}",
            self.name,
            self.complaints()
        );
        Ok(())
    }

    /// As [`end`](Self::end), and it must have succeeded.
    ///
    /// # Errors
    ///
    /// Where it does not stop, or not with success.
    pub async fn stop(self) -> Result<()> {
        let (name, stderr) = (self.name.clone(), self.stderr.clone());
        let status = self.end().await?;
        ensure!(
            status.success(),
            "{name} ended with {status}{}",
            lines(&stderr)
        );
        Ok(())
    }

    /// Asks it to stop and waits until it has, with success or not.
    ///
    /// # Errors
    ///
    /// Where it does not.
    pub async fn end(mut self) -> Result<ExitStatus> {
        self.ask_to_stop();
        match bounded("its exit", self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(error) => {
                bail!(
                    "{} did not stop when its standard input ended: {error}{}",
                    self.name,
                    self.complaints()
                )
            }
        }
    }

    /// The end of its standard error, for a message.
    pub fn complaints(&self) -> String {
        lines(&self.stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The whole group, so that nothing that the child has started stays; `id` is none once it was waited for.
        if let Some(group) = self.child.id() {
            let kill = format!("kill -s KILL -- -{group}");
            let _ = std::process::Command::new("sh")
                .args(["-c", &kill])
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn lines(stderr: &Mutex<VecDeque<String>>) -> String {
    let kept = stderr.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().map(|line| format!("\n    {line}")).collect()
}

/// What a program does with an error that ends it: says it, in one piece and without a trace.
pub fn failure(error: anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

/// Waits until a person, or whoever started this program, wants it to end: SIGINT, SIGTERM or SIGHUP.
pub async fn interrupted() {
    let signals = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let waits = signals.map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut signal) => signal.recv().await,
                Err(_) => std::future::pending().await,
            }
        })
    });
    futures_util::future::select_all(waits).await;
}

/// The path of a program of this crate, which cargo puts beside the running one.
///
/// # Errors
///
/// Where it has not been built.
pub fn sibling(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("the path of the running program is not known")?;
    let mut folder = this.parent().unwrap_or(Path::new("."));
    // A test program lies one folder deeper.
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    let path = folder.join(name);
    ensure!(
        path.exists(),
        "there is no {}: build it by `cargo build -p eventwire-tests --bins`",
        path.display()
    );
    Ok(path)
}

/// The root of the project, where the programs in Python and JavaScript lie.
pub fn root() -> &'static Path {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HERE)
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new(HERE))
}
