//! Builds what measures in each language, and has it measure: the programs of `tests/bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::contest::Language;
use super::results::{Measured, array, number};
use super::workloads::Workload;
use crate::sh::Shell;

/// What `rust`'s programs are built from, and where.
const RUST: &str = "tests/bench/rust/Cargo.toml";
const RUST_TARGET: &str = "target/bench/rust";

/// How everything is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As what is shipped.
    Release,
    /// As for development: quick to build, and its times mean nothing.
    Development,
}

/// What measures in one language.
#[derive(Debug)]
pub(crate) struct Runner {
    language: Language,
    build: Build,
}

/// What is to be measured, beside the workloads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Bytes of the one long line.
    pub(crate) long_line: Option<usize>,
}

impl Runner {
    /// Builds it, and all that it compares.
    pub(crate) fn prepare(shell: &Shell, language: Language, build: Build) -> Result<Self> {
        match language {
            Language::Rust => build_rust(shell, build)?,
            Language::Node | Language::Python => {
                bail!("{} cannot be measured yet", language.title())
            }
        }
        Ok(Self { language, build })
    }

    /// Measures: a process for each workload, and one for the long line.
    pub(crate) fn measure(
        &self,
        shell: &Shell,
        folder: &Path,
        workloads: &[Workload],
        effort: Effort,
    ) -> Result<Measured> {
        let mut measured = Measured::new(self.language);
        for workload in workloads {
            let plan = json!({
                "rounds": effort.rounds,
                "workloads": [{
                    "name": workload.kind.name(),
                    "path": workload.path,
                    "chunks": workload.chunks,
                }],
            });
            self.run(shell, folder, workload.kind.name(), &plan, &mut measured)?;
        }
        if let Some(bytes) = effort.long_line {
            let plan = json!({"rounds": effort.rounds, "workloads": [], "long_line": bytes});
            self.run(shell, folder, "long line", &plan, &mut measured)?;
            if self.language == Language::Rust {
                self.peaks(shell, bytes, &mut measured)?;
            }
        }
        Ok(measured)
    }

    fn run(
        &self,
        shell: &Shell,
        folder: &Path,
        what: &str,
        plan: &Value,
        into: &mut Measured,
    ) -> Result<()> {
        let file = |kind: &str| folder.join(format!("{}-{kind}.json", self.language.name()));
        let (plan_file, results) = (file("plan"), file("results"));
        fs::write(&plan_file, plan.to_string())
            .with_context(|| format!("cannot write {}", plan_file.display()))?;
        // What an earlier run left must not be taken for this one's.
        let _ = fs::remove_file(&results);
        let mut command = self.command(shell);
        command.arg(&plan_file).arg(&results);
        shell.step(&format!("{}: {what}", self.language.name()), command)?;
        into.read(&results)
    }

    /// The program that takes a plan and leaves results.
    fn command(&self, shell: &Shell) -> Command {
        match self.language {
            Language::Rust => {
                let mut command = shell.command(rust_program(shell, self.build, "codec"));
                command.arg("measure");
                command
            }
            Language::Node | Language::Python => shell.command("false"),
        }
    }

    /// Adds the peaks of memory, which a program of its own measures.
    fn peaks(&self, shell: &Shell, bytes: usize, into: &mut Measured) -> Result<()> {
        let mut command = shell.command(rust_program(shell, self.build, "memory"));
        command.arg(bytes.to_string());
        let printed = shell.step("rust: memory of the long line", command)?;
        let peaks: Value = serde_json::from_str(&printed).context("memory printed no JSON")?;
        let lines = into.long_line.iter_mut().flat_map(|line| &mut line.lines);
        for (runs, peak) in lines.zip(array(&peaks)?) {
            if number(&peak["chunk"])? != runs.chunk as u64 {
                bail!("memory measured other chunk sizes than codec");
            }
            runs.peak = Some(number(&peak["peak"])?);
        }
        Ok(())
    }
}

fn build_rust(shell: &Shell, build: Build) -> Result<()> {
    let mut command = shell.cargo();
    command
        .args(["build", "--locked", "--manifest-path", RUST])
        .args(["--target-dir", RUST_TARGET]);
    if build == Build::Release {
        command.arg("--release");
    }
    shell.step("benchmarks in Rust", command).map(drop)
}

pub(super) fn rust_program(shell: &Shell, build: Build, name: &str) -> PathBuf {
    let profile = match build {
        Build::Release => "release",
        Build::Development => "debug",
    };
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    shell.path(RUST_TARGET).join(profile).join(file)
}
