//! Running other programs: one progress line each, their output kept and shown only where one fails.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

mod collector;
pub(crate) mod processes;

use collector::Collector;
use processes::kill_tree;

/// How long a step may take where nobody says otherwise. Generous: it is there so that a hang ends, not to measure.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How many lines of a step that failed are shown.
const SHOWN: usize = 300;

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
        Self {
            root,
            verbose,
            ci,
            terminal,
        }
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
        self.attempt_within(label, LIMIT, command)
    }

    /// As [`attempt`](Self::attempt), for what may take longer, or must not take as long.
    pub(crate) fn attempt_within(
        &self,
        label: &str,
        limit: Duration,
        command: Command,
    ) -> Result<Done> {
        let start = Instant::now();
        let progress = |elapsed, last: &str| self.progress(label, elapsed, last);
        let done = self.run(command, limit, progress)?;
        self.report(label, done.ok, start.elapsed());
        if !done.ok && !self.verbose {
            self.show_end(label, &done.text);
        }
        Ok(done)
    }

    /// Runs a program without a progress line.
    pub(crate) fn quiet(&self, command: Command) -> Result<Done> {
        self.run(command, LIMIT, |_, _| ())
    }

    /// As [`quiet`](Self::quiet), for what may take longer, or must not take as long.
    pub(crate) fn quiet_within(&self, limit: Duration, command: Command) -> Result<Done> {
        self.run(command, limit, |_, _| ())
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

    /// Shows the end of a long output, and says where the rest is.
    fn show_end(&self, label: &str, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let rest = lines.len().saturating_sub(SHOWN);
        if rest > 0 {
            let name: String = label
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '-' })
                .collect();
            let log = self.path("target/reports").join(format!("{name}.log"));
            let written = log
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&log, text));
            match written {
                Ok(()) => eprintln!(
                    "        ({rest} lines before these are in {})",
                    log.display()
                ),
                Err(error) => eprintln!(
                    "        ({rest} lines left out: {} cannot be written: {error})",
                    log.display()
                ),
            }
        }
        self.show(&lines[rest..].join("\n"));
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

    fn run(
        &self,
        mut command: Command,
        limit: Duration,
        mut progress: impl FnMut(Duration, &str),
    ) -> Result<Done> {
        let shown = format!("{command:?}");
        if self.verbose {
            eprintln!("$ {shown}");
        }
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {shown}"))?;
        // The command holds the writing ends: with them open the reader would never see the end.
        drop(command);
        let output = Collector::start(reader, self.verbose);

        let start = Instant::now();
        let mut shown_second = None;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if start.elapsed() > limit {
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
        Ok(Done {
            ok: status.is_some_and(|s| s.success()),
            text: output.finish(),
            end: describe(status, limit),
        })
    }
}

fn describe(status: Option<ExitStatus>, limit: Duration) -> String {
    match status {
        Some(status) => status.to_string(),
        None => format!("not done after {} s, stopped", limit.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        Shell {
            root: std::env::temp_dir(),
            verbose: false,
            ci: false,
            terminal: false,
        }
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
    fn a_program_that_takes_too_long_is_stopped() {
        let mut command = shell().command("sh");
        command.args(["-c", "echo one; sleep 600"]);
        let limit = Duration::from_millis(300);
        let done = shell().attempt_within("sleeps", limit, command).unwrap();
        assert!(!done.ok);
        assert_eq!(done.text, "one\n");
        assert!(done.end.contains("stopped"), "{}", done.end);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = shell()
            .quiet(shell().command("no-such-program-here"))
            .unwrap_err();
        assert!(
            error.to_string().contains("no-such-program-here"),
            "{error}"
        );
    }
}
