//! Every error of the core, in the one form in which both bindings turn it into an exception of their language.

use std::fmt;

use eventwire_client as client;
use eventwire_codec as codec;
use eventwire_server as server;
use serde_json::{Map, Value, json};

/// The names of the errors, the same in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A line or an event passed its limit.
    Decode,
    /// A value cannot be written into an event stream.
    Encode,
    /// No connection, or a broken one.
    Connect,
    /// A status that is no event stream.
    Status,
    /// A response that is no event stream.
    ContentType,
    /// One of the clocks ran out.
    StreamTimeout,
    /// The handle was closed, or belongs to another process.
    Closed,
    /// The hub could not keep the event.
    Store,
    /// The hub refused the event.
    Publish,
    /// The server could not start.
    Serve,
    /// A wrong argument: the language's own error for that (`ValueError`, `TypeError`).
    Argument,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// The name of the class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "DecodeError",
            Self::Encode => "EncodeError",
            Self::Connect => "ConnectError",
            Self::Status => "StatusError",
            Self::ContentType => "ContentTypeError",
            Self::StreamTimeout => "StreamTimeoutError",
            Self::Closed => "ClosedError",
            Self::Store => "StoreError",
            Self::Publish => "PublishError",
            Self::Serve => "ServeError",
            Self::Argument => "ArgumentError",
            Self::Other => "EventwireError",
        }
    }
}

/// An error on its way to another language.
#[derive(Clone, Debug)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    details: Map<String, Value>,
}

impl Failure {
    /// An error of `kind` that says `message` to people.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Map::new() }
    }

    pub(crate) fn closed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Closed, message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Argument, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Other, message)
    }

    /// Adds what a program may want to know; nothing where there is no value.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.details.insert(name.to_owned(), value);
        }
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What a person reads.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Kind, message and details as one JSON object: `{"kind": "StatusError", "message": "...", "status": 404, ...}`.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut object = self.details.clone();
        object.insert("kind".to_owned(), json!(self.kind.name()));
        object.insert("message".to_owned(), json!(self.message));
        Value::Object(object)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for Failure {}
