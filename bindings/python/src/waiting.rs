//! Blocking waits that Ctrl-C ends.

use std::time::Duration;

use pyo3::prelude::*;

/// How long a wait goes on before it looks for signals: short enough to feel immediate, long enough to cost nothing.
const SLICE: Duration = Duration::from_millis(50);

/// Waits until `ready`, which waits for at most the time that it is given, says so. Other threads run meanwhile; a
/// signal handler that raises (Ctrl-C) ends it.
pub(crate) fn until(py: Python<'_>, ready: impl Fn(Duration) -> bool + Sync) -> PyResult<()> {
    while !py.detach(|| ready(SLICE)) {
        py.check_signals()?;
    }
    Ok(())
}
