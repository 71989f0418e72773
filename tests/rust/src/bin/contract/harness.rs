//! LaunchDarkly's harness: run against one service, and its output read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use eventwire_tests::program::Program;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::services::Service;

/// How long all tests for one service may take. Far longer than they do: it is there to end a hang.
const LIMIT: Duration = Duration::from_secs(10 * 60);

#[derive(Debug)]
pub(crate) struct Harness {
    program: PathBuf,
}

/// A leaf test that was run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) name: String,
    /// Why it failed, where it did.
    pub(crate) why: Option<String>,
}

impl Harness {
    pub(crate) fn new(program: PathBuf) -> Harness {
        Harness { program }
    }

    /// Runs all tests that the service has the capabilities for.
    pub(crate) async fn test(&self, service: &Service) -> Result<Vec<Test>> {
        let mut command = Command::new(&self.program);
        command.args(["-url", &service.url, "-host", "127.0.0.1", "-port"]);
        command.arg(free_port().await?.to_string());
        let mut program = Program::start("the harness", command)?;
        let mut lines = Vec::new();
        let all = async {
            while let Some(line) = program.line().await {
                lines.push(line);
            }
        };
        if timeout(LIMIT, all).await.is_err() {
            bail!(
                "not done after {} s; it printed last: {:?}",
                LIMIT.as_secs(),
                lines.last()
            );
        }
        let complaints = program.complaints();
        let status = program.end().await?;
        let tests = leaves(&lines);
        let failed = tests.iter().any(|test| test.why.is_some());
        ensure!(
            status.success() != failed,
            "it ended with {status} after {} tests{complaints}",
            tests.len()
        );
        Ok(tests)
    }
}

/// A port that nobody has now. The harness takes a number, not a socket, so somebody else may have it by then: it says so.
async fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.port())
}

/// The leaf tests that were run, of lines such as
///
/// ```text
/// [comments]
/// [comments/single comment]
///   error: what was wrong
///   FAILED: comments/single comment
/// [reconnection/can set read timeout]
///   SKIPPED: reconnection/can set read timeout (missing capability)
/// ```
fn leaves(lines: &[String]) -> Vec<Test> {
    let mut names: Vec<&str> = Vec::new();
    let mut errors: HashMap<&str, Vec<&str>> = HashMap::new();
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    for line in lines {
        let started = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'));
        if let Some(name) = started {
            names.push(name);
        } else if let Some(name) = line.strip_prefix("  FAILED: ") {
            failed.push(name);
        } else if let Some(rest) = line.strip_prefix("  SKIPPED: ") {
            // The reason may follow; a name has no such end.
            let name = names.iter().copied().find(|name| {
                rest.strip_prefix(name)
                    .is_some_and(|end| end.is_empty() || end.starts_with(" ("))
            });
            skipped.extend(name);
        } else if let (Some(error), Some(name)) = (line.strip_prefix("  "), names.last()) {
            errors.entry(name).or_default().push(error.trim());
        }
    }
    let has_parts = |name: &str| {
        names.iter().any(|other| {
            other
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    names
        .iter()
        .filter(|name| !skipped.contains(*name))
        // One that has parts fails only outside of them, and is a test of its own then.
        .filter(|name| !has_parts(name) || failed.contains(*name))
        .map(|name| Test {
            name: (*name).to_owned(),
            why: failed.contains(name).then(|| {
                let errors = errors.get(name).map(|lines| lines.join(" "));
                errors.unwrap_or_else(|| "it says no more than that it failed".to_owned())
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Test> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        leaves(&lines)
    }

    fn test(name: &str, why: Option<&str>) -> Test {
        Test {
            name: name.to_owned(),
            why: why.map(str::to_owned),
        }
    }

    #[test]
    fn only_leaves_that_were_run_count() {
        let tests = read(
            "sse-contract-tests 2.31.0Connecting to test service at http://127.0.0.1:1.\n\
             Running test suite\n\
             [basic parsing]\n\
             [basic parsing/empty data]\n\
             [linefeeds]\n\
             [linefeeds/CR separator]\n\
             [linefeeds/CR separator/one-line event]\n\
             [comments]\n  SKIPPED: comments (test service does not have capability \"comments\")\n\
             [reconnection]\n\
             [reconnection/can set read timeout]\n  SKIPPED: reconnection/can set read timeout\n\
             \n\
             All tests passed\n",
        );
        assert_eq!(
            tests,
            [
                test("basic parsing/empty data", None),
                test("linefeeds/CR separator/one-line event", None),
            ]
        );
    }

    #[test]
    fn a_failure_has_its_reason_and_makes_none_of_the_tests_around_it() {
        let tests = read(
            "[basic parsing]\n\
             [basic parsing/first]\n  Error: not equal\n    expected: 1\n  FAILED: basic parsing/first\n\
             [basic parsing/second]\n\
             [basic parsing/third]\n  FAILED: basic parsing/third\n",
        );
        assert_eq!(
            tests,
            [
                test("basic parsing/first", Some("Error: not equal expected: 1")),
                test("basic parsing/second", None),
                test(
                    "basic parsing/third",
                    Some("it says no more than that it failed")
                ),
            ]
        );
    }
}
