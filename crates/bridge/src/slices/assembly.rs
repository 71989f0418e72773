//! A payload put together by whoever has its events.

use std::sync::{Mutex, MutexGuard, PoisonError};

use eventwire_codec::Event;
use eventwire_codec::slices::{self, ReceiveOptions, Taken, Transfer};

use crate::failure::Failure;

/// Events in, bytes out.
#[derive(Debug)]
pub struct Assembly(Mutex<slices::Assembly>);

impl Assembly {
    /// One that waits for the first slice.
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(options: ReceiveOptions) -> Result<Self, Failure> {
        Ok(Self(Mutex::new(slices::Assembly::new(options)?)))
    }

    /// Whether events of this type are looked at.
    pub fn wants(&self, event: &str) -> bool {
        self.lock().wants(event)
    }

    /// Takes an event; the bytes of the slice that was due, where it is that.
    ///
    /// # Errors
    ///
    /// What is wrong with the slice.
    pub fn take(&self, event: &str, data: String) -> Result<Option<Vec<u8>>, Failure> {
        match self.lock().take(&Event::new(data).with_type(event))? {
            Taken::Bytes(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    /// What is being received, once a slice came.
    pub fn transfer(&self) -> Option<Transfer> {
        self.lock().transfer().cloned()
    }

    /// The index of the slice that is due.
    pub fn next_index(&self) -> u64 {
        self.lock().next_index()
    }

    /// Whether all slices came, and are what was sent.
    pub fn is_complete(&self) -> bool {
        self.lock().is_complete()
    }

    /// What was received, once no more events come.
    ///
    /// # Errors
    ///
    /// It is not complete.
    pub fn finish(&self) -> Result<Transfer, Failure> {
        Ok(self.lock().finish()?.clone())
    }

    fn lock(&self) -> MutexGuard<'_, slices::Assembly> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
