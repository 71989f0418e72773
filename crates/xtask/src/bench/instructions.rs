//! Instructions instead of time: the same on a busy machine as on an idle one, so that a change of a few per cent can be seen.
//! They are not time: they know nothing of caches, of branches guessed wrong, or of how many run at once.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::contest::{Decoder, Language};
use super::report;
use super::runners::{self, Build};
use super::workloads::Workload;
use crate::env::system;
use crate::sh::Shell;

/// Counts the instructions per event of each decoder in Rust, for each workload and chunk size, and returns the tables.
pub(crate) fn count(shell: &Shell, workloads: &[Workload]) -> Result<String> {
    let valgrind = valgrind(shell)?;
    runners::build_rust(shell, Build::Release)?;
    let mut out = String::from("# Instructions per event, in Rust\n");
    for workload in workloads {
        let (kind, chunks) = (workload.kind, &workload.chunks);
        let _ = writeln!(
            out,
            "\n## {}, {} bytes an event\n",
            kind.name(),
            kind.event_size()
        );
        report::head(&mut out, "instructions per event", kind, chunks);
        for decoder in Language::Rust.decoders() {
            let mut cells = Vec::new();
            for chunk in chunks {
                let count = per_event(shell, &valgrind, *decoder, workload, *chunk)?;
                cells.push(format!("{count:.0}"));
            }
            let _ = writeln!(out, "| {} | {} |", decoder.name, cells.join(" | "));
        }
    }
    Ok(out)
}

fn valgrind(shell: &Shell) -> Result<PathBuf> {
    if system::which("valgrind").is_none() {
        system::install(shell, "valgrind", "valgrind, which counts instructions,")?;
    }
    system::which("valgrind").context("valgrind was installed, but is not on the PATH")
}

/// The difference between decoding the stream three times and once: what the program does before and after drops out.
fn per_event(
    shell: &Shell,
    valgrind: &Path,
    decoder: Decoder,
    workload: &Workload,
    chunk: usize,
) -> Result<f64> {
    let run = |times: u32| {
        let mut command = shell.command(valgrind);
        command.args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ]);
        command
            .arg(runners::rust_program(shell, Build::Release, "codec"))
            .args(["once", decoder.name])
            .arg(&workload.path)
            .args([chunk.to_string(), times.to_string()]);
        let label = format!(
            "{}, {}, chunks of {chunk}",
            decoder.name,
            workload.kind.name()
        );
        let done = shell.quiet(command)?;
        if !done.ok {
            bail!("{label}: {}\n{}", done.end, done.text);
        }
        refs(&done.text).with_context(|| format!("{label}: no count in\n{}", done.text))
    };
    let size = fs::metadata(&workload.path)?.len();
    let events = size / workload.kind.event_size() as u64;
    Ok((run(3)? - run(1)?) / 2.0 / events as f64)
}

/// Reads the count: `==1== I refs:        1,234,567` (`I   refs:` in older versions).
fn refs(text: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let (name, count) = line.split_once("refs:")?;
        name.trim_end().ends_with('I').then_some(())?;
        count.trim().replace(',', "").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_both_forms() {
        assert_eq!(
            refs("==1==\n==1== I refs:        1,234,567\n"),
            Some(1_234_567.0)
        );
        assert_eq!(refs("==1== I   refs:      12\n"), Some(12.0));
        assert_eq!(refs("==1== D   refs:      12\nsomething\n"), None);
    }
}
