//! The wake-up of an event loop.

use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use eventwire_bridge::notifier::Notifier as Inner;
use pyo3::prelude::*;

/// Both ends of a pipe, in one owner: the writing end never outlives the reading one, so a late wake cannot raise
/// SIGPIPE. It holds a byte or two at most, since the loop is woken on the edge only.
struct Wake {
    reader: PipeReader,
    writer: PipeWriter,
}

/// Tells one event loop, by a readable file descriptor, which handles have something.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Notifier {
    inner: Arc<Inner>,
    wake: Arc<Wake>,
}

impl Notifier {
    pub(crate) fn inner(&self) -> Arc<Inner> {
        self.inner.clone()
    }
}

#[pymethods]
impl Notifier {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = pipe()?;
        let wake = Arc::new(Wake { reader, writer });
        let signal = wake.clone();
        // A pipe that cannot be written to is full of wake-ups already.
        let inner = Inner::new(move || drop((&signal.writer).write(&[1])));
        Ok(Self {
            inner: Arc::new(inner),
            wake,
        })
    }

    /// The file descriptor that becomes readable. The package makes it non-blocking.
    fn fileno(&self) -> i32 {
        self.wake.reader.as_raw_fd()
    }

    /// The tokens of the handles that have something, since the last call.
    fn take(&self) -> PyResult<Vec<u64>> {
        // First the pipe and then the tokens: a token that comes between the two is followed by a byte.
        match (&self.wake.reader).read(&mut [0; 64]) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            _ => {}
        }
        Ok(self.inner.take())
    }
}

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Wake")
            .field(&self.reader.as_raw_fd())
            .finish()
    }
}
