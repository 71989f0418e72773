//! `cargo xtask test`: the tests of all languages, counted together.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::bench;
use crate::count::Tally;
use crate::env::Missing;
use crate::fuzz;
use crate::sh::Shell;
use crate::soak;

mod driver;
mod find;
mod node;
mod pack;
mod python;
mod rust;

/// A part of the tests, with a runner of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The Rust workspace: unit tests, integration tests, doctests, examples, and the model checks of the bridge.
    Rust,
    /// The Python package and the Python examples, by pytest.
    Python,
    /// The Node package and the Node examples, by node --test.
    Node,
    /// The codec's fuzz targets, for a fixed number of runs. `cargo xtask fuzz` runs them for long.
    Fuzz,
    /// Every client against every server, a browser among them.
    Matrix,
    /// Random streams, as our decoder and as Chromium's EventSource read them. `--streams` says how many.
    Chromium,
    /// A client of each language in talks of our own, and under LaunchDarkly's harness where it is installed.
    Contract,
    /// The demo, for six seconds.
    Demo,
    /// The wheel and the tarball as a user installs them.
    Pack,
    /// The benchmarks on small streams and with few subscribers: everyone compared agrees on what they hold, and loses nothing.
    /// No time is asserted.
    Bench,
    /// A soak of seconds with few connections.
    Soak,
    /// A million random streams, or `--streams`, against the slow oracle, optimized. Only where it is named: some are
    /// among the Rust tests.
    Oracle,
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it is run where no part is named.
    fn is_one_of_all(self) -> bool {
        self != Self::Oracle
    }

    fn takes_streams(self) -> bool {
        matches!(self, Self::Chromium | Self::Oracle)
    }

    fn run(self, shell: &Shell, streams: Option<u32>) -> Result<Tally> {
        match self {
            Self::Rust => rust::run(shell),
            Self::Python => python::run(shell),
            Self::Node => node::run(shell),
            Self::Fuzz => fuzz::test(shell),
            Self::Matrix => driver::matrix(shell),
            Self::Chromium => driver::chromium(shell, streams.unwrap_or(400)),
            Self::Contract => driver::contract(shell),
            Self::Demo => driver::demo(shell),
            Self::Pack => pack::run(shell),
            Self::Bench => {
                let mut tally = bench::trial::run(shell)?;
                tally.add(bench::fan_out::trial::run(shell)?);
                Ok(tally)
            }
            Self::Soak => soak::test(shell),
            Self::Oracle => rust::oracle(shell, streams.unwrap_or(1_000_000)),
        }
    }
}

/// Runs the parts, all where none is named, and prints the sum as the last line.
pub(crate) fn run(shell: &Shell, parts: &[Part], streams: Option<u32>) -> Result<ExitCode> {
    let parts = chosen(parts);
    ensure!(
        streams.is_none() || parts.iter().any(|part| part.takes_streams()),
        "--streams is for the parts chromium and oracle: cargo xtask test chromium --streams 10000"
    );
    let mut sum = Tally::default();
    for part in parts {
        let start = Instant::now();
        eprintln!("{}", part.name());
        let tally = settle(part, shell.ci, part.run(shell, streams));
        eprintln!(
            "        {tally}, {} skipped ({:.1} s)",
            tally.skipped.len(),
            start.elapsed().as_secs_f64()
        );
        sum.add(tally);
    }
    for skip in &sum.skipped {
        println!("skipped {}: {}", skip.name, skip.why);
    }
    for failure in &sum.failed {
        println!("FAILED {}: {}", failure.name, failure.why);
    }
    println!("{sum}");
    Ok(if sum.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The parts that were named, or those that are run where none is.
fn chosen(parts: &[Part]) -> Vec<Part> {
    if !parts.is_empty() {
        return parts.to_vec();
    }
    let all = Part::value_variants().iter().copied();
    all.filter(|part| part.is_one_of_all()).collect()
}

/// A part's outcome as results: an error is a failure, something that the machine lacks is a skip, and a part that ran nothing
/// has not passed.
fn settle(part: Part, ci: bool, outcome: Result<Tally>) -> Tally {
    let name = part.name();
    let mut tally = outcome.unwrap_or_else(|error| {
        let mut tally = Tally::default();
        match error.downcast_ref::<Missing>() {
            Some(missing) => tally.skip("all of it", &missing.what),
            None => tally.fail("set-up", format!("{error:#}")),
        }
        tally
    });
    if ci {
        // A test that was not run in CI is a test that nobody runs.
        for skip in std::mem::take(&mut tally.skipped) {
            if skip.in_ci_too {
                tally.skipped.push(skip);
                continue;
            }
            tally.fail(
                skip.name,
                format!("skipped, which CI does not allow: {}", skip.why),
            );
        }
    }
    if tally.ran_nothing() {
        tally.fail("all of it", "no test was run");
    }
    for entry in tally.failed.iter_mut().chain(&mut tally.skipped) {
        entry.name = format!("{name}: {}", entry.name);
    }
    tally
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn the_long_run_against_the_oracle_is_made_only_where_it_is_named() {
        assert!(!chosen(&[]).contains(&Part::Oracle));
        assert!(chosen(&[]).contains(&Part::Chromium));
        assert_eq!(chosen(&[Part::Oracle]), [Part::Oracle]);
    }

    #[test]
    fn a_part_that_cannot_be_set_up_has_failed() {
        let tally = settle(
            Part::Python,
            false,
            Err(anyhow!("no network").context("pip install")),
        );
        assert_eq!(tally.failed[0].name, "python: set-up");
        assert_eq!(tally.failed[0].why, "pip install: no network");
    }

    #[test]
    fn a_part_that_ran_nothing_has_failed_and_says_what_is_missing() {
        let tally = settle(
            Part::Node,
            false,
            Err(Missing {
                what: "node is missing".into(),
            }
            .into()),
        );
        assert_eq!(tally.skipped[0].why, "node is missing");
        assert_eq!(tally.failed[0].why, "no test was run");
        assert_eq!(
            settle(Part::Node, false, Ok(Tally::default())).failed.len(),
            1
        );
    }

    #[test]
    fn a_skip_is_a_failure_in_ci_only() {
        let skipped = || {
            let mut tally = Tally {
                passed: 1,
                ..Tally::default()
            };
            tally.skip("chromium -> rust", "no Chromium");
            Ok(tally)
        };
        assert_eq!(
            settle(Part::Matrix, false, skipped()).to_string(),
            "1 passed, 0 failed"
        );
        let tally = settle(Part::Matrix, true, skipped());
        assert_eq!(tally.to_string(), "1 passed, 1 failed");
        assert!(tally.failed[0].why.ends_with("no Chromium"));
    }

    #[test]
    fn what_no_set_up_can_install_is_a_skip_in_ci_too_and_is_still_told() {
        let mut tally = Tally {
            passed: 1,
            ..Tally::default()
        };
        tally.skip_in_ci_too("harness", "not installed");
        let tally = settle(Part::Contract, true, Ok(tally));
        assert_eq!(tally.to_string(), "1 passed, 0 failed");
        assert_eq!(tally.skipped[0].name, "contract: harness");
    }
}
