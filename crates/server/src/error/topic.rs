//! What is no name of a topic.

use std::fmt;

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
