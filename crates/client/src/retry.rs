//! When to try again: the policy as data, and the arithmetic of the waiting.

use std::time::Duration;

/// How a stream reconnects, and a [`Publisher`](crate::Publisher) tries again.
///
/// The n-th wait in a row is random between `min` and `base` doubled n times (never more than `max`): full jitter, so that
/// clients which lost their server together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use eventwire_client::RetryPolicy;
///
/// let policy = RetryPolicy::new().base(Duration::from_millis(200)).attempts(5);
/// assert_eq!(policy.max, Duration::from_secs(30));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The first wait is at most this long. The server's `retry:` takes its place, clamped to `min` and `max`. Default: 1 s.
    pub base: Duration,
    /// No wait is longer, except where the server's `Retry-After` asks for it. Default: 30 s.
    pub max: Duration,
    /// No wait is shorter. Default: 0.5 s.
    pub min: Duration,
    /// How many times in a row it is tried again before it is given up; `None`: no limit. Default: `None`.
    pub attempts: Option<u32>,
    /// How long it may take until a connection stands again, from the first failure in a row on, or from the first attempt on: no
    /// attempt begins later, and one that still waits for its answer's head is given up. `None`: no limit. Default: `None`.
    pub deadline: Option<Duration>,
    /// Whether a request with a body may be sent more than once. Default: no, since it may be one that must not happen
    /// twice. A request that certainly was not sent (nobody accepted the connection) is tried again in any case.
    pub resend_body: bool,
    /// The waits begin anew only after a connection that stood this long *and* delivered an event: a server that answers
    /// and hangs up is not hammered. Default: 10 s.
    pub stable_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            base: Duration::from_secs(1),
            max: Duration::from_secs(30),
            min: Duration::from_millis(500),
            attempts: None,
            deadline: None,
            resend_body: false,
            stable_after: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`base`](Self::base).
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets [`max`](Self::max).
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Sets [`min`](Self::min).
    pub fn min(mut self, min: Duration) -> Self {
        self.min = min;
        self
    }

    /// Sets [`attempts`](Self::attempts).
    pub fn attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.attempts = attempts.into();
        self
    }

    /// Sets [`deadline`](Self::deadline).
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Sets [`resend_body`](Self::resend_body).
    pub fn resend_body(mut self, resend: bool) -> Self {
        self.resend_body = resend;
        self
    }

    /// Sets [`stable_after`](Self::stable_after).
    pub fn stable_after(mut self, stable_after: Duration) -> Self {
        self.stable_after = stable_after;
        self
    }
}

/// The waits of one streak of failures. Pure: the randomness comes from a seed, and it knows no clock.
///
/// ```
/// use std::time::Duration;
/// use eventwire_client::{Backoff, RetryPolicy};
///
/// let mut backoff = Backoff::new(&RetryPolicy::new(), 7);
/// backoff.set_reconnection_time(99_999_999_999);
/// assert!(backoff.next_delay() <= Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    min: Duration,
    max: Duration,
    attempt: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// Begins a streak with the policy's base.
    pub fn new(policy: &RetryPolicy, seed: u64) -> Backoff {
        Backoff {
            base: policy.base,
            min: policy.min,
            // A policy whose bounds contradict each other waits the longer of the two.
            max: policy.max.max(policy.min),
            attempt: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Takes the server's `retry:` (milliseconds) for the base.
    pub fn set_reconnection_time(&mut self, milliseconds: u64) {
        self.base = Duration::from_millis(milliseconds);
    }

    /// The number of waits in this streak so far.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Ends the streak: the next wait is a first one again. The server's reconnection time stays.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The next wait.
    pub fn next_delay(&mut self) -> Duration {
        let cap = self.doubled(self.base.clamp(self.min, self.max));
        self.attempt = self.attempt.saturating_add(1);
        self.min + self.fraction_of(cap - self.min)
    }

    /// The next wait by the WHATWG standard: the reconnection time as the server set it, whole, and after failures a random
    /// time on top, which the standard allows. Never under half a second.
    pub(crate) fn next_standard_delay(&mut self) -> Duration {
        let base = self.base.max(Duration::from_millis(500));
        let longest = self.doubled(base.min(self.max)).max(base);
        self.attempt = self.attempt.saturating_add(1);
        base + self.fraction_of(longest - base)
    }

    fn doubled(&self, base: Duration) -> Duration {
        // 2^32 times anything that matters is beyond every maximum.
        base.saturating_mul(1 << self.attempt.min(31)).min(self.max)
    }

    fn fraction_of(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.random.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &RetryPolicy, seed: u64, n: usize) -> Vec<Duration> {
        let mut backoff = Backoff::new(policy, seed);
        (0..n).map(|_| backoff.next_delay()).collect()
    }

    #[test]
    fn every_wait_is_between_the_minimum_and_the_doubled_base() {
        let policy = RetryPolicy::new();
        for seed in 0..200 {
            for (n, delay) in delays(&policy, seed, 40).into_iter().enumerate() {
                let cap = Duration::from_secs(1 << n.min(5)).min(policy.max);
                assert!(
                    delay >= policy.min && delay <= cap,
                    "seed {seed} wait {n}: {delay:?}"
                );
            }
        }
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let policy = RetryPolicy::new()
            .min(Duration::ZERO)
            .base(Duration::from_secs(10));
        let firsts: Vec<_> = (0..400).map(|seed| delays(&policy, seed, 1)[0]).collect();
        for tenth in 0..10 {
            let range = Duration::from_secs(tenth)..Duration::from_secs(tenth + 1);
            assert!(
                firsts.iter().any(|d| range.contains(d)),
                "nothing in {range:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let policy = RetryPolicy::new();
        assert_eq!(delays(&policy, 3, 20), delays(&policy, 3, 20));
        assert_ne!(delays(&policy, 3, 20), delays(&policy, 4, 20));
    }

    #[test]
    fn the_servers_time_is_clamped() {
        for ms in [0, 1, 499, 99_999_999_999, u64::MAX] {
            let mut backoff = Backoff::new(&RetryPolicy::new(), 1);
            backoff.set_reconnection_time(ms);
            for _ in 0..80 {
                let delay = backoff.next_delay();
                assert!(delay >= Duration::from_millis(500) && delay <= Duration::from_secs(30));
            }
        }
    }

    #[test]
    fn a_base_and_minimum_of_nothing_wait_for_nothing() {
        let policy = RetryPolicy::new().base(Duration::ZERO).min(Duration::ZERO);
        assert!(delays(&policy, 9, 50).iter().all(Duration::is_zero));
    }

    #[test]
    fn contradictory_and_extreme_bounds_do_not_panic() {
        let policy = RetryPolicy::new()
            .min(Duration::from_secs(60))
            .max(Duration::from_secs(1));
        assert!(
            delays(&policy, 1, 50)
                .iter()
                .all(|d| *d == Duration::from_secs(60))
        );
        let policy = RetryPolicy::new().base(Duration::MAX).max(Duration::MAX);
        assert_eq!(delays(&policy, 1, 50).len(), 50);
        let mut backoff = Backoff::new(&policy, 1);
        backoff.set_reconnection_time(u64::MAX);
        backoff.next_standard_delay();
    }

    #[test]
    fn the_standard_wait_is_never_shorter_than_the_server_asked() {
        for seed in 0..100 {
            let mut backoff = Backoff::new(&RetryPolicy::new(), seed);
            backoff.set_reconnection_time(60_000);
            assert!(backoff.next_standard_delay() >= Duration::from_secs(60));
            backoff.set_reconnection_time(0);
            backoff.reset();
            assert_eq!(backoff.next_standard_delay(), Duration::from_millis(500));
            assert!(backoff.next_standard_delay() >= Duration::from_millis(500));
        }
    }
}
