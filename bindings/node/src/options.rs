//! Options as JavaScript gives them: milliseconds and bytes as numbers, checked in `lib/options.js`.

use std::time::Duration;

use eventwire_bridge::stream::RetryPolicy;
use eventwire_bridge::transport::{Proxy, Source, Transport, Verify};
use napi::Either;
use napi::bindgen_prelude::Buffer;
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
