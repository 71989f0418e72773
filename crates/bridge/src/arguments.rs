//! Numbers as callers give them, by one rule for both languages, and in the words of each.

use std::time::Duration;

use crate::failure::Failure;

/// A hundred years: more is meant as for ever, and beyond it clocks overflow.
const LONGEST: f64 = 100.0 * 365.25 * 86_400.0;

/// How a language tells a time, and that there is none.
///
/// ```
/// use eventwire_bridge::arguments::Language;
///
/// let python = Language { unit: "seconds", per_second: 1.0, nothing: "None" };
/// let error = python.limit("idle_timeout", Some(0.0)).unwrap_err();
/// assert_eq!(error.message(), "idle_timeout is 0: give seconds, more than zero, or None for no limit");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// The unit of times, in the plural.
    pub unit: &'static str,
    /// How many of them a second has.
    pub per_second: f64,
    /// What stands for nothing: `None`, `null`.
    pub nothing: &'static str,
}

impl Language {
    /// A time that something may take.
    ///
    /// # Errors
    ///
    /// It is zero, negative, infinite or no number.
    pub fn time(&self, name: &str, given: f64) -> Result<Duration, Failure> {
        self.duration(given)
            .filter(|time| !time.is_zero())
            .ok_or_else(|| self.wrong(name, given, "more than zero"))
    }

    /// A time that may be no time at all, as a delay.
    ///
    /// # Errors
    ///
    /// It is negative, infinite or no number.
    pub fn delay(&self, name: &str, given: f64) -> Result<Duration, Failure> {
        self.duration(given)
            .ok_or_else(|| self.wrong(name, given, "zero or more"))
    }

    /// A time that something may take, if it may not take for ever.
    ///
    /// # Errors
    ///
    /// As [`time`](Self::time).
    pub fn limit(&self, name: &str, given: Option<f64>) -> Result<Option<Duration>, Failure> {
        let bound = format!("more than zero, or {} for no limit", self.nothing);
        given
            .map(|given| {
                self.duration(given)
                    .filter(|time| !time.is_zero())
                    .ok_or_else(|| self.wrong(name, given, &bound))
            })
            .transpose()
    }

    /// A delay, if there is to be a limit at all.
    ///
    /// # Errors
    ///
    /// As [`delay`](Self::delay).
    pub fn limit_or_zero(
        &self,
        name: &str,
        given: Option<f64>,
    ) -> Result<Option<Duration>, Failure> {
        let bound = format!("zero or more, or {} for no limit", self.nothing);
        given
            .map(|given| {
                self.duration(given)
                    .ok_or_else(|| self.wrong(name, given, &bound))
            })
            .transpose()
    }

    fn duration(&self, given: f64) -> Option<Duration> {
        let seconds = given / self.per_second;
        if seconds > LONGEST {
            return None;
        }
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn wrong(&self, name: &str, given: f64, bound: &str) -> Failure {
        let unit = self.unit;
        let most = if given > 0.0 && given.is_finite() && given / self.per_second > LONGEST {
            "at most a hundred years, "
        } else {
            ""
        };
        Failure::argument(format!(
            "{name} is {}: give {unit}, {most}{bound}",
            shown(given)
        ))
    }
}

/// A number of bytes or things of which there must be one.
///
/// # Errors
///
/// It is zero or negative.
pub fn count(name: &str, given: f64) -> Result<usize, Failure> {
    if given >= 1.0 {
        // What no machine has room for is as good as no bound.
        return Ok(given as usize);
    }
    Err(Failure::argument(format!(
        "{name} is {}: give at least 1",
        shown(given)
    )))
}

/// Without three hundred digits.
fn shown(given: f64) -> String {
    if given == f64::INFINITY {
        // Each language has a word of its own for it.
        "infinite".to_owned()
    } else if given.abs() >= 1e15 && given.is_finite() {
        format!("{given:e}")
    } else {
        format!("{given}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAVASCRIPT: Language = Language {
        unit: "milliseconds",
        per_second: 1000.0,
        nothing: "null",
    };

    #[test]
    fn times_are_in_the_unit_of_the_language() {
        let time = JAVASCRIPT.time("connectTimeout", 1500.0).unwrap();
        assert_eq!(time, Duration::from_millis(1500));
        assert_eq!(JAVASCRIPT.limit("idleTimeout", None).unwrap(), None);
        assert_eq!(JAVASCRIPT.delay("min", 0.0).unwrap(), Duration::ZERO);
        let deadline = JAVASCRIPT.limit_or_zero("deadline", Some(0.0)).unwrap();
        assert_eq!(deadline, Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_time_is_refused_in_few_words() {
        for given in [0.0, -1.0, f64::INFINITY, f64::NAN, 1e300, 1e-12] {
            let error = JAVASCRIPT.time("connectTimeout", given).unwrap_err();
            assert!(error.message().starts_with("connectTimeout is "));
            assert!(error.message().ends_with("more than zero"), "{error}");
            assert!(error.message().len() < 100, "{error}");
            assert!(JAVASCRIPT.limit("idleTimeout", Some(given)).is_err());
            assert_eq!(JAVASCRIPT.delay("min", given).is_ok(), given.abs() < 0.5);
        }
        let error = JAVASCRIPT.limit("idleTimeout", Some(1e300)).unwrap_err();
        assert_eq!(
            error.message(),
            "idleTimeout is 1e300: give milliseconds, at most a hundred years, more than zero, or null for no limit"
        );
    }

    #[test]
    fn a_count_is_one_or_more() {
        assert_eq!(count("max_line", 1.0).unwrap(), 1);
        assert_eq!(count("max_line", f64::INFINITY).unwrap(), usize::MAX);
        for given in [0.0, -5.0, f64::NAN] {
            let error = count("max_line", given).unwrap_err();
            assert!(error.message().ends_with(": give at least 1"), "{error}");
        }
    }
}
