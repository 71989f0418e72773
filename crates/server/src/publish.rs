//! What is published.

use std::sync::Arc;

use bytes::Bytes;
use eventwire_codec::Block;

use crate::error::PublishError;
use crate::position::EventId;
use crate::topic::{self, Topic};

/// The types that begin so are the hub's own.
pub(crate) const RESERVED: &str = "eventwire.";

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
    pub(crate) fn prepare(self) -> Result<Prepared, PublishError> {
        let topics = topic::check(&self.topics)?;
        let event = self.event.as_deref();
        if let Some(event) = event.filter(|event| event.starts_with(RESERVED)) {
            return Err(PublishError::ReservedType(event.to_owned()));
        }
        let block = Block {
            event,
            data: Some(&self.data),
            ..Block::default()
        };
        let body = block.encode().map_err(PublishError::Encode)?;
        Ok(Prepared {
            topics,
            body,
            key: self.key.map(Arc::from),
        })
    }
}

/// A publication, checked and encoded but for its id.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) topics: Box<[Topic]>,
    /// The block without its id line.
    pub(crate) body: Vec<u8>,
    pub(crate) key: Option<Arc<str>>,
}

impl Prepared {
    /// The frame, and where the body begins in it.
    pub(crate) fn frame(&self, id: &EventId) -> (Bytes, usize) {
        let mut frame = format!("id: {id}\n").into_bytes();
        let body = frame.len();
        frame.extend_from_slice(&self.body);
        (frame.into(), body)
    }
}
