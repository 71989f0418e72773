//! `cargo xtask bench fan-out`: servers of event streams beside each other, under one load client.
//!
//! # Layout
//!
//! - [`contest`] says who is compared; [`hosts`] builds and installs them, [`server`] runs one, on a processor of its own ([`cores`]).
//! - [`measure`] has `eventwire bench` measure each in turn; [`results`] keeps the figures of every round.
//! - [`targets`] holds them against what is to be reached, [`report`] and [`plot`] show them. [`trial`] is a quick run as tests.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::runners::Build;
use super::{folder, machine, save};
use crate::sh::Shell;

mod contest;
pub(crate) mod cores;
mod hosts;
mod measure;
mod plot;
mod report;
mod results;
pub(crate) mod server;
mod targets;
pub(crate) mod trial;

use contest::Contestant;
use cores::Cores;
use hosts::Hosts;
use measure::Effort;
use results::Results;
pub(crate) use targets::{SUBSCRIPTION, TOPIC};

/// How the servers are measured.
#[derive(Debug, Args)]
pub(crate) struct FanOut {
    /// Only these servers; a part of the name is enough.
    #[arg(long, short)]
    server: Vec<String>,
    /// How often each server is started and measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Few subscribers and development builds: shows that all of it works. Its figures mean nothing.
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// The folder that the tables and plots are written to.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Measures, and writes and prints what was found.
pub(super) fn run(shell: &Shell, options: &FanOut) -> Result<ExitCode> {
    let results = measure(shell, options)?;
    println!("{}", super::report::targets(&targets::judge(&results)));
    for failure in &results.failures {
        println!("{}", failure.text);
    }
    println!(
        "{}",
        super::absolute(&options.out)?.join("fan-out.md").display()
    );
    Ok(if results.failures.iter().any(|one| one.is_ours) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn measure(shell: &Shell, options: &FanOut) -> Result<Results> {
    let out = folder(super::absolute(&options.out)?)?;
    let contestants = options.contestants()?;
    let build = if options.quick {
        Build::Development
    } else {
        Build::Release
    };
    let hosts = Hosts::prepare(shell, build, &contestants)?;
    let cores = Cores::find();
    let effort = if options.quick {
        Effort::quick()
    } else {
        Effort::whole(options.rounds)
    };
    let results = measure::all(shell, &hosts, &cores, &contestants, &effort)?;
    let setting = super::report::Setting {
        machine: machine(),
        method: effort.method(&cores),
    };
    let versions = hosts::versions(shell, &hosts)?;
    let targets = targets::judge(&results);
    let page = report::markdown(&setting, &versions, &contestants, &results, &targets);
    save(&out, "fan-out.md", &page)?;
    let json = report::json(&setting, &versions, &contestants, &results, &targets);
    save(&out, "fan-out.json", &format!("{json:#}\n"))?;
    save(&out, "fan-out.svg", &plot::svg(&contestants, &results))?;
    Ok(results)
}

/// What each of so many subscriptions or topics weighs in a hub, in bytes. Memory is the same in a development build.
pub(crate) fn weigh(shell: &Shell, what: &str, count: u32) -> Result<f64> {
    hosts::build_rust(shell, Build::Development)?;
    measure::weigh(shell, Build::Development, what, count)
}

impl FanOut {
    fn trial(out: PathBuf) -> Self {
        Self {
            server: Vec::new(),
            rounds: 1,
            quick: true,
            out,
        }
    }

    fn contestants(&self) -> Result<Vec<Contestant>> {
        for name in &self.server {
            let is_one = contest::ALL
                .iter()
                .any(|one| one.is_among(std::slice::from_ref(name)));
            let names: Vec<&str> = contest::ALL.iter().map(|one| one.name).collect();
            ensure!(
                is_one,
                "{name:?} is no server that is compared; there are {}",
                names.join(", ")
            );
        }
        let all = contest::ALL.iter().copied();
        Ok(all.filter(|one| one.is_among(&self.server)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_chosen_by_a_part_of_its_name() {
        let chosen = |names: &[&str]| {
            let mut options = FanOut::trial(PathBuf::new());
            options.server = names.iter().map(|&name| name.to_owned()).collect();
            options
                .contestants()
                .map(|all| all.iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(
            chosen(&["nchan", "RUST"]).unwrap(),
            [contest::RUST, contest::NCHAN]
        );
        assert_eq!(chosen(&[]).unwrap().len(), contest::ALL.len());
        let error = chosen(&["apache"]).unwrap_err().to_string();
        assert!(
            error.contains("apache") && error.contains("better-sse"),
            "{error}"
        );
    }
}
