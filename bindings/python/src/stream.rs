//! A subscription to a URL.

use std::path::PathBuf;
use std::time::Duration;

use eventwire_bridge::mailbox::Waited;
use eventwire_bridge::question::Prepared;
use eventwire_bridge::stream::{Stream as Inner, StreamOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{RetryPolicy, Transport, count, limit, time};
use crate::batch::{End, drained};
use crate::failure::OrRaise;
use crate::notifier::Notifier;
use crate::waiting::until;

/// The fields of the package's `StreamStats`, in their order.
type Stats = (u64, u64, u64, u64, Option<f64>, Option<f64>);

/// A subscription to a URL. Made in any thread, read in any thread; it opens at open().
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Stream(pub(crate) Inner);

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (url, *, method, headers, body, last_event_id, retry, connect_timeout, idle_timeout, event_timeout, max_line, max_event, mailbox, follow_redirects, transport, prepare, ack, cursor_file))]
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
        prepare: bool,
        ack: &str,
        cursor_file: Option<PathBuf>,
    ) -> PyResult<Self> {
        let mut options = StreamOptions::new(url);
        options.method = method;
        options.headers = headers;
        options.body = body;
        options.last_event_id = last_event_id;
        options.retry = retry.as_ref().map(RetryPolicy::policy).transpose()?;
        options.connect_timeout = time("connect_timeout", connect_timeout)?;
        options.idle_timeout = limit("idle_timeout", idle_timeout)?;
        options.event_timeout = limit("event_timeout", event_timeout)?;
        options.max_line = count("max_line", max_line)?;
        options.max_event = count("max_event", max_event)?;
        options.mailbox = count("mailbox", mailbox)?;
        options.comments = true;
        options.follow_redirects = follow_redirects;
        options.transport = transport.into();
        options.prepare = prepare;
        options.manual_ack = manual(ack)?;
        options.cursor_file = cursor_file;
        Ok(Self(py.detach(|| Inner::new(options)).or_raise(py)?))
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

    /// Ends it, from any thread, and wakes whoever waits; then the cursor file is brought up to date.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.close_and_save()).or_raise(py)
    }

    /// The application has this question, and looks for an answer.
    fn asked(&self, question: u64) {
        self.0.asked(question);
    }

    /// What it answers: the attempt as it is to be made.
    fn answer(
        &self,
        question: u64,
        url: String,
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
    ) {
        let prepared = Prepared { url, headers, body };
        self.0.answer(question, Ok(prepared));
    }

    /// It has none, and why.
    fn fail(&self, question: u64, why: String) {
        self.0.answer(question, Err(why));
    }

    /// Whether delivered() and marked() are to be called.
    #[getter]
    fn has_place(&self) -> bool {
        self.0.has_place()
    }

    /// An event or a reset with this id is being handed out.
    fn delivered(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        // It waits for nothing but a short lock.
        self.0.delivered(id).or_raise(py)
    }

    /// All before a mark was handed out.
    fn marked(&self, id: &str) {
        self.0.marked(id);
    }

    /// The event with this id is dealt with.
    fn ack(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        self.0.ack(id).or_raise(py)
    }

    /// The last event ID of what is dealt with; None where the package knows it by itself.
    #[getter]
    fn place(&self) -> Option<String> {
        self.0.place()
    }

    /// Waits until the cursor file is up to date.
    fn save(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.save()).or_raise(py)
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

    /// The URL that it was made for, without secrets.
    #[getter]
    fn shown_url(&self) -> String {
        self.0.shown_url()
    }

    /// The URL that it was made for.
    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }
}

fn manual(ack: &str) -> PyResult<bool> {
    match ack {
        "auto" => Ok(false),
        "manual" => Ok(true),
        other => Err(PyValueError::new_err(format!(
            "ack is {other:?}: give \"auto\" or \"manual\""
        ))),
    }
}
