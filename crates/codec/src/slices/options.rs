//! How a payload is sent, and what is received.

use super::error::SliceError;
use super::{DEFAULT_MAX_SIZE, DEFAULT_SLICE_SIZE, MAX_NAME, MAX_SLICE_SIZE, SLICE};
use crate::event::MESSAGE;

/// How to send a payload.
///
/// ```
/// use eventwire_codec::slices::SendOptions;
///
/// let options = SendOptions::new().name("backup.tar").slice_size(1 << 20);
/// ```
#[derive(Clone, Debug)]
pub struct SendOptions {
    pub(super) name: Option<String>,
    pub(super) slice_size: usize,
    pub(super) event: String,
    pub(super) last_event_id: String,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            name: None,
            slice_size: DEFAULT_SLICE_SIZE,
            event: SLICE.to_owned(),
            last_event_id: String::new(),
        }
    }
}

impl SendOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload's name, a label of at most [`MAX_NAME`] bytes by which receivers choose. By default the last part of the
    /// file's path, and empty for bytes.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many bytes a slice holds, from 1 to [`MAX_SLICE_SIZE`]; [`DEFAULT_SLICE_SIZE`] by default.
    #[must_use]
    pub fn slice_size(mut self, bytes: usize) -> Self {
        self.slice_size = bytes;
        self
    }

    /// The type of the events; `slice` by default.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = event.into();
        self
    }

    /// Where to go on: the id of the last slice that the receiver has, as its `Last-Event-ID` says. An id that is of no slice
    /// of this payload, and none, begin at the first slice; the id of the last one leaves nothing to send.
    #[must_use]
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = id.into();
        self
    }

    /// Checks them, as whoever takes them does too.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Option`](super::SliceErrorKind::Option), for the first that cannot be used.
    pub fn check(&self) -> Result<(), SliceError> {
        check_event(&self.event)?;
        check_name(self.name.as_deref())?;
        if !(1..=MAX_SLICE_SIZE).contains(&self.slice_size) {
            return Err(SliceError::option(format!(
                "slice_size is {}: give a number of bytes from 1 to {MAX_SLICE_SIZE}",
                self.slice_size
            )));
        }
        Ok(())
    }
}

/// What to receive.
///
/// ```
/// use eventwire_codec::slices::ReceiveOptions;
///
/// let options = ReceiveOptions::new().name("backup.tar").max_size(10 << 30);
/// ```
#[derive(Clone, Debug)]
pub struct ReceiveOptions {
    pub(super) name: Option<String>,
    pub(super) max_size: u64,
    pub(super) event: String,
}

impl Default for ReceiveOptions {
    fn default() -> Self {
        Self {
            name: None,
            max_size: DEFAULT_MAX_SIZE,
            event: SLICE.to_owned(),
        }
    }
}

impl ReceiveOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the payload to receive; others are passed over. By default it is the first one that comes, and another
    /// among its slices is an error.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The largest payload that is taken, in bytes; [`DEFAULT_MAX_SIZE`] by default.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// The type of the events that are slices; `slice` by default. Events of other types are passed over.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = event.into();
        self
    }

    /// What an event of these says as its type.
    pub(super) fn event_type(&self) -> &str {
        if self.event.is_empty() {
            MESSAGE
        } else {
            &self.event
        }
    }

    /// Checks them, as whoever takes them does too.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Option`](super::SliceErrorKind::Option), for the first that cannot be used.
    pub fn check(&self) -> Result<(), SliceError> {
        check_event(&self.event)?;
        check_name(self.name.as_deref())
    }
}

fn check_event(event: &str) -> Result<(), SliceError> {
    if event.starts_with("eventwire.") {
        return Err(SliceError::option(format!(
            "the event type {event:?} begins with \"eventwire.\", which is the hub's own: use another"
        )));
    }
    if event.contains(['\r', '\n', '\0']) {
        return Err(SliceError::option(format!(
            "the event type {event:?} has a line end or a NUL, which no event's type can: use another"
        )));
    }
    Ok(())
}

fn check_name(name: Option<&str>) -> Result<(), SliceError> {
    match name.map_or(0, str::len) {
        0..=MAX_NAME => Ok(()),
        length => Err(SliceError::option(format!(
            "the name has {length} bytes: at most {MAX_NAME} are allowed"
        ))),
    }
}
