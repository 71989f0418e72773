//! Builds what measures in each language, and has it measure: the programs of `tests/bench`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::contest::Language;
use super::results::{Measured, array, number};
use super::workloads::Workload;
use crate::env::native::{self, BENCH_MANIFEST, BENCH_TARGET};
use crate::env::{node, python};
use crate::pack;
use crate::sh::Shell;

/// The chunk sizes that web streams are measured in: where a body of a `fetch` is, between a packet and a full buffer.
pub(super) const STREAM_CHUNKS: [usize; 2] = [1400, 65536];

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
    /// The program and what comes before the plan.
    program: PathBuf,
    args: Vec<PathBuf>,
    /// The folder of eventwire, for a language that has it as a package.
    package: Option<PathBuf>,
}

/// What is to be measured, beside the workloads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Bytes of the one long line.
    pub(crate) long_line: usize,
    /// How many calls are timed for the cost of one.
    pub(crate) calls: usize,
}

impl Runner {
    /// Builds it, and all that it compares.
    pub(crate) fn prepare(shell: &Shell, language: Language, build: Build) -> Result<Self> {
        let (program, args, package) = match language {
            Language::Rust => {
                build_rust(shell, build)?;
                let program = rust_program(shell, build, "codec");
                (program, vec!["measure".into()], None)
            }
            Language::Node => {
                node::packages_in(shell, "tests/bench/node", "benchmarks in Node")?;
                let script = shell.path("tests/bench/node/codec.mjs");
                let (program, _) = node::node(shell)?;
                let package = node_package(shell, build)?;
                (program, vec!["--expose-gc".into(), script], Some(package))
            }
            Language::Python => {
                let script = shell.path("tests/bench/python/codec.py");
                (
                    python_of_benchmarks(shell)?,
                    vec![script],
                    Some(python_package(shell, build)?),
                )
            }
        };
        Ok(Self {
            language,
            build,
            program,
            args,
            package,
        })
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
        let mut run = |what: &str, workloads: &[Workload], long_line: Option<usize>| {
            let plan = plan(workloads, long_line, effort);
            self.run(shell, folder, what, &plan, &mut measured)
        };
        let long_line = Some(effort.long_line);
        match self.build {
            // It takes longer to begin than to measure.
            Build::Development => run("everything", workloads, long_line)?,
            Build::Release => {
                for workload in workloads {
                    run(workload.kind.name(), std::slice::from_ref(workload), None)?;
                }
                run("long line", &[], long_line)?;
            }
        }
        if self.language == Language::Rust {
            self.peaks(shell, effort.long_line, &mut measured)?;
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
        let mut command = shell.command(&self.program);
        command.args(&self.args).arg(&plan_file).arg(&results);
        match (self.language, &self.package) {
            (Language::Python, Some(package)) => command.env("PYTHONPATH", package),
            (_, package) => command.args(package),
        };
        shell.step(&format!("{}: {what}", self.language.name()), command)?;
        into.read(&results)
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

/// What a runner is told.
fn plan(workloads: &[Workload], long_line: Option<usize>, effort: Effort) -> Value {
    let workloads = workloads.iter().map(|workload| {
        json!({
            "name": workload.kind.name(),
            "path": workload.path,
            "chunks": workload.chunks,
            "stream_chunks": STREAM_CHUNKS,
        })
    });
    json!({
        "rounds": effort.rounds,
        "workloads": workloads.collect::<Vec<_>>(),
        "long_line": long_line.map(|bytes| json!({"bytes": bytes, "calls": effort.calls})),
    })
}

pub(super) fn build_rust(shell: &Shell, build: Build) -> Result<()> {
    let mut command = shell.cargo();
    command
        .args(["build", "--locked", "--manifest-path", BENCH_MANIFEST])
        .args(["--target-dir", BENCH_TARGET]);
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
    shell.path(BENCH_TARGET).join(profile).join(file)
}

/// The Python that has what eventwire is compared with.
pub(super) fn python_of_benchmarks(shell: &Shell) -> Result<PathBuf> {
    let list = shell.path("tests/bench/python/requirements.txt");
    let folder = shell.path("target/bench/venv");
    Ok(python::venv_of(shell, &folder, &list, "benchmarks in Python")?.python)
}

/// The folder of the npm package.
pub(super) fn node_package(shell: &Shell, build: Build) -> Result<PathBuf> {
    if build == Build::Development {
        native::build(shell)?;
        return Ok(shell.path("node"));
    }
    let package = pack::fresh_folder(shell, "bench-node")?;
    pack::node_package(shell, &package)?;
    Ok(package)
}

/// The folder that holds the Python package.
pub(super) fn python_package(shell: &Shell, build: Build) -> Result<PathBuf> {
    if build == Build::Development {
        native::build(shell)?;
        return Ok(shell.path("python/src"));
    }
    let stage = pack::fresh_folder(shell, "bench-python")?;
    let wheel = pack::wheel(shell, &stage)?;
    let package = stage.join("package");
    let mut command = python::venv_with_tools(shell)?.pip_install(shell);
    command
        .args(["--no-deps", "--target"])
        .arg(&package)
        .arg(wheel);
    shell.step("wheel of eventwire", command)?;
    Ok(package)
}
