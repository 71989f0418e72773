//! Payloads in slices.

use std::path::PathBuf;

use eventwire_bridge::slices::{
    self, ReceiveOptions, SendOptions, Source, Transfer as TransferHandle,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

use crate::arguments::{bytes, size, whole};
use crate::event::Event;
use crate::failure::OrRaise;
use crate::task::Task;

/// The slices of a file or of bytes, for one reader.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Slices(slices::Slices);

#[pymethods]
impl Slices {
    /// `path` or `content`: the package gives one of the two.
    #[new]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        content: Option<&Bound<'_, PyAny>>,
        name: Option<String>,
        slice_size: i64,
        event: String,
        last_event_id: String,
    ) -> PyResult<Self> {
        let mut options = SendOptions::new()
            .slice_size(size("slice_size", slice_size)?)
            .event(event)
            .last_event_id(last_event_id);
        if let Some(name) = name {
            options = options.name(name);
        }
        let source = match (path, content) {
            (Some(path), _) => Source::Path(path),
            (None, Some(content)) => Source::Bytes(bytes("slices()", content)?),
            (None, None) => Source::Bytes(Vec::new()),
        };
        Ok(Self(slices::Slices::new(source, options).or_raise(py)?))
    }

    /// Reads the next slice; answers with whether there is one.
    fn advance(&self, py: Python<'_>) -> PyResult<Task> {
        Ok(py.detach(|| self.0.advance()).or_raise(py)?.into())
    }

    /// The slice that was read, and the key to publish it with; None where it was taken already.
    fn current(&self, py: Python<'_>) -> Option<(Event, String)> {
        let sliced = self.0.current()?;
        let event = PyString::intern(py, &sliced.event).unbind();
        let text = |text: &str| PyString::new(py, text).unbind();
        let event = Event::received(event, text(&sliced.data), text(&sliced.id));
        Some((event, sliced.key))
    }

    /// What is being sent, once it was hashed.
    #[getter]
    fn transfer<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .transfer()
            .map(|found| transfer(py, &found))
            .transpose()
    }

    /// Closes the source, from any thread.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// Puts a payload together from events that are given to it one by one, for loops of your own; `receive_file` is one.
///
/// Example:
///     >>> assembly = Assembly(name="note.txt")
///     >>> received = b""
///     >>> for event in slices(b"what is sent", name="note.txt", slice_size=5):
///     ...     received += assembly.take(event) or b""
///     >>> assembly.complete, received
///     (True, b'what is sent')
#[pyclass(module = "eventwire", frozen)]
#[derive(Debug)]
pub(crate) struct Assembly(slices::Assembly);

#[pymethods]
impl Assembly {
    #[new]
    #[pyo3(signature = (*, name = None, max_size = 1073741824, event = "slice".to_owned()), text_signature = "(*, name=None, max_size=1073741824, event='slice')")]
    fn new(py: Python<'_>, name: Option<String>, max_size: i64, event: String) -> PyResult<Self> {
        let options = receive_options(name, max_size, event)?;
        Ok(Self(slices::Assembly::new(options).or_raise(py)?))
    }

    /// Takes an event of any kind: the bytes of the slice that was due, or None, for one that was taken before and for what is
    /// no slice, or none of the payload that is wanted.
    ///
    /// Raises SliceError, which says what is wrong with a slice. It was not taken then, and nothing has changed; but a wrong
    /// hash, known with the last slice, is final.
    ///
    /// Example:
    ///     >>> first, second, *_ = slices(b"what is sent", slice_size=5)
    ///     >>> assembly = Assembly()
    ///     >>> assembly.take(first)
    ///     b'what '
    ///     >>> assembly.take(first)
    ///     >>> assembly.take(Event("something else"))
    #[pyo3(signature = (event, /))]
    fn take<'py>(
        &self,
        py: Python<'py>,
        event: &Bound<'py, Event>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let (kind, data) = event.get().texts(py)?;
        if !self.0.wants(&kind) {
            return Ok(None);
        }
        let (kind, data) = (kind.into_owned(), data.into_owned());
        let taken = py.detach(|| self.0.take(&kind, data)).or_raise(py)?;
        Ok(taken.map(|taken| PyBytes::new(py, &taken)))
    }

    /// What is being received; None before the first slice.
    #[getter]
    fn transfer<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .transfer()
            .map(|found| transfer(py, &found))
            .transpose()
    }

    /// The index of the slice that is due, which is how many were taken.
    #[getter]
    fn next_index(&self) -> u64 {
        self.0.next_index()
    }

    /// Whether all slices were taken, and are what was sent.
    #[getter]
    fn complete(&self) -> bool {
        self.0.is_complete()
    }

    /// What was received, once no more events come. Raises SliceError where it is not complete.
    ///
    /// Example:
    ///     >>> assembly = Assembly()
    ///     >>> for event in slices(b"what is sent", name="note.txt"):
    ///     ...     _ = assembly.take(event)
    ///     >>> assembly.finish().name
    ///     'note.txt'
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        transfer(py, &self.0.finish().or_raise(py)?)
    }
}

/// A payload that is put together in a file, for one writer.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct FileReceiver(slices::FileReceiver);

#[pymethods]
impl FileReceiver {
    #[new]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        name: Option<String>,
        max_size: i64,
        event: String,
    ) -> PyResult<Self> {
        let options = receive_options(name, max_size, event)?;
        Ok(Self(slices::FileReceiver::new(path, options).or_raise(py)?))
    }

    /// Makes the temporary file; answers with True.
    fn open(&self, py: Python<'_>) -> PyResult<Task> {
        Ok(py.detach(|| self.0.open()).or_raise(py)?.into())
    }

    /// Takes an event; answers with whether the file is complete.
    fn take(&self, py: Python<'_>, event: &Bound<'_, Event>) -> PyResult<Task> {
        let (kind, data) = event.get().texts(py)?;
        // Not detached: the data is copied only where it is wanted, and what takes time happens on another thread.
        let task = self.0.take(&kind, || data.into_owned());
        Ok(task.or_raise(py)?.into())
    }

    /// What was received.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        transfer(py, &self.0.finish().or_raise(py)?)
    }

    /// Removes what is not complete.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

fn receive_options(name: Option<String>, max_size: i64, event: String) -> PyResult<ReceiveOptions> {
    let options = ReceiveOptions::new()
        .max_size(whole("max_size", max_size)?)
        .event(event);
    Ok(match name {
        Some(name) => options.name(name),
        None => options,
    })
}

/// The package's `Transfer`.
fn transfer<'py>(py: Python<'py>, transfer: &TransferHandle) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let fields = (
        transfer.name(),
        transfer.size(),
        transfer.count(),
        transfer.slice_size(),
        transfer.sha256(),
    );
    CLASS
        .import(py, "eventwire._slices", "Transfer")?
        .call1(fields)
}
