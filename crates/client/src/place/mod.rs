//! The place of a consumer: up to where it has dealt with the events, in memory and in a cursor file.
//!
//! A connection that is made again goes on after what was *received*, and that is the session's. The place is for who begins
//! anew: another stream, after this one or after this process.

mod file;
mod writer;

use std::task::{Context, Poll};

use crate::{ConnectOptions, Error, ErrorKind};
use file::CursorFile;
pub use writer::{Saver, save_all};

/// When an event counts as dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ack {
    /// When it is handed out: not when it has come, and not while it waits. What a consumer was dealing with when its process
    /// died does not come again.
    #[default]
    Auto,
    /// When [`EventStream::ack`](crate::EventStream::ack) says so. What was not acknowledged comes again, to who resumes
    /// there: every event is dealt with at least once.
    Manual,
}

/// Where a consumer is, for a stream that has to tell more than what was received.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place {
    ack: Ack,
    last_event_id: String,
    /// The id of the event that was handed out last.
    delivered: String,
    /// Nothing was handed out that is not acknowledged, as far as the last acknowledgement tells: ids have no order.
    caught_up: bool,
    cursor: Option<CursorFile>,
    /// Whether the failure of the cursor file was told.
    told: bool,
    closed: bool,
}

impl Place {
    /// The place that the options want, with what their cursor file says; none where what was received is the place. Options
    /// with a cursor file go on from there.
    pub(crate) fn open(options: &mut ConnectOptions) -> Result<Option<Place>, Error> {
        let url = options.check()?;
        if !options.wants_place() {
            return Ok(None);
        }
        let mut cursor = None;
        if let Some(path) = &options.cursor_file {
            let (file, found) = CursorFile::open(path, &url)?;
            if let Some(id) = found {
                options.last_event_id = id;
            }
            cursor = Some(file);
        }
        Ok(Some(Place {
            ack: options.ack,
            last_event_id: options.last_event_id.clone(),
            delivered: String::new(),
            caught_up: true,
            cursor,
            told: false,
            closed: false,
        }))
    }

    /// An event, or a reset, was handed out.
    ///
    /// # Errors
    ///
    /// The cursor file could not be written.
    pub fn delivered(&mut self, id: &str) -> Result<(), Error> {
        match self.ack {
            Ack::Auto => self.set(id),
            Ack::Manual => {
                id.clone_into(&mut self.delivered);
                self.caught_up = false;
            }
        }
        self.check()
    }

    /// A mark came after what was handed out so far. It is the place of who has dealt with all of that: before the first
    /// event too, so that one who dies with that event in hand does not begin at another place.
    pub fn marked(&mut self, id: &str) {
        if self.caught_up {
            self.set(id);
        }
    }

    /// The consumer has dealt with the event of this id.
    ///
    /// # Errors
    ///
    /// The events are acknowledged by themselves, the stream is closed, the id is none that an event can have, or the cursor file
    /// could not be written.
    pub fn acknowledge(&mut self, id: &str) -> Result<(), Error> {
        if self.ack == Ack::Auto {
            return Err(Place::not_manual());
        }
        if self.closed {
            // Where there is a file, it says which is written no more.
            self.check()?;
            let text = "the stream is closed: acknowledge before you close it";
            return Err(Error::new(ErrorKind::Closed, text));
        }
        if id.contains(['\r', '\n', '\0']) {
            let text = format!(
                "{id:?} contains a line end or a NUL, which no event's id can: acknowledge an event that came from this stream"
            );
            return Err(Error::new(ErrorKind::InvalidOption, text));
        }
        self.caught_up = self.delivered == id;
        self.set(id);
        self.check()
    }

    /// Why a stream cannot be told.
    #[doc(hidden)]
    pub fn not_manual() -> Error {
        Error::new(
            ErrorKind::InvalidOption,
            "this stream takes every event for dealt with when it hands it out: open it with ack=manual to acknowledge them",
        )
    }

    /// Up to where the events are dealt with.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// What writes the cursor file, where there is one, and nobody knows yet that it cannot.
    pub fn saver(&self) -> Option<Saver> {
        self.cursor
            .as_ref()
            .filter(|_| !self.told)
            .map(CursorFile::saver)
    }

    /// Ready with the reason when the cursor file could not be written, until the consumer [was told](Self::set_told).
    pub fn poll_failed(&self, cx: &Context<'_>) -> Poll<Error> {
        match &self.cursor {
            Some(cursor) if !self.told => cursor.poll_failed(cx),
            _ => Poll::Pending,
        }
    }

    /// The consumer knows that the cursor file could not be written: it is not told again.
    pub fn set_told(&mut self) {
        self.told = true;
    }

    /// Ready once the cursor file holds the place; an error is told once.
    pub(crate) fn poll_saved(&mut self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        match &self.cursor {
            Some(cursor) if !self.told => {
                let saved = cursor.poll_saved(cx);
                self.told = matches!(saved, Poll::Ready(Err(_)));
                saved
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Waits until the cursor file holds the place, a bounded time, and gives the file up: it can be another stream's then.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn close(&mut self) -> Result<(), Error> {
        self.closed = true;
        match &mut self.cursor {
            Some(cursor) => match cursor.close() {
                // Who knows it already is not to hear it in the place of what follows from it.
                Err(_) if self.told => Ok(()),
                closed => closed,
            },
            None => Ok(()),
        }
    }

    fn set(&mut self, id: &str) {
        if self.last_event_id != id {
            id.clone_into(&mut self.last_event_id);
            if let Some(cursor) = &self.cursor {
                cursor.set(id);
            }
        }
    }

    fn check(&mut self) -> Result<(), Error> {
        let Some(cursor) = &self.cursor else {
            return Ok(());
        };
        let checked = cursor.check();
        self.told |= checked.is_err();
        checked
    }
}
