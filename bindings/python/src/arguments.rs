//! Python's numbers as the core's, with errors that name the argument.

use std::time::Duration;

use eventwire_bridge::arguments::{self, Language};
use eventwire_bridge::failure::Failure;
use eventwire_bridge::stream;
use eventwire_bridge::transport::{self, Source};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

/// A whole number that is not negative.
pub(crate) fn whole(name: &str, value: i64) -> PyResult<u64> {
    u64::try_from(value)
        .map_err(|_| PyValueError::new_err(format!("{name} is {value}: give zero or more")))
}

/// A number of bytes or things.
pub(crate) fn size(name: &str, value: i64) -> PyResult<usize> {
    Ok(usize::try_from(whole(name, value)?).unwrap_or(usize::MAX))
}

const PYTHON: Language = Language {
    unit: "seconds",
    per_second: 1.0,
    nothing: "None",
};

fn refused(failure: Failure) -> PyErr {
    PyValueError::new_err(failure.message().to_owned())
}

/// A number of bytes or things of which there must be one.
pub(crate) fn count(name: &str, value: i64) -> PyResult<usize> {
    arguments::count(name, value as f64).map_err(refused)
}

/// More than no seconds.
pub(crate) fn time(name: &str, value: f64) -> PyResult<Duration> {
    PYTHON.time(name, value).map_err(refused)
}

/// Seconds, which may be none.
pub(crate) fn delay(name: &str, value: f64) -> PyResult<Duration> {
    PYTHON.delay(name, value).map_err(refused)
}

/// More than no seconds, or None for no limit.
pub(crate) fn limit(name: &str, value: Option<f64>) -> PyResult<Option<Duration>> {
    PYTHON.limit(name, value).map_err(refused)
}

/// A copy of what bytes, bytearray or memoryview hold. `taker` is what the error calls the function.
pub(crate) fn bytes(taker: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let Ok(view) = PyMemoryView::from(object) else {
        let given = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{taker} takes bytes, bytearray or memoryview, not {given}"
        )));
    };
    let copy = view.call_method0("tobytes")?;
    Ok(copy.cast::<PyBytes>()?.as_bytes().to_vec())
}

/// The attributes of the package's `RetryPolicy`.
#[derive(Debug, FromPyObject)]
pub(crate) struct RetryPolicy {
    base: f64,
    max: f64,
    min: f64,
    attempts: Option<i64>,
    deadline: Option<f64>,
    resend_body: bool,
    stable_after: f64,
}

impl RetryPolicy {
    pub(crate) fn policy(&self) -> PyResult<stream::RetryPolicy> {
        let attempts = self
            .attempts
            .map(|attempts| whole("attempts", attempts))
            .transpose()?;
        Ok(stream::RetryPolicy::new()
            .base(delay("base", self.base)?)
            .max(delay("max", self.max)?)
            .min(delay("min", self.min)?)
            .attempts(attempts.map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX)))
            .deadline(
                PYTHON
                    .limit_or_zero("deadline", self.deadline)
                    .map_err(refused)?,
            )
            .resend_body(self.resend_body)
            .stable_after(delay("stable_after", self.stable_after)?))
    }
}

/// PEM as bytes, or a text: PEM, or a path.
#[derive(FromPyObject)]
enum Text {
    Text(String),
    Pem(Vec<u8>),
}

impl From<Text> for Source {
    fn from(text: Text) -> Self {
        match text {
            Text::Text(text) => Self::Text(text),
            Text::Pem(pem) => Self::Pem(pem),
        }
    }
}

#[derive(FromPyObject)]
enum Verify {
    Flag(bool),
    Authorities(Text),
}

#[derive(FromPyObject)]
enum Proxy {
    Flag(bool),
    Url(String),
}

/// The attributes of the package's `_transport.Transport`, where the types are checked.
#[derive(FromPyObject)]
pub(crate) struct Transport {
    verify: Verify,
    cert: Vec<Text>,
    proxy: Proxy,
    cookies: Option<Vec<(String, String)>>,
    auth: Option<(String, String)>,
}

impl From<Transport> for transport::Transport {
    fn from(given: Transport) -> Self {
        Self {
            verify: match given.verify {
                Verify::Flag(true) => transport::Verify::System,
                Verify::Flag(false) => transport::Verify::Nobody,
                Verify::Authorities(text) => transport::Verify::Authorities(text.into()),
            },
            cert: given.cert.into_iter().map(Into::into).collect(),
            proxy: match given.proxy {
                Proxy::Flag(true) => transport::Proxy::Environment,
                Proxy::Flag(false) => transport::Proxy::None,
                Proxy::Url(url) => transport::Proxy::Url(url),
            },
            cookies: given.cookies,
            auth: given.auth,
        }
    }
}
