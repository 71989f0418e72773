//! The output of `cargo test`: many test programs, one after the other.

use super::Tally;

/// Reads the text that `cargo test` prints. The `test result:` lines count; the `test ...` lines give the names.
pub(crate) fn libtest(text: &str) -> Tally {
    let mut tally = Tally::default();
    let (mut failed, mut skipped) = (0, 0);
    for line in text.lines() {
        // Not at the start of the line: what a test printed without a line end may stand before it.
        if let Some((_, result)) = line.split_once("test result: ") {
            tally.passed += number_before(result, " passed");
            failed += number_before(result, " failed");
            skipped += number_before(result, " ignored");
        } else if let Some(test) = line.strip_prefix("test ") {
            one(test, &mut tally);
        }
    }
    tally.at_least(failed, skipped);
    tally
}

fn one(test: &str, tally: &mut Tally) {
    let Some((name, outcome)) = test.rsplit_once(" ... ") else {
        return;
    };
    if outcome == "FAILED" {
        tally.fail(name, "see its output above");
    } else if let Some(reason) = outcome.strip_prefix("ignored") {
        let reason = reason.trim_start_matches([',', ' ']);
        tally.skip(
            name,
            if reason.is_empty() {
                "ignored, and no reason is given"
            } else {
                reason
            },
        );
    }
}

/// The number that stands before a word: 12 in "ok. 12 passed; 0 failed".
fn number_before(text: &str, word: &str) -> usize {
    let Some((before, _)) = text.split_once(word) else {
        return 0;
    };
    before
        .rsplit(' ')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_all_programs_and_names_what_did_not_pass() {
        let tally = libtest(
            "running 3 tests\n\
             test a::works ... ok\n\
             test a::breaks ... FAILED\n\
             test a::later ... ignored, needs a network\n\
             test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             running 12 tests\n\
             partial linetest result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
             test src/lib.rs - f (line 3) ... ignored\n",
        );
        assert_eq!(tally.to_string(), "13 passed, 1 failed");
        assert_eq!(tally.failed[0].name, "a::breaks");
        assert_eq!(tally.skipped[0].why, "needs a network");
        assert_eq!(tally.skipped[1].name, "src/lib.rs - f (line 3)");
    }

    #[test]
    fn a_failure_without_a_name_still_counts() {
        let tally = libtest("test result: FAILED. 0 passed; 2 failed; 0 ignored;");
        assert_eq!(tally.failed.len(), 2);
    }

    #[test]
    fn a_build_that_failed_ran_nothing() {
        assert!(libtest("error[E0425]: cannot find value `x` in this scope").ran_nothing());
    }
}
