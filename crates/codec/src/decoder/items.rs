use std::fmt;

use super::Decoder;
use super::limits::Held;
use super::line::Field;
use super::text::{Checked, Span, Value};
use crate::event::MESSAGE;
use crate::scan::LineEnds;
use crate::{DecodeError, Event, EventRef};

/// What a stream says, in the order in which it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item<'a> {
    /// An event, at its blank line.
    Event(EventRef<'a>),
    /// A comment, at the end of its line: the text behind the colon, without one leading space.
    /// Only where [`comments`](crate::DecoderBuilder::comments) were asked for.
    Comment(&'a str),
    /// A new reconnection time in milliseconds, at the end of its line. Only where
    /// [`retries`](crate::DecoderBuilder::retries) were asked for.
    Retry(u64),
    /// The last event ID, at the blank line of a block that sets it and dispatches no event. Only where
    /// [`marks`](crate::DecoderBuilder::marks) were asked for.
    Mark(&'a str),
}

/// The items of one chunk; made by [`Decoder::feed`].
///
/// Each borrows from the chunk or from the decoder until the next one is taken, which is why this is
/// no [`Iterator`]: use `while let`.
///
/// Once an item was taken, nothing behind it has been read. So `Items` that are dropped while some
/// of the chunk is unread stand for a connection that was closed there: the rest of the chunk is
/// skipped, the decoder is [reset](Decoder::reset) for the next connection, and its last event ID is
/// that of the last item taken. To go on with the rest later, [`pause`](Items::pause).
///
/// ```
/// let mut decoder = eventwire_codec::Decoder::new();
/// let mut items = decoder.feed(b"id: 1\ndata: the end\n\nid: 2\ndata: not wanted\n\n");
/// assert_eq!(items.next_event()?.map(|event| event.data()), Some("the end"));
/// drop(items);
/// assert_eq!(decoder.last_event_id(), "1");
/// # Ok::<(), eventwire_codec::DecodeError>(())
/// ```
#[must_use = "the chunk is decoded as its items are taken"]
pub struct Items<'a> {
    pub(super) decoder: &'a mut Decoder,
    pub(super) chunk: &'a [u8],
    ends: LineEnds,
    /// Where the line begins that is read next.
    pub(super) line_start: usize,
    /// The first line of the chunk goes on from `decoder.line`.
    pub(super) continues: bool,
    /// The chunk is long enough to reach a limit, so its lines are held against them.
    pub(super) near_limit: bool,
    /// All was read, or the decoder failed.
    over: bool,

    pub(super) checked: Checked<'a>,
    pub(super) data: Value,
    pub(super) event: Value,
    pub(super) id: Value,
    pub(super) comment: Value,
    /// The last event ID, where it lies in this chunk: copied to the decoder only at the end, since
    /// most streams have one with every event.
    last_event_id: Option<&'a str>,
}

/// What stopped the reading of lines. Small enough to be returned in registers: it is made for every item.
pub(super) enum Stop {
    /// A blank line behind `data` and `event`.
    Event,
    /// A comment, whose text is in `comment`.
    Comment,
    Retry(u64),
    /// A blank line behind an `id` without `data`.
    Mark,
    /// The chunk is read.
    End,
    /// The decoder has failed.
    Failed,
}

impl<'a> Items<'a> {
    pub(super) fn new(decoder: &'a mut Decoder, chunk: &'a [u8]) -> Items<'a> {
        let most = decoder.held().total() + decoder.line.len() + chunk.len();
        let pending = std::mem::take(&mut decoder.pending);
        let value = |pending| if pending { Value::Buffer } else { Value::None };
        let over = decoder.failed.is_some();
        decoder.reading = !over;
        Items {
            chunk,
            ends: LineEnds::default(),
            line_start: 0,
            continues: !decoder.line.is_empty(),
            near_limit: most >= decoder.limits.smallest(),
            over,
            checked: Checked::new(chunk),
            data: value(pending.data),
            event: value(pending.event),
            id: value(pending.id),
            comment: Value::None,
            last_event_id: None,
            decoder,
        }
    }

    /// The next item, or `None` when the chunk is read.
    ///
    /// # Errors
    ///
    /// Where the stream goes beyond `max_line` or `max_event`: from then on always, until
    /// [`Decoder::reset`].
    #[expect(
        clippy::should_implement_trait,
        reason = "an item borrows from `self`, which `Iterator` cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, DecodeError> {
        Ok(match self.advance() {
            Stop::Event => Some(Item::Event(self.take_event())),
            Stop::Comment => Some(Item::Comment(
                self.decoder
                    .comment
                    .text_of(self.comment, &mut self.checked),
            )),
            Stop::Retry(milliseconds) => Some(Item::Retry(milliseconds)),
            Stop::Mark => Some(Item::Mark(
                self.last_event_id.unwrap_or(&self.decoder.last_event_id),
            )),
            Stop::End => None,
            Stop::Failed => return self.failure(),
        })
    }

    /// The next event, or `None` when the chunk is read; other items are passed over.
    ///
    /// # Errors
    ///
    /// As [`next`](Items::next).
    #[inline]
    pub fn next_event(&mut self) -> Result<Option<EventRef<'_>>, DecodeError> {
        if self.advance_to_event()? {
            Ok(Some(self.take_event()))
        } else {
            Ok(None)
        }
    }

    /// The next event as one that owns its text: what `to_event` makes of it, and without another copy where its data was put
    /// together of several lines.
    ///
    /// ```
    /// let mut decoder = eventwire_codec::Decoder::new();
    /// let mut items = decoder.feed(b"data: one\ndata: two\n\n");
    /// let event = items.next_owned()?.expect("the chunk holds one event");
    /// assert_eq!(event.data(), "one\ntwo");
    /// # Ok::<(), eventwire_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`next`](Items::next).
    #[inline]
    pub fn next_owned(&mut self) -> Result<Option<Event>, DecodeError> {
        if !self.advance_to_event()? {
            return Ok(None);
        }
        if self.data == Value::Buffer
            && let Some(data) = self.decoder.data.take_text()
        {
            self.data = Value::None;
            return Ok(Some(self.take_event().with_data(data)));
        }
        Ok(Some(self.take_event().to_event()))
    }

    /// Whether there is another event, where the reading has stopped then.
    #[inline]
    fn advance_to_event(&mut self) -> Result<bool, DecodeError> {
        loop {
            match self.advance() {
                Stop::Event => return Ok(true),
                Stop::Comment | Stop::Retry(_) | Stop::Mark => {}
                Stop::End => return Ok(false),
                Stop::Failed => return self.failure().map(|_: Option<()>| false),
            }
        }
    }

    /// Stops behind the last item taken without giving the connection up: says how many bytes at the
    /// end of the chunk are unread. Feed those next, and the stream goes on as if they had come in a
    /// chunk of their own.
    ///
    /// For whoever hands out items at a pace of its own, and does not want to hold all those of a large
    /// chunk meanwhile. It costs up to 4 KiB of scanning anew, so not after every event.
    ///
    /// ```
    /// let mut decoder = eventwire_codec::Decoder::new();
    /// let chunk = b"data: now\n\ndata: later\n\n";
    /// let mut items = decoder.feed(chunk);
    /// assert_eq!(items.next_event()?.map(|event| event.data()), Some("now"));
    /// let unread = items.pause();
    ///
    /// let mut items = decoder.feed(&chunk[chunk.len() - unread..]);
    /// assert_eq!(items.next_event()?.map(|event| event.data()), Some("later"));
    /// # Ok::<(), eventwire_codec::DecodeError>(())
    /// ```
    pub fn pause(mut self) -> usize {
        if self.over {
            return 0;
        }
        let unread = self.chunk.len() - self.line_start;
        self.chunk = &self.chunk[..self.line_start];
        // With nothing left there is nothing to fail.
        let _ = self.end_of_chunk();
        unread
    }

    /// Reads lines up to the one that makes an item.
    fn advance(&mut self) -> Stop {
        if self.over {
            return match self.decoder.failed {
                None => Stop::End,
                Some(_) => Stop::Failed,
            };
        }
        if self.continues
            && let Some(stop) = self.finish_line()
        {
            return stop;
        }
        while let Some((start, end)) = self.next_line() {
            if start == end {
                let mark = self.id != Value::None;
                if self.blank_line() {
                    return Stop::Event;
                }
                if mark && self.decoder.marks {
                    return Stop::Mark;
                }
                continue;
            }
            let line = &self.chunk[start..end];
            if self.near_limit && !self.within_limits(line, true) {
                return Stop::Failed;
            }
            let (field, value_start) = Field::of(line);
            let value = &line[value_start..];
            let start = start + value_start;
            let span = Span { start, end };
            match field {
                Field::Data => self.data_line(span),
                Field::Event => self.event = Value::Chunk(span),
                Field::Id => {
                    // An id with NUL is as if it were not there; an earlier one of the block stays.
                    if !value.contains(&0) {
                        self.id = Value::Chunk(span);
                    }
                }
                Field::Retry => {
                    if let Some(stop) = self.decoder.retry_line(value) {
                        return stop;
                    }
                }
                Field::Comment => {
                    if self.decoder.comments {
                        self.comment = Value::Chunk(span);
                        return Stop::Comment;
                    }
                }
                Field::Unknown => {}
            }
        }
        self.end_of_chunk()
    }

    /// What a failed decoder gives, in whatever form is asked for.
    #[cold]
    fn failure<T>(&self) -> Result<Option<T>, DecodeError> {
        self.decoder.failed.map_or(Ok(None), Err)
    }

    /// The bounds of the next line of the chunk, without its end.
    #[inline(always)]
    pub(super) fn next_line(&mut self) -> Option<(usize, usize)> {
        let checked = &mut self.checked;
        let look = |part| checked.look_at(part);
        let end = self.ends.next(self.chunk, &mut self.decoder.masks, look)?;
        let start = self.line_start;
        self.line_start = end + 1;
        if self.chunk[end] == b'\r' {
            match self.chunk.get(end + 1) {
                Some(b'\n') => {
                    let look = |part| self.checked.look_at(part);
                    self.ends.next(self.chunk, &mut self.decoder.masks, look);
                    self.line_start = end + 2;
                }
                Some(_) => {}
                None => self.decoder.after_cr = true,
            }
        }
        Some((start, end))
    }

    /// Ends the block, and says whether that dispatches an event.
    #[inline]
    fn blank_line(&mut self) -> bool {
        if self.id != Value::None {
            self.commit_id();
        }
        if self.data == Value::None {
            self.event = Value::None;
            return false;
        }
        true
    }

    /// Makes the block's id the last event ID.
    #[inline]
    fn commit_id(&mut self) {
        let id = std::mem::replace(&mut self.id, Value::None);
        if let Value::Chunk(span) = id
            && let Some(text) = self.checked.text(span)
        {
            self.last_event_id = Some(text);
            return;
        }
        let text = self.decoder.id.text_of(id, &mut self.checked);
        self.decoder.last_event_id.clear();
        self.decoder.last_event_id.push_str(text);
        self.last_event_id = None;
    }

    /// The event that the blank line dispatches.
    #[inline]
    fn take_event(&mut self) -> EventRef<'_> {
        // Field by field, and no value as a whole: the processor waits to read at once what was written in parts just now.
        let known = match self.data {
            Value::Chunk(Span { start, end }) => self.checked.known(Span { start, end }),
            _ => None,
        };
        let decoder = &mut *self.decoder;
        let event = match self.event {
            Value::None => MESSAGE,
            event => {
                self.event = Value::None;
                match decoder.event.text_of(event, &mut self.checked) {
                    "" => MESSAGE,
                    event => event,
                }
            }
        };
        let data = match known {
            Some(text) => text,
            None => decoder.data.text_of(self.data, &mut self.checked),
        };
        self.data = Value::None;
        EventRef {
            event,
            data,
            id: self.last_event_id.unwrap_or(&decoder.last_event_id),
        }
    }

    #[inline]
    fn data_line(&mut self, span: Span) {
        if self.data == Value::None {
            self.data = Value::Chunk(span);
        } else {
            self.join_data(span);
        }
    }

    #[inline(never)]
    fn join_data(&mut self, span: Span) {
        if let Value::Chunk(first) = self.data {
            self.decoder.data.set_part(first, &self.checked);
            self.data = Value::Buffer;
        }
        self.decoder.data.push_part(span, &self.checked);
    }

    /// Holds a line, or what there is of it, against the limits; where it is beyond one, the decoder has failed.
    #[inline(never)]
    pub(super) fn within_limits(&mut self, line: &[u8], complete: bool) -> bool {
        let limits = self.decoder.limits;
        if let Err(error) = limits.check(line, complete, self.held()) {
            self.finish();
            self.decoder.failed = Some(error);
            return false;
        }
        true
    }

    fn held(&self) -> Held {
        let len = |value, buffer: &super::Buffer| match value {
            Value::None => None,
            Value::Chunk(span) => Some(span.end - span.start),
            Value::Buffer => Some(buffer.len()),
        };
        let decoder = &*self.decoder;
        Held {
            data: len(self.data, &decoder.data),
            event: len(self.event, &decoder.event).unwrap_or(0),
            id: len(self.id, &decoder.id).unwrap_or(0),
        }
    }

    pub(super) fn finish(&mut self) {
        if let Some(id) = self.last_event_id.take() {
            self.decoder.last_event_id.clear();
            self.decoder.last_event_id.push_str(id);
        }
        self.decoder.reading = false;
        self.over = true;
    }
}

impl Drop for Items<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if self.line_start == self.chunk.len() {
            // All was read, only not told so yet. With nothing left there is nothing to fail.
            self.end_of_chunk();
        } else {
            self.finish();
            self.decoder.reset();
        }
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("decoder", &self.decoder)
            .field("unread", &(self.chunk.len() - self.line_start))
            .finish_non_exhaustive()
    }
}
