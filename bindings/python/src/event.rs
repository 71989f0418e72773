//! The event as a Python object.

use std::borrow::Cow;

use eventwire_bridge::binary;
use eventwire_bridge::encode::{Parts, encode};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::arguments::{bytes, whole};
use crate::failure::{OrRaise, raise};

/// One event of an event stream. It cannot be changed; it compares, hashes and pickles by its four fields.
///
/// Example:
///     >>> event = Event('{"price": 3}', event="tick", id="7")
///     >>> event.json()["price"]
///     3
///     >>> event.encode()
///     b'id: 7\nevent: tick\ndata: {"price": 3}\n\n'
// Attributes are made at once and not when they are asked for: that is faster, since nearly every event is read.
#[pyclass(module = "eventwire", frozen)]
#[derive(Debug)]
pub(crate) struct Event {
    /// The type; "message" where the stream names none.
    #[pyo3(get)]
    event: Py<PyString>,
    /// The data, its lines joined by "\n".
    #[pyo3(get)]
    data: Py<PyString>,
    /// The last event ID when the event was dispatched; "" where there is none.
    #[pyo3(get)]
    id: Py<PyString>,
    /// The reconnection time in milliseconds; only on events that are to be sent.
    #[pyo3(get)]
    retry: Option<u64>,
}

impl Event {
    pub(crate) fn received(event: Py<PyString>, data: Py<PyString>, id: Py<PyString>) -> Self {
        Self {
            event,
            data,
            id,
            retry: None,
        }
    }

    /// The type and the data, for who looks at no more.
    pub(crate) fn texts<'a>(&'a self, py: Python<'a>) -> PyResult<(Cow<'a, str>, Cow<'a, str>)> {
        Ok((self.event.to_cow(py)?, self.data.to_cow(py)?))
    }

    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (&self.event, &self.data, &self.id, self.retry).into_pyobject(py)
    }
}

#[pymethods]
impl Event {
    #[new]
    #[pyo3(signature = (data = Text(None), *, event = Text(None), id = Text(None), retry = None), text_signature = "(data='', *, event='message', id='', retry=None)")]
    fn new(
        py: Python<'_>,
        data: Text,
        event: Text,
        id: Text,
        retry: Option<i64>,
    ) -> PyResult<Self> {
        let event = event.or_empty(py);
        let event = if event.bind(py).is_empty()? {
            default_type(py)
        } else {
            event
        };
        let retry = retry.map(|retry| whole("retry", retry)).transpose()?;
        Ok(Self {
            event,
            data: data.or_empty(py),
            id: id.or_empty(py),
            retry,
        })
    }

    /// An event that holds bytes, as base64: an event stream carries text.
    ///
    /// Example:
    ///     >>> Event.binary(b"\xde\xad\xbe\xef", event="chunk")
    ///     Event('3q2+7w==', event='chunk')
    #[staticmethod]
    #[pyo3(signature = (data, *, event = Text(None), id = Text(None), retry = None), text_signature = "(data, *, event='message', id='', retry=None)")]
    fn binary(
        data: &Bound<'_, PyAny>,
        event: Text,
        id: Text,
        retry: Option<i64>,
    ) -> PyResult<Self> {
        let py = data.py();
        let data = bytes("binary()", data)?;
        let text = PyString::new(py, &py.detach(|| binary::encode(&data)));
        Self::new(py, Text(Some(text.unbind())), event, id, retry)
    }

    /// The bytes that the event holds: `binary` made it, or base64 elsewhere.
    ///
    /// Raises DataError, with the position, where the data is not exactly base64 of RFC 4648 with padding.
    ///
    /// Example:
    ///     >>> Event.binary(b"\x00\xff").bytes()
    ///     b'\x00\xff'
    fn bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let data = self.data.to_cow(py)?.into_owned();
        let bytes = py.detach(|| binary::decode(data)).or_raise(py)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The data, parsed as JSON.
    ///
    /// Example:
    ///     >>> Event("[1, 2]").json()
    ///     [1, 2]
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        LOADS.import(py, "json", "loads")?.call1((&self.data,))
    }

    /// The event as bytes of an event stream.
    ///
    /// Raises EncodeError where the id or the type holds what would end its line.
    ///
    /// Example:
    ///     >>> Event("hello").encode()
    ///     b'data: hello\n\n'
    fn encode<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (event, data, id) = (
            self.event.to_cow(py)?,
            self.data.to_cow(py)?,
            self.id.to_cow(py)?,
        );
        let parts = Parts {
            comment: None,
            retry: self.retry,
            id: (!id.is_empty()).then_some(&*id),
            event: Some(&*event),
            data: Some(&*data),
        };
        let bytes = encode(&parts).map_err(|failure| raise(py, &failure))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __eq__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        match other.cast::<Self>() {
            Ok(other) => {
                let equal = self.retry == other.get().retry
                    && self.fields(py)?.eq(other.get().fields(py)?)?;
                Ok(equal.into_pyobject(py)?.to_owned().into_any())
            }
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.fields(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!("Event({}", self.data.bind(py).repr()?);
        if self.event.bind(py) != "message" {
            text += &format!(", event={}", self.event.bind(py).repr()?);
        }
        if !self.id.bind(py).is_empty()? {
            text += &format!(", id={}", self.id.bind(py).repr()?);
        }
        if let Some(retry) = self.retry {
            text += &format!(", retry={retry}");
        }
        Ok(text + ")")
    }

    // Not `__getnewargs_ex__` alone: the oldest pickle protocols do not ask for it.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        static NEW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let (py, this) = (slf.py(), slf.get());
        let keywords = PyDict::new(py);
        keywords.set_item("event", &this.event)?;
        keywords.set_item("id", &this.id)?;
        keywords.set_item("retry", this.retry)?;
        let new = NEW.import(py, "copyreg", "__newobj_ex__")?;
        Ok((
            new.clone(),
            (slf.get_type(), (&this.data,), keywords).into_pyobject(py)?,
        ))
    }
}

/// The type of events that name none.
pub(crate) fn default_type(py: Python<'_>) -> Py<PyString> {
    pyo3::intern!(py, "message").clone().unbind()
}

/// A string argument, or its absence.
struct Text(Option<Py<PyString>>);

impl Text {
    fn or_empty(self, py: Python<'_>) -> Py<PyString> {
        self.0
            .unwrap_or_else(|| pyo3::intern!(py, "").clone().unbind())
    }
}

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>()?;
        // An exact string: an instance of a subclass could change.
        if text.is_exact_instance_of::<PyString>() {
            return Ok(Self(Some(text.to_owned().unbind())));
        }
        Ok(Self(Some(
            PyString::new(object.py(), &text.to_cow()?).unbind(),
        )))
    }
}
