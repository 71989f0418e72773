//! Failures as exceptions: the package draws the tree of classes, this asks it for one.

use eventwire_bridge::failure::Failure;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The exception for `failure`, as an object.
pub(crate) fn exception<'py>(py: Python<'py>, failure: &Failure) -> PyResult<Bound<'py, PyAny>> {
    static BUILD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    BUILD
        .import(py, "eventwire._errors", "from_json")?
        .call1((failure.to_json(),))
}

/// The exception for `failure`, to be raised.
pub(crate) fn raise(py: Python<'_>, failure: &Failure) -> PyErr {
    exception(py, failure).map_or_else(|error| error, PyErr::from_value)
}

/// Turns the error of a result into an exception.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Failure> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|failure| raise(py, &failure))
    }
}
