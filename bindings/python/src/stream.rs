//! A subscription to a URL.

use std::time::Duration;

use eventwire_bridge::mailbox::Waited;
use eventwire_bridge::stream::{Stream as Inner, StreamOptions};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{RetryPolicy, Transport, limit, seconds, size};
use crate::batch::{End, drained};
use crate::failure::OrRaise;
use crate::notifier::Notifier;
use crate::waiting::until;

/// The fields of the package's `StreamStats`, in their order.
type Stats = (u64, u64, u64, u64, Option<f64>, Option<f64>);

/// A subscription to a URL. Made in any thread, read in any thread; it opens at open().
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Stream(Inner);

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (url, *, method, headers, body, last_event_id, retry, connect_timeout, idle_timeout, event_timeout, max_line, max_event, mailbox, follow_redirects, transport))]
    // One parameter per option of `connect`, so that a wrong one is named by Python's own error.
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        url: String,
        method: String,
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
        last_event_id: String,
        retry: Option<RetryPolicy>,
        connect_timeout: f64,
        idle_timeout: Option<f64>,
        event_timeout: Option<f64>,
        max_line: i64,
        max_event: i64,
        mailbox: i64,
        follow_redirects: bool,
        transport: Transport,
    ) -> PyResult<Self> {
        let mut options = StreamOptions::new(url);
        options.method = method;
        options.headers = headers;
        options.body = body;
        options.last_event_id = last_event_id;
        options.retry = retry.as_ref().map(RetryPolicy::policy).transpose()?;
        options.connect_timeout = seconds("connect_timeout", connect_timeout)?;
        options.idle_timeout = limit("idle_timeout", idle_timeout)?;
        options.event_timeout = limit("event_timeout", event_timeout)?;
        options.max_line = size("max_line", max_line)?;
        options.max_event = size("max_event", max_event)?;
        options.mailbox = size("mailbox", mailbox)?;
        options.comments = true;
        options.follow_redirects = follow_redirects;
        options.transport = transport.into();
        Ok(Self(Inner::new(options).or_raise(py)?))
    }

    /// Starts it; only the first call does anything.
    fn open(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.open()).or_raise(py)
    }

    /// Lets `notifier` tell of `token` whenever there is something to drain.
    fn listen(&self, notifier: &Notifier, token: u64) {
        self.0.listen(notifier.inner(), token);
    }

    /// Blocks until there is something to drain.
    fn wait(&self, py: Python<'_>) -> PyResult<()> {
        until(py, |slice| self.0.wait(slice) == Waited::Ready)
    }

    /// All that has come, and whether more will: False, True (it has ended) or the exception that ended it.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyList>, End<'py>)> {
        drained(py, self.0.drain())
    }

    /// Ends it, from any thread, and wakes whoever waits.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }

    /// Connects again at once, from any thread.
    fn restart(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.restart()).or_raise(py)
    }

    /// "connecting", "open" or "closed".
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state()
    }

    /// What `retry:` last said, in milliseconds.
    #[getter]
    fn reconnection_time(&self) -> Option<u64> {
        self.0.reconnection_time()
    }

    /// The last event ID that was received.
    #[getter]
    fn last_event_id(&self) -> String {
        self.0.last_event_id()
    }

    /// What it has done so far: bytes, events, comments, reconnects, and the seconds since the last byte and the last event.
    fn stats(&self) -> Stats {
        let stats = self.0.stats();
        let seconds = |since: Option<Duration>| since.map(|since| since.as_secs_f64());
        (
            stats.bytes,
            stats.events,
            stats.comments,
            stats.reconnects,
            seconds(stats.since_byte),
            seconds(stats.since_event),
        )
    }

    /// The URL that it was made for.
    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }
}
