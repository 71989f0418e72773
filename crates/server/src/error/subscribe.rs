//! What keeps a subscription from being had.

use std::fmt;

use super::TopicError;

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
