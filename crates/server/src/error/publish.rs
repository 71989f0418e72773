//! What keeps an event from being published.

use std::fmt;

use eventwire_codec::EncodeError;

use super::TopicError;
use crate::position::EventId;
use crate::store::StoreError;

/// The hub did not take an event. Nothing was stored, and no offset was consumed, but for a [`Store`](Self::Store) error whose
/// outcome is unknown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PublishError {
    /// A topic's name is none.
    Topic(TopicError),
    /// A value cannot be written into an event stream.
    Encode(EncodeError),
    /// The event type begins with `eventwire.`, which is the hub's own.
    ReservedType(String),
    /// The frame would never fit into the log.
    TooLarge {
        /// The bytes of the frame.
        size: usize,
        /// The bytes that the log holds.
        max: usize,
    },
    /// No client of ours would take the event, unless it is told to.
    EventTooLarge {
        /// The bytes of the event, as a client counts: its data, its type and its id.
        size: usize,
        /// The bytes that an event may have.
        max: usize,
    },
    /// The key is empty, or longer than [`MAX_KEY`](crate::MAX_KEY) bytes.
    Key(usize),
    /// The key was used before, with another content.
    KeyConflict {
        /// The key.
        key: String,
        /// The event that has it.
        id: EventId,
    },
    /// Of what was published in one go, another event with other content has the same key.
    KeyTwice {
        /// The key.
        key: String,
        /// The index of the other event.
        index: usize,
    },
    /// All of `max_topics` are in use.
    TooManyTopics(usize),
    /// The store failed; its outcome says whether the event was stored.
    Store(StoreError),
    /// The hub is closed.
    Closed,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
            Self::ReservedType(event) => {
                write!(
                    f,
                    "the event type {event:?} begins with \"eventwire.\", which is the hub's own: use another"
                )
            }
            Self::TooLarge { size, max } => {
                write!(
                    f,
                    "the event takes {size} bytes, and the log holds {max} (max_bytes): send less, or raise it"
                )
            }
            Self::EventTooLarge { size, max } => {
                write!(
                    f,
                    "the event has {size} bytes, and at most {max} are allowed (max_event): send less, send it in slices, or raise it here \
                     and for each client"
                )
            }
            Self::Key(0) => f.write_str("the key is empty: leave it out, or give one"),
            Self::Key(length) => write!(
                f,
                "the key has {length} bytes: at most {} are allowed",
                crate::MAX_KEY
            ),
            Self::KeyConflict { key, id } => {
                write!(
                    f,
                    "the key {key:?} was used for the event {id} with other content: use a key once per event"
                )
            }
            Self::KeyTwice { key, index } => {
                write!(
                    f,
                    "the key {key:?} is also that of the event at index {index}, which has other content: use a key once per event"
                )
            }
            Self::TooManyTopics(max) => {
                write!(
                    f,
                    "all of {max} topics (max_topics) have subscribers or events: use fewer, or raise it"
                )
            }
            Self::Store(error) => error.fmt(f),
            Self::Closed => f.write_str("the hub is closed"),
        }
    }
}

impl std::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What they say themselves is in the text already.
        match self {
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TopicError> for PublishError {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}
