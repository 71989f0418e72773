//! Scripted servers.

use eventwire_bridge::testing;
use pyo3::prelude::*;

use crate::arguments::delay;
use crate::failure::OrRaise;
use crate::stream::Stream;

/// Plays a script to streams, and has their clock.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct ScriptedServer(testing::ScriptedServer);

#[pymethods]
impl ScriptedServer {
    /// `script` is JSON.
    #[new]
    fn new(py: Python<'_>, script: &str, paused: bool) -> PyResult<Self> {
        testing::ScriptedServer::new(script, paused)
            .map(Self)
            .or_raise(py)
    }

    /// Lets a stream that was not opened yet talk to this server.
    fn attach(&self, stream: &Stream) {
        self.0.attach(&stream.0);
    }

    /// Lets time pass.
    fn advance(&self, time: f64) -> PyResult<()> {
        self.0.advance(delay("the time", time)?);
        Ok(())
    }

    /// How much time has passed, in seconds.
    #[getter]
    fn now(&self) -> f64 {
        self.0.now().as_secs_f64()
    }

    /// How long was waited before each attempt but the first, in seconds.
    #[getter]
    fn delays(&self) -> Vec<f64> {
        self.0
            .delays()
            .iter()
            .map(std::time::Duration::as_secs_f64)
            .collect()
    }

    /// All requests, as JSON.
    #[getter]
    fn requests(&self) -> String {
        self.0.requests()
    }
}
