//! Running other programs: one progress line each, their output kept and shown only where one fails.

use std::ffi::OsStr;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a step may take where nobody says otherwise. Generous: it is there so that a hang ends, not to measure.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Where the commands run, and how much they tell.
#[derive(Debug)]
pub(crate) struct Shell {
    /// The root folder of the repository.
    pub(crate) root: PathBuf,
    /// Show the output of tools as it comes.
    pub(crate) verbose: bool,
    /// A skipped test is a failure here.
    pub(crate) ci: bool,
    /// The progress line can be written over.
    terminal: bool,
}

/// What a finished program left.
#[derive(Debug)]
pub(crate) struct Done {
    /// It ended by itself, with code 0.
    pub(crate) ok: bool,
    /// What it printed, standard output and standard error in the order of writing.
    pub(crate) text: String,
    /// How it ended, for people.
    pub(crate) end: String,
}

impl Shell {
    pub(crate) fn new(verbose: bool) -> Self {
        // At run time where cargo started us, so that a checkout that was moved works without a rebuild.
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here.ancestors().nth(2).unwrap_or(&here).to_path_buf();
        let ci = std::env::var("CI").is_ok_and(|value| matches!(value.as_str(), "true" | "1"));
        let terminal = std::io::stderr().is_terminal();
        Self { root, verbose, ci, terminal }
    }

    /// A path below the root.
    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.join(below)
    }

    /// A command that runs in the root folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        // `cargo run` describes *this* package to us. Build scripts (ring's, for one) are run again when these change, so
        // a cargo started from here would rebuild what one started by hand has built, and the other way round.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The cargo that started us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Runs a step that must succeed, and returns what it printed.
    pub(crate) fn step(&self, label: &str, command: Command) -> Result<String> {
        let done = self.attempt(label, command)?;
        if !done.ok {
            bail!("{label}: {}", done.end);
        }
        Ok(done.text)
    }

    /// Runs a step that may fail: its output is shown then, and the caller decides.
    pub(crate) fn attempt(&self, label: &str, command: Command) -> Result<Done> {
        let start = Instant::now();
        let done = self.run(command, |elapsed, last| self.progress(label, elapsed, last))?;
        self.report(label, done.ok, start.elapsed());
        if !done.ok && !self.verbose {
            self.show(&done.text);
        }
        Ok(done)
    }

    /// Runs a program without a progress line.
    pub(crate) fn quiet(&self, command: Command) -> Result<Done> {
        self.run(command, |_, _| ())
    }

    /// The line that says that a step has ended.
    pub(crate) fn report(&self, label: &str, ok: bool, took: Duration) {
        let mark = if ok { "    ok" } else { "FAILED" };
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!("{clear}{mark}  {label} ({:.1} s)", took.as_secs_f64());
    }

    /// Shows the output of a step that failed.
    pub(crate) fn show(&self, text: &str) {
        for line in text.lines() {
            eprintln!("        {line}");
        }
    }

    fn progress(&self, label: &str, elapsed: Duration, last: &str) {
        let seconds = elapsed.as_secs();
        if self.terminal {
            let last: String = last.chars().take(60).collect();
            eprint!("\r\x1b[K    ..  {label} ({seconds} s) {last}");
        } else if seconds > 0 && seconds.is_multiple_of(30) {
            // A log: a sign of life now and then is enough.
            eprintln!("    ..  {label} ({seconds} s) {last}");
        }
    }

    fn run(&self, mut command: Command, mut progress: impl FnMut(Duration, &str)) -> Result<Done> {
        let shown = format!("{command:?}");
        if self.verbose {
            eprintln!("$ {shown}");
        }
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
        // The command holds the writing ends: with them open the reader would never see the end.
        drop(command);
        let output = Collector::start(reader, self.verbose);

        let start = Instant::now();
        let mut shown_second = None;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if start.elapsed() > LIMIT {
                kill_tree(&mut child);
                break None;
            }
            let second = start.elapsed().as_secs();
            if !self.verbose && shown_second != Some(second) {
                shown_second = Some(second);
                progress(start.elapsed(), &output.last_line());
            }
            thread::sleep(Duration::from_millis(25));
        };
        Ok(Done { ok: status.is_some_and(|s| s.success()), text: output.finish(), end: describe(status) })
    }
}

fn describe(status: Option<ExitStatus>) -> String {
    match status {
        Some(status) => status.to_string(),
        None => format!("not done after {} minutes, stopped", LIMIT.as_secs() / 60),
    }
}

/// Collects what a program prints, on a thread of its own.
struct Collector {
    text: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Collector {
    fn start(mut reader: std::io::PipeReader, tee: bool) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (done, ended) = mpsc::channel();
        let shared = Arc::clone(&text);
        thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                if tee {
                    let _ = std::io::stderr().write_all(&chunk[..count]);
                }
                if let Ok(mut text) = shared.lock() {
                    text.extend_from_slice(&chunk[..count]);
                }
            }
            let _ = done.send(());
        });
        Self { text, ended }
    }

    fn last_line(&self) -> String {
        let text = self.text.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let tail = &text[text.len().saturating_sub(400)..];
        let tail = String::from_utf8_lossy(tail);
        tail.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("").to_owned()
    }

    fn finish(self) -> String {
        // A process that outlives its parent keeps the pipe open; it must not hold us up for ever.
        let left_open = self.ended.recv_timeout(Duration::from_secs(5)).is_err();
        let text = self.text.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if left_open {
            text.push_str("\n(a process that this command started was still running after its end)\n");
        }
        text
    }
}

/// Ends a program that hangs, and everything that it started: a test runner's children would outlive it.
fn kill_tree(child: &mut Child) {
    let mut family = vec![child.id()];
    let parents = parents();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    let _ = child.kill();
    let _ = child.wait();
    for pid in &family[1..] {
        let _ = Command::new("kill").arg("-9").arg(pid.to_string()).stderr(Stdio::null()).status();
    }
}

/// Every process with its parent, where the system has /proc.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let stat = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // "pid (name) state parent ...": the name may hold anything, so count from its last parenthesis.
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((pid, parent))
    };
    entries.flatten().filter_map(stat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        Shell { root: std::env::temp_dir(), verbose: false, ci: false, terminal: false }
    }

    #[test]
    fn output_of_both_streams_is_kept_in_order() {
        let mut command = shell().command("sh");
        command.args(["-c", "echo one; echo two >&2; echo three; exit 3"]);
        let done = shell().quiet(command).unwrap();
        assert!(!done.ok);
        assert_eq!(done.text, "one\ntwo\nthree\n");
        assert!(done.end.contains('3'), "{}", done.end);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = shell().quiet(shell().command("no-such-program-here")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn the_process_table_knows_us() {
        let known = parents();
        assert!(known.is_empty() || known.iter().any(|(pid, _)| *pid == std::process::id()));
    }
}
