//! Options as JavaScript gives them: milliseconds and bytes as numbers, checked in `lib/options.js`.

use std::time::Duration;

use eventwire_bridge::arguments::Language;
use eventwire_bridge::stream::RetryPolicy;
use eventwire_bridge::transport::{Proxy, Source, Transport, Verify};
use napi::Either;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::failure::{Result, raise};

/// A number of bytes, connections or events.
pub(crate) fn size(given: Option<f64>, default: usize) -> usize {
    given.map_or(default, |count| count as usize)
}

const JAVASCRIPT: Language = Language {
    unit: "milliseconds",
    per_second: 1000.0,
    nothing: "null",
};

/// More than no milliseconds, where they are given.
pub(crate) fn time(name: &str, given: Option<f64>) -> Result<Option<Duration>> {
    given
        .map(|given| JAVASCRIPT.time(name, given).map_err(raise))
        .transpose()
}

/// Milliseconds, which may be none, where they are given.
pub(crate) fn delay(name: &str, given: Option<f64>) -> Result<Option<Duration>> {
    given
        .map(|given| JAVASCRIPT.delay(name, given).map_err(raise))
        .transpose()
}

/// More than no milliseconds, or no limit.
pub(crate) fn limit(name: &str, given: Option<f64>) -> Result<Option<Duration>> {
    JAVASCRIPT.limit(name, given).map_err(raise)
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

impl RetryOptions {
    pub(crate) fn policy(&self) -> Result<RetryPolicy> {
        let default = RetryPolicy::default();
        Ok(RetryPolicy::new()
            .base(delay("base of retry", self.base)?.unwrap_or(default.base))
            .max(delay("max of retry", self.max)?.unwrap_or(default.max))
            .min(delay("min of retry", self.min)?.unwrap_or(default.min))
            .attempts(self.attempts)
            .deadline(
                JAVASCRIPT
                    .limit_or_zero("deadline of retry", self.deadline)
                    .map_err(raise)?,
            )
            .resend_body(self.resend_body.unwrap_or(default.resend_body))
            .stable_after(
                delay("stableAfter of retry", self.stable_after)?.unwrap_or(default.stable_after),
            ))
    }
}

/// The policy that was given, or the usual one; none where it is never to be tried again.
pub(crate) fn policy(again: bool, given: Option<RetryOptions>) -> Result<Option<RetryPolicy>> {
    if !again {
        return Ok(None);
    }
    let given = given.map(|given| given.policy()).transpose()?;
    Ok(Some(given.unwrap_or_default()))
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

/// PEM as bytes, or a text: PEM, or a path.
type Text = Either<String, Buffer>;

fn source(text: Text) -> Source {
    match text {
        Either::A(text) => Source::Text(text),
        Either::B(pem) => Source::Pem(pem.into()),
    }
}

/// As `lib/transport.js` makes it.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct TransportOptions {
    /// Trust anybody.
    pub unverified: Option<bool>,
    pub authorities: Option<Either<String, Buffer>>,
    pub cert: Option<Vec<Either<String, Buffer>>>,
    pub proxy: Option<String>,
    /// No proxy, whatever the environment says.
    pub direct: Option<bool>,
    pub cookies: Option<Vec<Vec<String>>>,
    /// A name and a password.
    pub auth: Option<Vec<String>>,
}

impl From<TransportOptions> for Transport {
    fn from(given: TransportOptions) -> Self {
        let unverified = given.unverified.unwrap_or_default();
        Self {
            verify: match given.authorities {
                Some(authorities) => Verify::Authorities(source(authorities)),
                None if unverified => Verify::Nobody,
                None => Verify::System,
            },
            cert: given.cert.into_iter().flatten().map(source).collect(),
            proxy: match given.proxy {
                Some(url) => Proxy::Url(url),
                None if given.direct.unwrap_or_default() => Proxy::None,
                None => Proxy::Environment,
            },
            cookies: given.cookies.map(headers),
            auth: given.auth.and_then(|pair| headers(vec![pair]).pop()),
        }
    }
}
