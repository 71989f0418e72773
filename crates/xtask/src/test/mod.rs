//! `cargo xtask test`: the tests of all languages, counted together.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use crate::bench;
use crate::count::Tally;
use crate::env::Missing;
use crate::sh::Shell;

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
    /// Every client against every server, a browser among them.
    Matrix,
    /// The demo, for six seconds.
    Demo,
    /// The wheel and the tarball as a user installs them.
    Pack,
    /// The benchmarks on small streams: everyone compared agrees on what they hold. No time is asserted.
    Bench,
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, shell: &Shell) -> Result<Tally> {
        match self {
            Self::Rust => rust::run(shell),
            Self::Python => python::run(shell),
            Self::Node => node::run(shell),
            Self::Matrix => driver::matrix(shell),
            Self::Demo => driver::demo(shell),
            Self::Pack => pack::run(shell),
            Self::Bench => bench::trial::run(shell),
        }
    }
}

/// Runs the parts, all where none is named, and prints the sum as the last line.
pub(crate) fn run(shell: &Shell, parts: &[Part]) -> Result<ExitCode> {
    let parts = if parts.is_empty() {
        Part::value_variants()
    } else {
        parts
    };
    let mut sum = Tally::default();
    for &part in parts {
        let start = Instant::now();
        eprintln!("{}", part.name());
        let tally = settle(part, shell.ci, part.run(shell));
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
}
