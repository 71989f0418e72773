//! Bytes to events.

mod bom;
mod builder;
mod edges;
mod items;
mod limits;
mod line;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use self::bom::{AtStart, Start};
use self::items::Stop;
use self::limits::{Held, Limits};
use self::text::Buffer;
use crate::DecodeError;
use crate::scan::Masks;

pub use self::builder::DecoderBuilder;
pub use self::items::{Item, Items};

/// Turns the bytes of an event stream into events, whatever chunks they come in.
///
/// It does no I/O: [`feed`](Decoder::feed) it what was read. Time is linear in the bytes, and memory
/// is bounded by `max_line` and `max_event`.
///
/// ```
/// use eventwire_codec::Decoder;
///
/// let mut decoder = Decoder::new();
/// let mut seen = Vec::new();
/// for chunk in ["id: 1\ndata: hel", "lo\n\ndata: wor", "ld\n\n"] {
///     let mut items = decoder.feed(chunk.as_bytes());
///     while let Some(event) = items.next_event()? {
///         seen.push((event.id().to_string(), event.data().to_string()));
///     }
/// }
/// assert_eq!(seen, [("1".into(), "hello".into()), ("1".into(), "world".into())]);
/// assert_eq!(decoder.last_event_id(), "1");
/// # Ok::<(), eventwire_codec::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct Decoder {
    limits: Limits,
    comments: bool,
    retries: bool,
    marks: bool,

    start: Start,
    /// The last byte was a CR, which has ended its line: a LF now belongs to it and ends nothing.
    after_cr: bool,
    /// The line that the last chunk ended in. A line is taken apart only once it is whole.
    line: Vec<u8>,
    /// The values of the block that the last chunk ended in, where `pending` says that there are.
    data: Buffer,
    event: Buffer,
    id: Buffer,
    pending: Pending,
    /// A comment that cannot be borrowed from the chunk.
    comment: Buffer,
    masks: Masks,

    last_event_id: String,
    reconnection_time: Option<u64>,
    failed: Option<DecodeError>,
    /// An `Items` has not come to its end. It says so when it is dropped, unless it is leaked.
    reading: bool,
}

/// Which lines the unfinished block has had so far.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    data: bool,
    event: bool,
    id: bool,
}

impl Decoder {
    /// A decoder with the default options.
    pub fn new() -> Decoder {
        Decoder::builder().build()
    }

    /// The options, each with its default.
    pub fn builder() -> DecoderBuilder {
        DecoderBuilder::new()
    }

    fn with(last_event_id: String, limits: Limits, comments: bool, retries: bool) -> Decoder {
        Decoder {
            limits,
            comments,
            retries,
            marks: false,
            start: Start::default(),
            after_cr: false,
            line: Vec::new(),
            data: Buffer::default(),
            event: Buffer::default(),
            id: Buffer::default(),
            pending: Pending::default(),
            comment: Buffer::default(),
            masks: Masks::default(),
            last_event_id,
            reconnection_time: None,
            failed: None,
            reading: false,
        }
    }

    /// Takes the next bytes of the stream and gives the items that they complete.
    ///
    /// The items are to be taken before the next chunk is fed. To drop [`Items`] while some of the
    /// chunk is unread means that the connection is given up there: see its page.
    #[must_use = "the chunk is decoded as its items are taken"]
    pub fn feed<'a>(&'a mut self, chunk: &'a [u8]) -> Items<'a> {
        if self.reading {
            self.reset();
        }
        let mut chunk = match self.start.take(chunk) {
            AtStart::Rest(rest) => rest,
            AtStart::NoBom(before) => {
                self.line.extend_from_slice(before);
                chunk
            }
        };
        if self.after_cr && !chunk.is_empty() {
            self.after_cr = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        Items::new(self, chunk)
    }

    /// The id of the last block that was read to its blank line, whether or not it had data: what
    /// the next connection is to send as `Last-Event-ID`. `""` where there is none.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The reconnection time that the stream asked for last, in milliseconds, at most
    /// [`MAX_RETRY`](crate::MAX_RETRY).
    pub fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }

    /// Makes ready for a new connection: an unfinished line or event and an error are forgotten,
    /// and a byte order mark may come again. The last event ID and the reconnection time stay.
    pub fn reset(&mut self) {
        self.start = Start::default();
        self.after_cr = false;
        self.line.clear();
        self.pending = Pending::default();
        self.failed = None;
        self.reading = false;
        self.trim();
    }

    /// Applies a `retry` line.
    fn retry_line(&mut self, value: &[u8]) -> Option<Stop> {
        let milliseconds = line::milliseconds(value)?;
        self.reconnection_time = Some(milliseconds);
        self.retries.then_some(Stop::Retry(milliseconds))
    }

    /// What the unfinished block holds.
    fn held(&self) -> Held {
        let len = |pending, buffer: &Buffer| if pending { buffer.len() } else { 0 };
        Held {
            data: self.pending.data.then(|| self.data.len()),
            event: len(self.pending.event, &self.event),
            id: len(self.pending.id, &self.id),
        }
    }

    /// Gives back the memory of large values that are done with.
    fn trim(&mut self) {
        if self.line.is_empty() && self.line.capacity() > text::KEEP {
            self.line = Vec::new();
        }
        if !self.pending.data {
            self.data.trim();
        }
        if !self.pending.event {
            self.event.trim();
        }
        if !self.pending.id {
            self.id.trim();
        }
        self.comment.trim();
    }
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("last_event_id", &self.last_event_id)
            .field("reconnection_time", &self.reconnection_time)
            .field("limits", &self.limits)
            .field("unfinished_line", &self.line.len())
            .field("unfinished_event", &self.held().total())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
