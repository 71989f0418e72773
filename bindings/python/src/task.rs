//! Operations that end later.

use std::fmt;
use std::time::Duration;

use eventwire_bridge::failure::Failure;
use eventwire_bridge::hub::Server as ServerHandle;
use eventwire_bridge::task::Task as Inner;
use pyo3::prelude::*;

use crate::failure::OrRaise;
use crate::hub::Server;
use crate::notifier::Notifier;
use crate::waiting::until;

/// An operation under way, and its one answer.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Task(Operation);

enum Operation {
    /// Answers with an id.
    Id(Inner<String>),
    /// Answers with ids.
    Ids(Inner<Vec<String>>),
    /// Answers with a server.
    Server(Inner<ServerHandle>),
    /// Answers with whether it was done in time.
    Done(Inner<bool>),
}

/// Does the same with any of them.
macro_rules! with {
    ($operation:expr, $task:ident => $body:expr) => {
        match $operation {
            Operation::Id($task) => $body,
            Operation::Ids($task) => $body,
            Operation::Server($task) => $body,
            Operation::Done($task) => $body,
        }
    };
}

impl Operation {
    fn wait(&self, time: Duration) -> bool {
        with!(self, task => task.wait(time))
    }

    fn take<'py>(&self, py: Python<'py>) -> Option<Result<PyResult<Bound<'py, PyAny>>, Failure>> {
        Some(match self {
            Self::Id(task) => task.take()?.map(|id| Ok(id.into_pyobject(py)?.into_any())),
            Self::Ids(task) => task.take()?.map(|ids| ids.into_pyobject(py)),
            Self::Server(task) => task
                .take()?
                .map(|server| Ok(Bound::new(py, Server::from(server))?.into_any())),
            Self::Done(task) => task
                .take()?
                .map(|done| Ok(done.into_pyobject(py)?.to_owned().into_any())),
        })
    }
}

#[pymethods]
impl Task {
    /// The answer where it is there, else None; raises where the operation failed. It is given out once.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .take(py)
            .map(|answer| answer.or_raise(py)?)
            .transpose()
    }

    /// Blocks until the answer is there, and returns or raises it.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            if let Some(answer) = self.take(py)? {
                return Ok(answer);
            }
            until(py, |slice| self.0.wait(slice))?;
        }
    }

    /// Lets `notifier` tell of `token` when the answer is there.
    fn listen(&self, notifier: &Notifier, token: u64) {
        with!(&self.0, task => task.listen(notifier.inner(), token));
    }
}

impl From<Inner<String>> for Task {
    fn from(task: Inner<String>) -> Self {
        Self(Operation::Id(task))
    }
}

impl From<Inner<Vec<String>>> for Task {
    fn from(task: Inner<Vec<String>>) -> Self {
        Self(Operation::Ids(task))
    }
}

impl From<Inner<ServerHandle>> for Task {
    fn from(task: Inner<ServerHandle>) -> Self {
        Self(Operation::Server(task))
    }
}

impl From<Inner<bool>> for Task {
    fn from(task: Inner<bool>) -> Self {
        Self(Operation::Done(task))
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with!(self, task => task.fmt(f))
    }
}
