//! `contract`: the five services of `tests/contract`, each in talks of our own and, where it is given, under LaunchDarkly's
//! harness for clients of event streams. `tests/contract/README.md` says what is played and checked.

mod harness;
mod peer;
mod services;
mod talks;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use eventwire_tests::program::{failure, interrupted};

use harness::Harness;
use services::{KINDS, Kind, Runtimes, Service};

/// Runs the contract services, talks with each, and lets the harness test each.
#[derive(Debug, Parser)]
struct Args {
    /// The Python that has eventwire.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The Node to run; it finds eventwire from tests/contract/services upwards.
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// LaunchDarkly's sse-contract-tests. Without it only our own talks are held.
    #[arg(long)]
    harness: Option<PathBuf>,
    /// Only the services whose name ("Node connect") holds this, whatever its case. May be given again.
    #[arg(long)]
    only: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tokio::select! {
        code = run(args) => code.unwrap_or_else(failure),
        // All processes end with the future that is dropped here.
        () = interrupted() => ExitCode::from(130),
    }
}

/// What came of all tests so far. Prints each as it is known.
#[derive(Debug, Default)]
struct Results {
    passed: usize,
    failed: usize,
}

impl Results {
    fn note(&mut self, kind: Kind, test: &str, outcome: Result<()>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok {kind}, {test}");
            }
            Err(error) => {
                self.failed += 1;
                // A line each: that is what is counted.
                let why = format!("{error:#}").replace('\n', " | ");
                println!("not ok {kind}, {test}: {why}");
            }
        }
    }
}

async fn run(args: Args) -> Result<ExitCode> {
    let runtimes = Runtimes {
        python: args.python,
        node: args.node,
    };
    let harness = args.harness.map(Harness::new);
    let wanted: Vec<Kind> = KINDS
        .into_iter()
        .filter(|kind| kind.is_named_by(&args.only))
        .collect();
    ensure!(
        !wanted.is_empty(),
        "no service's name holds {:?}: they are named as \"Node connect\"",
        args.only
    );
    let mut results = Results::default();
    // One after the other: the harness gives its largest messages five seconds.
    for kind in wanted {
        match Service::start(kind, &runtimes).await {
            Ok(service) => play(service, harness.as_ref(), &mut results).await,
            Err(error) => results.note(kind, "starts", Err(error)),
        }
    }
    println!("{} passed, {} failed", results.passed, results.failed);
    Ok(if results.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn play(service: Service, harness: Option<&Harness>, results: &mut Results) {
    let kind = service.kind;
    talks::hold(&service, results).await;
    if let Some(harness) = harness {
        match harness.test(&service).await {
            Ok(tests) => {
                let run = tests.len();
                for test in tests {
                    let outcome = match test.why {
                        None => Ok(()),
                        Some(why) => Err(anyhow::anyhow!(why)),
                    };
                    results.note(kind, &format!("harness test {}", test.name), outcome);
                }
                results.note(kind, "the harness runs all that it has for this", {
                    let expected = kind.tests_of_the_harness();
                    (run == expected).then_some(()).ok_or_else(|| {
                        anyhow::anyhow!("{run} tests were run, and {expected} are expected")
                    })
                });
            }
            Err(error) => results.note(kind, "the harness", Err(error)),
        }
    }
    results.note(kind, "ends when it is told to", service.end().await);
}
