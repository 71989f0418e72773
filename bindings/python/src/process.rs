//! What concerns the process: the command line, and the end.

use std::ffi::OsString;
use std::time::Duration;

use eventwire_bridge::runtime;
use pyo3::prelude::*;

/// How long the end of the interpreter waits for the threads of the core, which hold nothing back.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the command line; `arguments` begin with the program's name. Returns the exit code.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> i32 {
    py.detach(|| eventwire_cli::run(arguments))
}

/// Ends the threads of the core; called at the exit of the interpreter.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>) {
    py.detach(|| runtime::shutdown(PATIENCE));
}
