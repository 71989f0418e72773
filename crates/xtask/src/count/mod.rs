//! What the test runners report, read into one tally.

use std::fmt;

mod driver;
mod junit;
mod libtest;
mod tap;

pub(crate) use driver::driver;
pub(crate) use junit::junit;
pub(crate) use libtest::libtest;
pub(crate) use tap::tap;

/// The results of some tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<Entry>,
    pub(crate) skipped: Vec<Entry>,
}

/// A test that did not pass, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) why: String,
    /// Of a skip: one that CI cannot mend either.
    pub(crate) in_ci_too: bool,
}

impl Entry {
    fn new(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            why: why.into(),
            in_ci_too: false,
        }
    }
}

impl Tally {
    pub(crate) fn pass(&mut self) {
        self.passed += 1;
    }

    pub(crate) fn fail(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.failed.push(Entry::new(name, why));
    }

    pub(crate) fn skip(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Entry::new(name, why));
    }

    /// Skips what no set-up of ours can install, so that even CI may have to do without it.
    pub(crate) fn skip_in_ci_too(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Entry {
            in_ci_too: true,
            ..Entry::new(name, why)
        });
    }

    /// No test was run to its end.
    pub(crate) fn ran_nothing(&self) -> bool {
        self.passed + self.failed.len() == 0
    }

    /// Adds the results of other tests to these.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
    }

    /// A runner that counts `failed` failures and `skipped` skips may have named fewer: no one goes missing.
    fn at_least(&mut self, failed: usize, skipped: usize) {
        while self.failed.len() < failed {
            self.fail("a test", "its output does not name it");
        }
        while self.skipped.len() < skipped {
            self.skip("a test", "its output does not name it");
        }
    }

    /// What a runner's end says: one that failed although no test did has failed in another way.
    pub(crate) fn ended(&mut self, runner: &str, ok: bool, end: &str) {
        if !ok && self.failed.is_empty() {
            self.fail(runner, format!("failed outside of any test: {end}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_that_fails_without_a_failed_test_counts_as_one() {
        let mut tally = Tally {
            passed: 3,
            ..Tally::default()
        };
        tally.ended("cargo test", false, "exit status: 101");
        assert_eq!(tally.to_string(), "3 passed, 1 failed");
        tally.ended("cargo test", false, "exit status: 101");
        assert_eq!(tally.failed.len(), 1, "the failure is known already");
    }

    #[test]
    fn skips_alone_are_no_run() {
        let mut tally = Tally::default();
        tally.skip("browser", "no Chromium");
        assert!(tally.ran_nothing());
    }
}
