//! Batches as lists: one call of Python fetches all that has come.

use eventwire_bridge::failure::Failure;
use eventwire_bridge::mailbox::Drained;
use eventwire_bridge::packed::{Batch, Kind, Packed};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::event::{Event, default_type};
use crate::failure::exception;

/// Whether more will come (False), no more will (True), or why it broke off (the exception, which is not raised yet:
/// the items before it come first).
pub(crate) type End<'py> = Bound<'py, PyAny>;

/// What a mailbox held, for Python.
pub(crate) fn drained<'py>(
    py: Python<'py>,
    drained: Drained<Failure>,
) -> PyResult<(Bound<'py, PyList>, End<'py>)> {
    let list = list(py, &drained.batch)?;
    let end = match drained.end {
        None => false.into_pyobject(py)?.to_owned().into_any(),
        Some(Ok(())) => true.into_pyobject(py)?.to_owned().into_any(),
        Some(Err(failure)) => exception(py, &failure)?,
    };
    Ok((list, end))
}

/// The items of a batch, in order.
pub(crate) fn list<'py>(py: Python<'py>, batch: &Batch) -> PyResult<Bound<'py, PyList>> {
    if batch.is_empty() {
        return Ok(PyList::empty(py));
    }
    let mut names = Names::default();
    let objects = batch.items().map(|item| {
        Made(match item.kind {
            Kind::Event => names.event(py, &item),
            Kind::Frame => Ok(PyBytes::new(py, item.data.as_bytes()).into_any()),
            kind => {
                names = Names::default();
                rare(py, kind, &item)
            }
        })
    });
    PyList::new(py, objects)
}

/// An object, or why there is none: so that they go into a list one by one, and not by way of a `Vec`.
struct Made<'py>(PyResult<Bound<'py, PyAny>>);

impl<'py> IntoPyObject<'py> for Made<'py> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0
    }
}

/// The strings that follow each other unchanged in most streams: the type and, where it is sticky, the id.
#[derive(Default)]
struct Names {
    event: Option<Py<PyString>>,
    id: Option<Py<PyString>>,
}

impl Names {
    fn event<'py>(&mut self, py: Python<'py>, item: &Packed<'_>) -> PyResult<Bound<'py, PyAny>> {
        let event = same(py, &mut self.event, item.same_event, || match item.event {
            "message" => default_type(py),
            name => PyString::intern(py, name).unbind(),
        });
        let id = same(py, &mut self.id, item.same_id, || match item.id {
            "" => pyo3::intern!(py, "").clone().unbind(),
            id => PyString::new(py, id).unbind(),
        });
        let data = PyString::new(py, item.data).unbind();
        Ok(Bound::new(py, Event::received(event, data, id))?.into_any())
    }
}

fn same(
    py: Python<'_>,
    last: &mut Option<Py<PyString>>,
    same: bool,
    make: impl FnOnce() -> Py<PyString>,
) -> Py<PyString> {
    match last {
        Some(known) if same => known.clone_ref(py),
        _ => last.insert(make()).clone_ref(py),
    }
}

/// What is no event comes a few times an hour: Python builds its objects, from the JSON that the bridge made.
fn rare<'py>(py: Python<'py>, kind: Kind, item: &Packed<'_>) -> PyResult<Bound<'py, PyAny>> {
    static BUILD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let name = match kind {
        Kind::Comment => "Comment",
        Kind::Opened => "Opened",
        Kind::Reset => "Reset",
        Kind::Reconnecting => "Reconnecting",
        Kind::Closed => "Closed",
        Kind::Prepare => "Prepare",
        Kind::Mark => "Mark",
        _ => "",
    };
    BUILD
        .import(py, "eventwire._items", "build")?
        .call1((name, item.event, item.id, item.data))
}
