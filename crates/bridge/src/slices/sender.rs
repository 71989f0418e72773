//! The slices of a payload, one by one.

use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use eventwire_codec::slices::{self, SendOptions, Step, Transfer, TransferError};

use super::blocking;
use crate::failure::Failure;
use crate::owner::{Owner, seed_anew};
use crate::task::Task;

/// What is sent.
#[derive(Debug)]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A slice, as an event of its own, and as what is published.
#[derive(Clone, Debug)]
pub struct Sliced {
    /// The event type.
    pub event: String,
    /// The id, which an endpoint's clients resume by.
    pub id: String,
    /// The data.
    pub data: String,
    /// A key that makes publishing it again harmless, and that another handle's slices do not have.
    pub key: String,
}

/// The slices of a payload, for one reader: [`advance`](Self::advance), then [`current`](Self::current), until there are no more.
#[derive(Debug)]
pub struct Slices {
    owner: Owner,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    closed: AtomicBool,
    nonce: u128,
}

#[derive(Default)]
struct State {
    /// Until the first step.
    unopened: Option<(Source, SendOptions)>,
    steps: Option<Box<dyn Steps>>,
    index: u64,
    current: Option<Sliced>,
    transfer: Option<Transfer>,
}

/// [`slices::Slices`] of any source.
trait Steps: Send {
    fn step(&mut self) -> Result<Step, TransferError>;
    fn transfer(&self) -> Option<&Transfer>;
}

impl<R: Read + Seek + Send> Steps for slices::Slices<R> {
    fn step(&mut self) -> Result<Step, TransferError> {
        Self::step(self)
    }

    fn transfer(&self) -> Option<&Transfer> {
        Self::transfer(self)
    }
}

impl Slices {
    /// Checks the options; nothing is opened or read before the first slice is asked for.
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(source: Source, options: SendOptions) -> Result<Self, Failure> {
        options.check()?;
        seed_anew();
        let state = State {
            unopened: Some((source, options)),
            ..State::default()
        };
        Ok(Self {
            owner: Owner::default(),
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                closed: AtomicBool::new(false),
                nonce: fastrand::u128(..),
            }),
        })
    }

    /// Reads the next slice; the answer is whether there is one. One that was read and not taken yet is still the next: so that
    /// a wait that is broken off loses none.
    ///
    /// # Errors
    ///
    /// It was used before a `fork`. What is wrong with the source is the task's answer.
    pub fn advance(&self) -> Result<Task<bool>, Failure> {
        self.owner.check("slices")?;
        let shared = self.shared.clone();
        Task::start(async move {
            loop {
                let shared = shared.clone();
                // Step by step, so that a close ends the hashing of a large file too.
                if let Some(more) = blocking(move || shared.step()).await? {
                    return Ok(more);
                }
            }
        })
    }

    /// The slice that was read last; given out once.
    pub fn current(&self) -> Option<Sliced> {
        self.shared.lock().current.take()
    }

    /// What is being sent, once it was hashed.
    pub fn transfer(&self) -> Option<Transfer> {
        self.shared.lock().transfer.clone()
    }

    /// Closes the source, at once or as soon as the step under way is done; there are no more slices.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        if !self.owner.is_elsewhere()
            && let Ok(mut state) = self.shared.state.try_lock()
        {
            state.end();
        }
    }
}

impl Drop for Slices {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some answer, or none yet.
    fn step(&self) -> Result<Option<bool>, Failure> {
        let mut state = self.lock();
        let stepped = state.step(self.nonce);
        if self.closed.load(Ordering::Acquire) {
            state.end();
            return Ok(Some(false));
        }
        stepped
    }
}

impl State {
    fn step(&mut self, nonce: u128) -> Result<Option<bool>, Failure> {
        if self.current.is_some() {
            return Ok(Some(true));
        }
        if let Some((source, options)) = self.unopened.take() {
            self.steps = Some(match source {
                Source::Path(path) => Box::new(slices::Slices::open(path, options)?),
                Source::Bytes(bytes) => Box::new(slices::Slices::of_bytes(bytes, options)?),
            });
        }
        let Some(steps) = &mut self.steps else {
            return Ok(Some(false));
        };
        let step = steps.step();
        if self.transfer.is_none() {
            self.transfer = steps.transfer().cloned();
        }
        match step {
            Ok(Step::Slice(event)) => {
                self.current = Some(Sliced {
                    event: event.event().to_owned(),
                    id: event.id().to_owned(),
                    data: event.into_data(),
                    key: slices::slice_key(nonce, self.index),
                });
                self.index += 1;
                Ok(Some(true))
            }
            Ok(Step::End(_)) => {
                self.end();
                Ok(Some(false))
            }
            Ok(_) => Ok(None),
            Err(error) => {
                self.end();
                Err(error.into())
            }
        }
    }

    fn end(&mut self) {
        self.unopened = None;
        self.steps = None;
        self.current = None;
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
