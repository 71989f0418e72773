//! What can go wrong, by what was being done.

use std::fmt;
use std::io;

use eventwire_codec::EncodeError;

use crate::position::EventId;
use crate::store::StoreError;

/// A hub cannot be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The text names no store that this build has.
    UnknownStore(String),
    /// A bound is zero: nothing could be held.
    ZeroBound(&'static str),
    /// A heartbeat without a pause between its beats.
    ZeroHeartbeat,
    /// A store without any time to answer.
    ZeroStoreTimeout,
    /// What is to be retained is neither a topic nor a pattern.
    Retained(TopicError),
    /// The store could not be opened.
    Store(StoreError),
    /// The store needs time to open, and [`build`](crate::HubBuilder::build) waits for none.
    StoreOpensLater,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownStore(store) => write!(
                f,
                "there is no store {store:?} in this version: use \"memory:\""
            ),
            Self::ZeroBound(option) => write!(
                f,
                "{option} is 0, so that no event could be held: give more"
            ),
            Self::ZeroHeartbeat => f.write_str(
                "heartbeat is 0, so that nothing else could be sent: give more, or none",
            ),
            Self::ZeroStoreTimeout => f.write_str(
                "store_timeout is 0, so that no store could answer in time: give more, or none",
            ),
            Self::Retained(error) => write!(f, "retained values: {error}"),
            Self::Store(error) => write!(f, "the store could not be opened: {error}"),
            Self::StoreOpensLater => f.write_str(
                "the store needs time to open: make the hub by `open().await` instead of `build()`",
            ),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What they say themselves is in the text already.
        match self {
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}

impl From<StoreError> for BuildError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A topic's name is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicError {
    /// No topic was given.
    None,
    /// The name is empty.
    Empty,
    /// The name is longer than [`MAX_TOPIC`](crate::MAX_TOPIC) bytes.
    TooLong(usize),
    /// The name has a control character.
    Control(String),
    /// A `*` where none is allowed.
    Pattern(String),
    /// The name begins with `eventwire.`, which is the hub's own.
    Reserved(String),
    /// More topics than [`MAX_TOPICS_AT_ONCE`](crate::MAX_TOPICS_AT_ONCE) in one call.
    TooMany(usize),
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no topic: name at least one"),
            Self::Empty => f.write_str("a topic's name is empty"),
            Self::TooLong(length) => {
                write!(
                    f,
                    "a topic's name has {length} bytes: at most {} are allowed",
                    crate::MAX_TOPIC
                )
            }
            Self::Control(topic) => write!(
                f,
                "the topic {topic:?} has a control character, which no topic may have"
            ),
            Self::Pattern(topic) => {
                write!(
                    f,
                    "the topic {topic:?} has a `*`: a subscription may have it alone, for all topics, or at the end behind a `/`, as in \
                     \"orders/*\"; what is published names each topic"
                )
            }
            Self::Reserved(topic) => {
                write!(
                    f,
                    "the topic {topic:?} begins with \"eventwire.\", which is the hub's own: use another"
                )
            }
            Self::TooMany(count) => {
                write!(
                    f,
                    "{count} topics at once: at most {} are allowed",
                    crate::MAX_TOPICS_AT_ONCE
                )
            }
        }
    }
}

impl std::error::Error for TopicError {}

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

/// A subscription cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// A topic's name is none.
    Topic(TopicError),
    /// Where to start is none of `live`, `earliest` and `last:N`.
    Start(String),
    /// All of `max_topics` are in use.
    TooManyTopics,
    /// The hub is closed.
    Closed,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(error) => error.fmt(f),
            Self::Start(start) => {
                write!(
                    f,
                    "start is {start:?}: give \"live\", \"earliest\" or \"last:N\" with a number N"
                )
            }
            Self::TooManyTopics => f.write_str(
                "all of max_topics have subscribers or events: use fewer topics, or raise it",
            ),
            Self::Closed => f.write_str("the hub is closed"),
        }
    }
}

impl std::error::Error for SubscribeError {}

impl From<TopicError> for SubscribeError {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}

/// The hub cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be read or found.
    Address {
        /// As it was given.
        address: String,
        /// What was wrong with it.
        source: io::Error,
    },
    /// The address cannot be listened on.
    Bind {
        /// As it was given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address can be reached from elsewhere, and anyone could publish.
    Unguarded(String),
    /// An origin that pages may come from is none.
    Origin(String),
    /// An option is beyond its bounds.
    Option {
        /// Its name.
        name: &'static str,
        /// As it was given.
        given: String,
        /// What it can be.
        range: &'static str,
    },
    /// There is no Tokio runtime to serve in.
    NoRuntime,
    /// The system gave no thread, or nothing to wait for sockets with.
    Threads(io::Error),
    /// The hub was closed.
    Closed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, source } => {
                write!(
                    f,
                    "cannot find the address {address:?}: {source}; give host:port, such as 127.0.0.1:8844"
                )
            }
            Self::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "cannot listen on {address}: it is in use; end what listens there, or choose another port"
                )
            }
            Self::Bind { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Unguarded(address) => write!(
                f,
                "{address} is no loopback address, and anyone who reaches it could publish: allow that by \
                 open_publish, or, in Rust, give an authorizer"
            ),
            Self::Origin(origin) => {
                write!(
                    f,
                    "{origin:?} is no origin: give scheme://host or scheme://host:port, or \"*\" for any"
                )
            }
            Self::Option { name, given, range } => {
                write!(f, "{name} is {given}: give {range}")
            }
            Self::NoRuntime => {
                f.write_str("not inside of a Tokio runtime: serve from a task of one")
            }
            Self::Threads(source) => write!(
                f,
                "cannot start the threads that write to subscribers: {source}; is a limit on threads or open files reached?"
            ),
            Self::Closed => f.write_str("the hub is closed: a new one can be served"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address { source, .. } | Self::Bind { source, .. } | Self::Threads(source) => {
                Some(source)
            }
            Self::Unguarded(_)
            | Self::Origin(_)
            | Self::Option { .. }
            | Self::NoRuntime
            | Self::Closed => None,
        }
    }
}
