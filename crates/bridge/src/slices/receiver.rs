//! A payload put together in a file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eventwire_client::FileAssembly;
use eventwire_codec::Event;
use eventwire_codec::slices::{ReceiveOptions, Transfer};

use super::blocking;
use crate::failure::Failure;
use crate::owner::Owner;
use crate::task::Task;

/// A file that is put together, for one writer: [`open`](Self::open), then [`take`](Self::take) events until it is complete.
#[derive(Debug)]
pub struct FileReceiver {
    owner: Owner,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    Unopened(PathBuf, ReceiveOptions),
    Open(Box<FileAssembly>),
    Closed,
}

impl FileReceiver {
    /// Checks the options; no file is made before [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(path: PathBuf, options: ReceiveOptions) -> Result<Self, Failure> {
        options.check()?;
        Ok(Self {
            owner: Owner::default(),
            state: Arc::new(Mutex::new(State::Unopened(path, options))),
        })
    }

    /// Makes the temporary file; the answer is true.
    ///
    /// # Errors
    ///
    /// It was used before a `fork`. Why no file can be made is the task's answer.
    pub fn open(&self) -> Result<Task<bool>, Failure> {
        self.owner.check("file")?;
        let state = self.state.clone();
        Task::start(blocking(move || lock(&state).open()))
    }

    /// Takes an event; the answer is whether the file is complete, and has its name.
    ///
    /// # Errors
    ///
    /// It was used before a `fork`. What is wrong with the slice, or with the file, is the task's answer.
    pub fn take(&self, event: &str, data: impl FnOnce() -> String) -> Result<Task<bool>, Failure> {
        self.owner.check("file")?;
        let wanted = match &*lock(&self.state) {
            State::Open(file) => file.wants(event),
            _ => true,
        };
        if !wanted {
            // Most events, perhaps, and not worth a thread.
            return Task::start(async { Ok(false) });
        }
        let state = self.state.clone();
        let event = Event::new(data()).with_type(event);
        Task::start(blocking(move || lock(&state).take(&event)))
    }

    /// What was received, once no more events come.
    ///
    /// # Errors
    ///
    /// It is not complete, or closed.
    pub fn finish(&self) -> Result<Transfer, Failure> {
        match &*lock(&self.state) {
            State::Open(file) => Ok(file.finish()?.clone()),
            _ => Err(closed()),
        }
    }

    /// Removes the temporary file, where it has not the target's name. It waits for the slice that is being written.
    pub fn close(&self) {
        if !self.owner.is_elsewhere() {
            *lock(&self.state) = State::Closed;
        }
    }
}

impl Drop for FileReceiver {
    fn drop(&mut self) {
        if self.owner.is_elsewhere() {
            // The file is the parent's, which writes to it still.
            std::mem::forget(self.state.clone());
        }
    }
}

impl State {
    fn open(&mut self) -> Result<bool, Failure> {
        match std::mem::replace(self, Self::Closed) {
            Self::Unopened(path, options) => {
                *self = Self::Open(Box::new(FileAssembly::create(path, options)?));
                Ok(true)
            }
            other => {
                *self = other;
                Ok(true)
            }
        }
    }

    fn take(&mut self, event: &Event) -> Result<bool, Failure> {
        match self {
            Self::Open(file) => Ok(file.take(event)?),
            _ => Err(closed()),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Failure {
    Failure::closed("the file is not open, or was closed already")
}
