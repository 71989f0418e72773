//! `cargo xtask bench`: eventwire beside other libraries.
//!
//! # Layout
//!
//! - [`workloads`] makes the streams, the same bytes for every language.
//! - [`contest`] says who is compared with whom.
//! - [`runners`] builds the programs of `tests/bench` and has them measure; they write down every run and judge nothing.
//! - [`results`] reads what they measured, [`stats`] makes medians and ratios of it, [`targets`] holds those against what is
//!   to be reached, [`report`] and [`plot`] show it.
//! - [`fan_out`] measures servers instead of decoders.
//! - [`instructions`] counts instead of timing. [`trial`] is a quick run as tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};

use crate::sh::Shell;

mod contest;
pub(crate) mod fan_out;
mod instructions;
mod plot;
mod report;
mod results;
mod runners;
mod stats;
mod targets;
pub(crate) mod trial;
mod workloads;

use contest::{Language, Role};
use report::{Disagreement, Setting};
use results::Measured;
use runners::{Build, Effort, Runner};
use workloads::{CHUNKS, Kind, Workload};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// The decoders, in three languages.
    Codec(Codec),
    /// The hub, served from three languages, beside other servers.
    FanOut(fan_out::FanOut),
}

/// How the decoders are measured.
#[derive(Debug, Args)]
pub(crate) struct Codec {
    /// Only these languages.
    #[arg(long, short)]
    language: Vec<Language>,
    /// Only these workloads.
    #[arg(long, short)]
    workload: Vec<Kind>,
    /// These chunk sizes instead of the usual ones; that of one event is always among them.
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..))]
    chunk: Vec<u32>,
    /// How often each decoder is timed, after one run that is not.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// MiB of each workload and of the one long line.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    size: u16,
    /// Small inputs and development builds: shows that all of it works and agrees. Its times mean nothing.
    #[arg(long, conflicts_with_all = ["rounds", "size"])]
    quick: bool,
    /// Count instructions per event under valgrind, instead of timing: Rust only, on small inputs, also on a busy machine.
    #[arg(long, conflicts_with_all = ["quick", "language", "rounds", "size"])]
    instructions: bool,
    /// The folder that the tables and plots are written to.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// What was measured, and where decoders disagree with what the streams hold.
#[derive(Debug)]
struct Outcome {
    workloads: Vec<Workload>,
    all: Vec<Measured>,
    disagreements: Vec<Disagreement>,
}

/// Runs a benchmark.
pub(crate) fn run(shell: &Shell, what: &What) -> Result<ExitCode> {
    let options = match what {
        What::Codec(options) => options,
        What::FanOut(options) => return fan_out::run(shell, options),
    };
    if options.instructions {
        let workloads = options.workloads(&data(shell)?)?;
        let tables = instructions::count(shell, &workloads)?;
        save(&options.out()?, "instructions.md", &tables)?;
        println!("{tables}");
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = codec(shell, options)?;
    let targets = outcome.all.iter().flat_map(targets::judge);
    println!("{}", report::targets(&targets.collect::<Vec<_>>()));
    for disagreement in &outcome.disagreements {
        println!("{}", disagreement.text);
    }
    println!("{}", options.out()?.join("codec.md").display());
    // A peer that reads a stream wrongly is said in the report. Ours must not.
    Ok(if outcome.disagreements.iter().any(|one| one.is_ours) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn codec(shell: &Shell, options: &Codec) -> Result<Outcome> {
    let out = options.out()?;
    let data = data(shell)?;
    let workloads = options.workloads(&data)?;
    let mut all = Vec::new();
    for language in chosen(&options.language) {
        let runner = Runner::prepare(shell, language, options.build())?;
        all.push(runner.measure(shell, &data, &workloads, options.effort())?);
    }
    let disagreements = compare(&all, &workloads);
    write(&out, options, &all, &disagreements)?;
    Ok(Outcome {
        workloads,
        all,
        disagreements,
    })
}

/// The folder of the streams, and of what goes to and comes from the runners.
fn data(shell: &Shell) -> Result<PathBuf> {
    folder(shell.path("target/bench/data"))
}

/// A path as the user meant it.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}

/// Writes tables and plots.
fn write(
    out: &Path,
    options: &Codec,
    all: &[Measured],
    disagreements: &[Disagreement],
) -> Result<()> {
    let setting = Setting {
        machine: machine(),
        method: options.method(),
    };
    let targets: Vec<_> = all.iter().flat_map(targets::judge).collect();
    let page = report::markdown(&setting, all, &targets, disagreements);
    save(out, "codec.md", &page)?;
    let json = report::json(&setting, all, &targets);
    save(out, "codec.json", &format!("{json:#}\n"))?;
    for measured in all {
        let name = format!("codec-{}.svg", measured.language.name());
        save(out, &name, &plot::svg(measured))?;
    }
    Ok(())
}

fn save(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

impl Codec {
    /// The quick run of everything.
    fn trial(out: PathBuf) -> Self {
        Self {
            language: Vec::new(),
            workload: Vec::new(),
            chunk: Vec::new(),
            rounds: 1,
            size: 1,
            quick: true,
            instructions: false,
            out,
        }
    }

    /// Where the tables and plots go, meant from where the user is.
    fn out(&self) -> Result<PathBuf> {
        folder(absolute(&self.out)?)
    }

    fn build(&self) -> Build {
        if self.quick {
            Build::Development
        } else {
            Build::Release
        }
    }

    fn effort(&self) -> Effort {
        Effort {
            rounds: if self.quick { 1 } else { self.rounds.into() },
            long_line: self.bytes(),
            calls: if self.quick { 1 << 14 } else { 1 << 20 },
        }
    }

    /// Bytes of a workload.
    fn bytes(&self) -> usize {
        if self.instructions {
            512 << 10
        } else if self.quick {
            64 << 10
        } else {
            usize::from(self.size) << 20
        }
    }

    fn workloads(&self, folder: &Path) -> Result<Vec<Workload>> {
        let kinds = chosen(&self.workload);
        let chunks: Vec<usize> = if self.chunk.is_empty() {
            CHUNKS.to_vec()
        } else {
            self.chunk.iter().map(|chunk| *chunk as usize).collect()
        };
        kinds
            .into_iter()
            .map(|kind| workloads::write(folder, kind, self.bytes(), &chunks))
            .collect()
    }

    fn method(&self) -> String {
        if self.quick {
            return "a trial with small inputs and development builds: its times mean nothing"
                .into();
        }
        format!(
            "{} MiB of each workload; one warm-up, then {} rounds in which each decoder has its turn; medians, and ratios of \
             medians, with the least and the greatest ratio of one round; release builds with link-time optimization",
            self.size, self.rounds
        )
    }
}

/// What was named, once each, or all.
fn chosen<T: ValueEnum + Copy + PartialEq>(named: &[T]) -> Vec<T> {
    if named.is_empty() {
        T::value_variants().to_vec()
    } else {
        let of = T::value_variants().iter().copied();
        of.filter(|one| named.contains(one)).collect()
    }
}

/// Holds what each decoder found against what the streams hold.
fn compare(all: &[Measured], workloads: &[Workload]) -> Vec<Disagreement> {
    let mut disagreements = Vec::new();
    for measured in all {
        for series in &measured.series {
            let Some(workload) = workloads.iter().find(|one| one.kind == series.kind) else {
                continue;
            };
            let role = series.decoder.role;
            if role == Role::Floor || series.found == Some(workload.holds) {
                continue;
            }
            disagreements.push(Disagreement {
                is_ours: role == Role::Ours,
                text: format!(
                    "{}: {} reads {} in chunks of {} as {:?}, and it holds {:?}",
                    measured.language.title(),
                    series.decoder.name,
                    series.kind.name(),
                    series.chunk,
                    series.found,
                    workload.holds
                ),
            });
        }
    }
    disagreements
}

/// The processor and how many of it there are, where the system tells.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model);
    format!(
        "{model}, {cpus} logical processors, {}",
        std::env::consts::OS
    )
}

#[cfg(test)]
mod tests {
    use super::contest::{BORROWED, SSE_STREAM};
    use super::results::tests::{measured, series};
    use super::*;

    #[test]
    fn a_decoder_that_finds_something_else_is_named() {
        let all = [measured(vec![
            series(BORROWED, "llm", 64, &[1]),
            series(SSE_STREAM, "llm", 64, &[1]),
        ])];
        let mut workload = Workload {
            kind: Kind::Llm,
            path: PathBuf::new(),
            holds: all[0].series[0].found.unwrap(),
            chunks: vec![64],
        };
        assert!(compare(&all, std::slice::from_ref(&workload)).is_empty());
        workload.holds.data += 1;
        let wrong = compare(&all, &[workload]);
        let ours: Vec<bool> = wrong.iter().map(|one| one.is_ours).collect();
        assert_eq!(ours, [true, false]);
        assert!(wrong[1].text.contains(SSE_STREAM), "{}", wrong[1].text);
    }
}
