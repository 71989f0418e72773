//! What keeps a hub from being made.

use std::fmt;

use super::TopicError;
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
