//! The TAP report of `node --test`.

use super::Tally;

/// Reads the report. The `# pass N` lines at its end count; the test lines give the names.
pub(crate) fn tap(text: &str) -> Tally {
    let mut tally = Tally::default();
    let (mut failed, mut skipped) = (0, 0);
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if let Some(test) = trimmed.strip_prefix("not ok ") {
            // A suite fails with its tests; only they are counted. A test that is still to do may fail.
            let details = details(&lines[at + 1..]);
            if let Some((name, reason)) = directive(test) {
                tally.skip(name, reason);
            } else if details.kind != Some("suite") {
                tally.fail(name(test), details.error.unwrap_or("see its output above"));
            }
        } else if let Some(test) = trimmed.strip_prefix("ok ") {
            if let Some((name, reason)) = directive(test) {
                tally.skip(name, reason);
            }
        } else if let Some(summary) = line.strip_prefix("# ") {
            match summary
                .split_once(' ')
                .map(|(word, count)| (word, count.parse().unwrap_or(0)))
            {
                Some(("pass", count)) => tally.passed = count,
                Some(("fail" | "cancelled", count)) => failed += count,
                Some(("skipped" | "todo", count)) => skipped += count,
                _ => {}
            }
        }
    }
    tally.at_least(failed, skipped);
    tally
}

/// "3 - the name # SKIP why": its name and why it was not run.
fn directive(test: &str) -> Option<(&str, &str)> {
    let (before, reason) = test
        .rsplit_once(" # SKIP")
        .or_else(|| test.rsplit_once(" # TODO"))?;
    let reason = reason.trim();
    Some((
        name(before),
        if reason.is_empty() {
            "no reason is given"
        } else {
            reason
        },
    ))
}

fn name(test: &str) -> &str {
    test.split_once(" - ").map_or(test, |(_, name)| name)
}

#[derive(Default)]
struct Details<'a> {
    kind: Option<&'a str>,
    error: Option<&'a str>,
}

/// The YAML block under a test line.
fn details<'a>(lines: &[&'a str]) -> Details<'a> {
    let mut details = Details::default();
    let mut lines = lines.iter().map(|line| line.trim()).peekable();
    if lines.next() != Some("---") {
        return details;
    }
    while let Some(line) = lines.next().filter(|line| *line != "...") {
        if let Some(kind) = line.strip_prefix("type: ") {
            details.kind.get_or_insert(kind.trim_matches('\''));
        } else if let Some(error) = line.strip_prefix("error: ") {
            // A message of several lines stands below a `|-`.
            let error = if error.starts_with('|') {
                lines.peek().copied().unwrap_or(error)
            } else {
                error
            };
            details.error.get_or_insert(error.trim_matches('\''));
        }
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r"TAP version 13
# Subtest: suite
    # Subtest: works
    ok 1 - works
      ---
      duration_ms: 0.6
      ...
    # Subtest: breaks
    not ok 2 - breaks
      ---
      duration_ms: 0.4
      failureType: 'testCodeFailure'
      error: |-
        Expected values to be strictly equal:

        1 !== 2
      code: 'ERR_ASSERTION'
      ...
    # Subtest: later
    ok 3 - later # SKIP no Chromium
      ---
      duration_ms: 0.1
      ...
    1..3
not ok 1 - suite
  ---
  duration_ms: 2.1
  type: 'suite'
  failureType: 'subtestsFailed'
  error: '1 subtest failed'
  ...
1..1
# tests 3
# suites 1
# pass 1
# fail 1
# cancelled 0
# skipped 1
# todo 0
# duration_ms 40.2
";

    #[test]
    fn counts_tests_and_not_their_suites() {
        let tally = tap(REPORT);
        assert_eq!(tally.to_string(), "1 passed, 1 failed");
        assert_eq!(tally.failed[0].name, "breaks");
        assert_eq!(tally.failed[0].why, "Expected values to be strictly equal:");
        assert_eq!(
            (
                tally.skipped[0].name.as_str(),
                tally.skipped[0].why.as_str()
            ),
            ("later", "no Chromium")
        );
    }

    #[test]
    fn a_test_that_was_cancelled_has_failed() {
        let tally = tap("# pass 0\n# fail 0\n# cancelled 1\n");
        assert_eq!(tally.failed.len(), 1);
    }

    #[test]
    fn a_report_that_was_cut_off_has_no_passes() {
        assert!(tap("TAP version 13\nok 1 - a\n").ran_nothing());
    }
}
