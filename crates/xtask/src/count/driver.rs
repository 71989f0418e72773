//! The output of our own test programs: a line for each case, and the sum at the end.

use super::Tally;

/// Reads `ok NAME`, `not ok NAME: why`, `skip NAME: why` and the last `N passed, N failed`.
pub(crate) fn driver(text: &str) -> Tally {
    let mut tally = Tally::default();
    let mut sum = None;
    for line in text.lines() {
        if let Some(case) = line.strip_prefix("not ok ") {
            let (name, why) = case
                .split_once(": ")
                .unwrap_or((case, "no reason is given"));
            tally.fail(name, why);
        } else if let Some(case) = line.strip_prefix("skip ") {
            let (name, why) = case
                .split_once(": ")
                .unwrap_or((case, "no reason is given"));
            tally.skip(name, why);
        } else if line.starts_with("ok ") {
            tally.pass();
        } else if line.ends_with(" failed") && line.contains(" passed, ") {
            sum = Some(line.to_owned());
        }
    }
    // Without its last line the program did not come to its end, and its cases are not all there.
    match sum {
        None if tally.failed.is_empty() => tally.fail("the test program", "ended without its sum"),
        Some(sum) if sum != tally.to_string() => {
            tally.fail(
                "the test program",
                format!("says {sum}, but printed the cases of {tally}"),
            );
        }
        _ => {}
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_cases() {
        let tally = driver(
            "starting\nok rust -> python\nnot ok node -> rust: 3 missing: 4, 5, 6\n\
             skip chromium -> rust: no Chromium\n1 passed, 1 failed\n",
        );
        assert_eq!(tally.to_string(), "1 passed, 1 failed");
        assert_eq!(tally.failed[0].name, "node -> rust");
        assert_eq!(tally.failed[0].why, "3 missing: 4, 5, 6");
        assert_eq!(tally.skipped.len(), 1);
    }

    #[test]
    fn a_program_that_did_not_end_has_failed() {
        assert_eq!(driver("ok a\n").failed.len(), 1);
    }

    #[test]
    fn a_sum_that_does_not_add_up_is_a_failure() {
        assert_eq!(driver("ok a\n2 passed, 0 failed\n").failed.len(), 1);
    }
}
