//! What is published.

use std::io::Write;
use std::sync::Arc;

use eventwire_codec::Block;

use crate::error::PublishError;
use crate::frame::{Frame, SIZE_ROOM};
use crate::position::EventId;
use crate::topic::{self, Topic};

/// The longest key, in bytes: keys are remembered beside the log's own bound.
pub const MAX_KEY: usize = 256;

/// Room for the longest size and id line before an encoded event, so that they are written in place once the offset is known:
/// the log's lock is held then, and copying a large event under it would keep everybody waiting.
const ID_ROOM: usize = SIZE_ROOM + ID_LINE;
const ID_LINE: usize = "id: abcdefgh-18446744073709551615\n".len();

/// The bytes of the longest id.
const LONGEST_ID: usize = ID_LINE - "id: \n".len();

/// Room for the line end of the chunk behind it.
const END_ROOM: usize = 2;

/// An event to publish: its topics, its data, and what else it may have.
///
/// ```
/// use eventwire_server::Publication;
///
/// let publication = Publication::new("orders", "number 42").event("shipped").key("42-shipped");
/// let wider = Publication::to(["orders", "customers/7"], "number 42");
/// # let _ = (publication, wider);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub(crate) topics: Vec<String>,
    pub(crate) data: String,
    pub(crate) event: Option<String>,
    pub(crate) key: Option<String>,
}

impl Publication {
    /// `data` under one topic.
    pub fn new(topic: impl Into<String>, data: impl Into<String>) -> Self {
        Self::to([topic], data)
    }

    /// `data` under several topics: who subscribes to more than one of them gets it once.
    pub fn to<I>(topics: I, data: impl Into<String>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let topics = topics.into_iter().map(Into::into).collect();
        Self {
            topics,
            data: data.into(),
            event: None,
            key: None,
        }
    }

    /// Sets the event type; `message` by default.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// Sets a key that makes a repeated publish harmless: while the hub holds an event with this key, publishing the
    /// same again gives that event's id and stores nothing, and publishing something else with it is an error.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Checks and encodes everything that does not need the log.
    pub(crate) fn prepare(self, max_event: usize) -> Result<NewEvent, PublishError> {
        let topics = topic::check(&self.topics)?;
        self.check_size(max_event)?;
        let event = self.event.as_deref();
        if let Some(event) = event.filter(|event| event.starts_with(topic::RESERVED)) {
            return Err(PublishError::ReservedType(event.to_owned()));
        }
        if let Some(key) = &self.key
            && (key.is_empty() || key.len() > MAX_KEY)
        {
            return Err(PublishError::Key(key.len()));
        }
        let block = Block {
            event,
            data: Some(&self.data),
            ..Block::default()
        };
        let mut bytes = vec![0; ID_ROOM];
        block
            .encode_into(&mut bytes)
            .map_err(PublishError::Encode)?;
        // The frame's own line end comes behind it.
        bytes.reserve_exact(END_ROOM);
        bytes.shrink_to(bytes.len() + END_ROOM);
        Ok(NewEvent {
            topics,
            bytes,
            key: self.key.map(Arc::from),
        })
    }
}

impl Publication {
    /// Whether a client whose limit is `max` takes it: counted as a decoder counts, with the longest type and id that it can have.
    /// A decoder's limit for a line is then kept too, as the name of a field is shorter than an id.
    fn check_size(&self, max: usize) -> Result<(), PublishError> {
        let topics = self.topics.iter().map(String::len);
        let event = self.event.iter().map(String::len);
        let beside = event.chain(topics).max().unwrap_or(0) + LONGEST_ID;
        let size = self.data.len() + beside;
        if size <= max {
            return Ok(());
        }
        // A line end is one byte on the wire, whatever it was.
        let size = size - self.data.matches("\r\n").count();
        if size <= max {
            return Ok(());
        }
        Err(PublishError::EventTooLarge { size, max })
    }
}

/// An event to append: a publication, checked and encoded but for its id.
#[derive(Clone, Debug)]
pub struct NewEvent {
    topics: Box<[Topic]>,
    /// Room for an id line, then the block without one.
    bytes: Vec<u8>,
    key: Option<Arc<str>>,
}

impl NewEvent {
    /// Its topics: at least one, each once.
    pub fn topics(&self) -> &[Arc<str>] {
        &self.topics
    }

    /// The encoded event without its id line.
    pub fn block(&self) -> &[u8] {
        &self.bytes[ID_ROOM..]
    }

    /// The key that makes a repeated publish harmless.
    pub fn key(&self) -> Option<&Arc<str>> {
        self.key.as_ref()
    }

    /// Whether a record with these topics and this block is the same event: what makes a repeated [key](Self::key) harmless. The
    /// order of the topics says nothing.
    pub fn is_same<'a, T>(&self, topics: T, block: &[u8]) -> bool
    where
        T: IntoIterator<Item = &'a str>,
        T::IntoIter: ExactSizeIterator,
    {
        let mut topics = topics.into_iter();
        self.block() == block
            && topics.len() == self.topics.len()
            && topics.all(|topic| self.topics.iter().any(|own| **own == *topic))
    }

    /// Whether the other is the same event.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.is_same(other.topics.iter().map(|topic| &**topic), other.block())
    }

    /// The event that a record was made of.
    pub(crate) fn of_record(topics: Box<[Topic]>, block: &[u8], key: Option<Arc<str>>) -> Self {
        let mut bytes = Vec::with_capacity(ID_ROOM + block.len() + END_ROOM);
        bytes.resize(ID_ROOM, 0);
        bytes.extend_from_slice(block);
        Self { topics, bytes, key }
    }

    /// Its parts: the frame and where the block begins in it, the topics, the key.
    pub(crate) fn into_parts(
        mut self,
        id: &EventId,
    ) -> (Frame, usize, Box<[Topic]>, Option<Arc<str>>) {
        let mut line = [0; ID_LINE];
        let mut rest = &mut line[..];
        // As long as the room is, it cannot fail.
        let _ = writeln!(rest, "id: {id}");
        let length = ID_LINE - rest.len();
        let start = ID_ROOM - length;
        self.bytes[start..ID_ROOM].copy_from_slice(&line[..length]);
        let frame = Frame::between(self.bytes, start);
        (frame, length, self.topics, self.key)
    }

    /// How many bytes the frame with this id has.
    pub(crate) fn frame_size(&self, id: &EventId) -> usize {
        let digits = id.offset.checked_ilog10().unwrap_or(0) as usize + 1;
        "id: abcdefgh-\n".len() + digits + self.block().len()
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let names: usize = self.topics.iter().map(|topic| topic.len()).sum();
        self.bytes.len() + names
    }

    /// Leaves nothing behind.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            topics: std::mem::take(&mut self.topics),
            bytes: std::mem::take(&mut self.bytes),
            key: self.key.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(publication: Publication) -> NewEvent {
        publication.prepare(usize::MAX).unwrap()
    }

    #[test]
    fn a_frame_is_id_event_and_data() {
        for offset in [1, 10, u64::MAX] {
            let id: EventId = format!("abcdefgh-{offset}").parse().unwrap();
            let prepared = prepare(Publication::new("t", "one\r\ntwo").event("tick"));
            let size = prepared.frame_size(&id);
            let (frame, body, _, _) = prepared.into_parts(&id);
            let expected = format!("id: {id}\nevent: tick\ndata: one\ndata: two\n\n");
            assert_eq!(frame.plain(), expected);
            assert_eq!(frame.len(), size);
            assert!(frame.as_bytes()[body..].starts_with(b"event: tick\n"));
        }
    }

    #[test]
    fn what_cannot_be_an_event_is_refused() {
        use PublishError as Error;

        let error = |publication: Publication| publication.prepare(usize::MAX).unwrap_err();
        let event = |event| error(Publication::new("t", "").event(event));
        assert!(matches!(event("eventwire.reset"), Error::ReservedType(_)));
        assert!(matches!(event("a\ndata: b"), Error::Encode(_)));
        let key = |length| error(Publication::new("t", "").key("k".repeat(length)));
        assert!(matches!(key(0), Error::Key(0)));
        assert!(matches!(key(257), Error::Key(257)));
        assert!(matches!(
            error(Publication::new("t/*", "")),
            Error::Topic(_)
        ));
        prepare(
            Publication::new("t", "")
                .event("eventwire")
                .key("k".repeat(256)),
        );
    }

    #[test]
    fn what_a_decoder_with_the_same_limit_takes_is_taken() {
        let max = 1000;
        let id = "abcdefgh-18446744073709551615";
        for data in [
            "x".repeat(2000),
            "x\n".repeat(1000),
            "x\r\n".repeat(1000),
            "\r".repeat(2000),
        ] {
            for event in [None, Some("a type that is longer than the topic")] {
                for size in 900..=1000 {
                    let mut publication = Publication::new("topic", &data[..size]);
                    publication.event = event.map(str::to_owned);
                    let kind = event.unwrap_or("topic");
                    let block = Block {
                        event: Some(kind),
                        data: Some(&data[..size]),
                        id: Some(id),
                        ..Block::default()
                    };
                    let mut bytes = Vec::new();
                    block.encode_into(&mut bytes).unwrap();
                    let mut decoder = eventwire_codec::Decoder::builder()
                        .max_line(max)
                        .max_event(max)
                        .build();
                    let taken = decoder.feed(&bytes).next_event().is_ok();
                    let told = publication.prepare(max);
                    assert_eq!(told.is_ok(), taken, "{size} bytes: {:?}", told.err());
                }
            }
        }
    }
}
