//! Options as JavaScript gives them: milliseconds and bytes as numbers, checked in `lib/options.js`.

use std::time::Duration;

use eventwire_bridge::stream::RetryPolicy;
use napi_derive::napi;

/// A number of bytes, connections or events.
pub(crate) fn size(given: Option<f64>, default: usize) -> usize {
    given.map_or(default, |count| count as usize)
}

pub(crate) fn time(milliseconds: f64) -> Duration {
    // Beyond what a Duration holds is as good as never.
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)
}

#[napi(object, object_to_js = false)]
pub struct RetryOptions {
    pub base: Option<f64>,
    pub max: Option<f64>,
    pub min: Option<f64>,
    pub attempts: Option<u32>,
    pub deadline: Option<f64>,
    pub resend_body: Option<bool>,
    pub stable_after: Option<f64>,
}

impl From<RetryOptions> for RetryPolicy {
    fn from(given: RetryOptions) -> Self {
        let default = Self::default();
        Self::new()
            .base(given.base.map_or(default.base, time))
            .max(given.max.map_or(default.max, time))
            .min(given.min.map_or(default.min, time))
            .attempts(given.attempts)
            .deadline(given.deadline.map(time))
            .resend_body(given.resend_body.unwrap_or(default.resend_body))
            .stable_after(given.stable_after.map_or(default.stable_after, time))
    }
}

/// `[name, value]` pairs.
pub(crate) fn headers(pairs: Vec<Vec<String>>) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .filter_map(|pair| {
            let [name, value] = <[String; 2]>::try_from(pair).ok()?;
            Some((name, value))
        })
        .collect()
}
