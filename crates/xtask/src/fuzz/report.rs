//! What libFuzzer prints.

use std::fmt;
use std::path::PathBuf;

/// The figures of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) executions: u64,
    per_second: u64,
    /// Edges of the program that were taken, and how many ways of taking them were told apart.
    edges: u64,
    features: u64,
    /// The input for which something did not hold.
    pub(super) finding: Option<PathBuf>,
}

impl Report {
    /// Reads `stat::` lines, the last `cov:` and `ft:`, and where a finding was saved.
    pub(super) fn read(text: &str) -> Self {
        let mut report = Self::default();
        for line in text.lines() {
            if let Some((name, number)) = line.strip_prefix("stat::").and_then(stat) {
                match name {
                    "number_of_executed_units" => report.executions = number,
                    "average_exec_per_sec" => report.per_second = number,
                    _ => {}
                }
            } else if line.starts_with('#') {
                report.edges = number_after(line, " cov: ").unwrap_or(report.edges);
                report.features = number_after(line, " ft: ").unwrap_or(report.features);
            } else if let Some((_, file)) = line.split_once("Test unit written to ") {
                report.finding = Some(file.trim().into());
            }
        }
        report
    }
}

fn stat(line: &str) -> Option<(&str, u64)> {
    let (name, number) = line.split_once(':')?;
    Some((name, number.trim().parse().ok()?))
}

fn number_after(line: &str, word: &str) -> Option<u64> {
    let (_, rest) = line.split_once(word)?;
    rest.split(' ').next()?.parse().ok()
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} executions, {} per second; {} edges and {} features covered",
            self.executions, self.per_second, self.edges, self.features
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_figures_of_a_run_that_found_nothing() {
        let report = Report::read(
            "INFO: Seed: 1\n\
             #2\tINITED cov: 11 ft: 12 corp: 1/1b exec/s: 0 rss: 30Mb\n\
             #26660\tNEW    cov: 515 ft: 2241 corp: 494/7000b lim: 29 exec/s: 1269 rss: 57Mb L: 24/29 MS: 1 CopyPart-\n\
             #26661\tDONE   cov: 516 ft: 2242 corp: 494/7000b lim: 29 exec/s: 1269 rss: 57Mb\n\
             Done 26661 runs in 21 second(s)\n\
             stat::number_of_executed_units: 26661\n\
             stat::average_exec_per_sec:     1269\n",
        );
        assert_eq!(
            report.to_string(),
            "26661 executions, 1269 per second; 516 edges and 2242 features covered"
        );
        assert_eq!(report.finding, None);
    }

    #[test]
    fn reads_where_a_finding_was_saved() {
        let report = Report::read(
            "artifact_prefix='/x/artifacts/decoder/'; Test unit written to /x/artifacts/decoder/crash-0a1b\n\
             stat::number_of_executed_units: 7\n",
        );
        assert_eq!(
            report.finding,
            Some(PathBuf::from("/x/artifacts/decoder/crash-0a1b"))
        );
        assert_eq!(report.executions, 7);
    }

    #[test]
    fn a_build_that_failed_has_executed_nothing() {
        assert_eq!(Report::read("error[E0425]: not found"), Report::default());
    }
}
