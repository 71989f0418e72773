//! Every error of the core, in the one form in which both bindings turn it into an exception of their language.

use std::fmt;

use eventwire_client as client;
use eventwire_codec as codec;
use eventwire_codec::slices;
use eventwire_server as server;
use serde_json::{Map, Value, json};

/// "Is a directory", the number of the system's error; the same on all that are supported.
const EISDIR: i32 = 21;

/// The names of the errors, the same in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A line or an event passed its limit.
    Decode,
    /// A value cannot be written into an event stream.
    Encode,
    /// The data of an event is not what it was read as.
    Data,
    /// A payload in slices cannot be sent, or cannot be put together.
    Slice,
    /// No connection, or a broken one.
    Connect,
    /// A status that is no event stream.
    Status,
    /// A response that is no event stream.
    ContentType,
    /// One of the clocks ran out.
    StreamTimeout,
    /// The application could not prepare an attempt.
    Prepare,
    /// A cursor file cannot be used, or could not be written.
    Cursor,
    /// The handle was closed, or belongs to another process.
    Closed,
    /// The hub could not keep the event.
    Store,
    /// The hub refused the event.
    Publish,
    /// The server could not start.
    Serve,
    /// A file cannot be read or written: the language's own error for that (`OSError`, a system error).
    File,
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
            Self::Data => "DataError",
            Self::Slice => "SliceError",
            Self::Connect => "ConnectError",
            Self::Status => "StatusError",
            Self::ContentType => "ContentTypeError",
            Self::StreamTimeout => "StreamTimeoutError",
            Self::Prepare => "PrepareError",
            Self::Cursor => "CursorError",
            Self::Closed => "ClosedError",
            Self::Store => "StoreError",
            Self::Publish => "PublishError",
            Self::Serve => "ServeError",
            Self::File => "FileError",
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
        Self {
            kind,
            message: message.into(),
            details: Map::new(),
        }
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

    /// The same in other words.
    #[must_use]
    pub(crate) fn saying(mut self, message: String) -> Self {
        self.message = message;
        self
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

impl From<codec::DecodeError> for Failure {
    fn from(error: codec::DecodeError) -> Self {
        Self::new(FailureKind::Decode, error.to_string())
            .with("limit", error.limit().name())
            .with("max", error.max())
    }
}

impl From<codec::EncodeError> for Failure {
    fn from(error: codec::EncodeError) -> Self {
        let (byte, position) = match error.kind() {
            codec::EncodeErrorKind::Byte { byte, position } => (Some(byte), Some(position)),
            _ => (None, None),
        };
        Self::new(FailureKind::Encode, error.to_string())
            .with("field", error.field())
            .with("byte", byte)
            .with("position", position)
    }
}

impl From<codec::DataError> for Failure {
    fn from(error: codec::DataError) -> Self {
        Self::new(FailureKind::Data, error.to_string()).with("position", error.position())
    }
}

impl From<slices::SliceError> for Failure {
    fn from(error: slices::SliceError) -> Self {
        if error.kind() == slices::SliceErrorKind::Option {
            return Self::argument(error.to_string());
        }
        Self::new(FailureKind::Slice, error.to_string())
            .with("reason", error.kind().name())
            .with("index", error.index())
            .with("expected", error.expected())
            .with("position", error.data().map(codec::DataError::position))
    }
}

impl From<slices::FileError> for Failure {
    fn from(error: slices::FileError) -> Self {
        let system = error.error();
        // Where the core asked instead of trying, it has the kind, but not the number.
        let is_directory = system.kind() == std::io::ErrorKind::IsADirectory;
        let number = system.raw_os_error().or(is_directory.then_some(EISDIR));
        Self::new(FailureKind::File, error.to_string())
            .with("errno", number)
            .with("path", error.path().map(|path| path.to_string_lossy()))
    }
}

impl From<slices::TransferError> for Failure {
    fn from(error: slices::TransferError) -> Self {
        match error {
            slices::TransferError::Slice(error) => error.into(),
            slices::TransferError::File(error) => error.into(),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        use client::ErrorKind as Kind;
        let kind = match error.kind() {
            Kind::Connect | Kind::Disconnected | Kind::Ended => FailureKind::Connect,
            Kind::Status => FailureKind::Status,
            Kind::ContentType => FailureKind::ContentType,
            Kind::Decode => FailureKind::Decode,
            Kind::Timeout(_) => FailureKind::StreamTimeout,
            Kind::Prepare => FailureKind::Prepare,
            Kind::Cursor => FailureKind::Cursor,
            Kind::Closed => FailureKind::Closed,
            Kind::Publish => FailureKind::Publish,
            Kind::InvalidUrl | Kind::InvalidOption => FailureKind::Argument,
            _ => FailureKind::Other,
        };
        let body = String::from_utf8_lossy(error.body());
        let headers: Vec<Value> = error
            .headers()
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
            .collect();
        let answered = error.status().is_some();
        let decode = error.decode_error();
        Self::new(kind, error.to_string())
            .with("url", error.url())
            .with("path", error.path().map(|path| path.to_string_lossy()))
            .with("status", error.status())
            .with("attempt", (error.attempt() > 0).then(|| error.attempt()))
            .with(
                "retry_after",
                error.retry_after().map(|after| after.as_secs_f64()),
            )
            .with("headers", answered.then_some(headers))
            .with("body", answered.then_some(body))
            .with("clock", error.clock().map(client::Clock::name))
            .with("limit", decode.map(|error| error.limit().name()))
            .with("max", decode.map(codec::DecodeError::max))
            .with("outcome", error.outcome().map(client::Outcome::name))
            .with("index", error.index())
            .with("cause", crate::session::Cause::of(&error))
    }
}

impl From<server::BuildError> for Failure {
    fn from(error: server::BuildError) -> Self {
        match error {
            server::BuildError::Store(error) => error.into(),
            // Found before anything was stored: a wrong option.
            error => Self::argument(error.to_string()),
        }
    }
}

impl From<server::StoreError> for Failure {
    fn from(error: server::StoreError) -> Self {
        Self::new(FailureKind::Store, error.to_string()).with("outcome", error.outcome().name())
    }
}

impl From<server::PublishError> for Failure {
    fn from(error: server::PublishError) -> Self {
        use server::PublishError as Error;
        let message = error.to_string();
        match error {
            Error::Topic(_) | Error::ReservedType(_) | Error::Key(_) => Self::argument(message),
            Error::Encode(error) => error.into(),
            Error::Store(error) => error.into(),
            Error::Closed => Self::closed(message),
            _ => Self::new(FailureKind::Publish, message).with("outcome", "not_stored"),
        }
    }
}

impl From<server::PublishManyError> for Failure {
    fn from(error: server::PublishManyError) -> Self {
        let (message, index) = (error.to_string(), error.index());
        // Its kind is that of the first that was refused; what it says is of all.
        let first = match error {
            server::PublishManyError::Refused { refused, .. } => {
                refused.into_iter().next().map(|(_, error)| error)
            }
            server::PublishManyError::All(error) => return error.into(),
            _ => None,
        };
        let mut failure = match first {
            Some(error) => Self::from(error),
            None => Self::new(FailureKind::Publish, "").with("outcome", "not_stored"),
        };
        failure.message = message;
        failure.with("index", index)
    }
}

impl From<server::SubscribeError> for Failure {
    fn from(error: server::SubscribeError) -> Self {
        match error {
            server::SubscribeError::Closed => Self::closed(error.to_string()),
            _ => Self::argument(error.to_string()),
        }
    }
}

impl From<server::ServeError> for Failure {
    fn from(error: server::ServeError) -> Self {
        match error {
            server::ServeError::Origin(_) | server::ServeError::Option { .. } => {
                Self::argument(error.to_string())
            }
            server::ServeError::Closed => Self::closed(error.to_string()),
            _ => Self::new(FailureKind::Serve, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_failed_says_whether_the_event_was_stored() {
        for (error, outcome) in [
            (
                server::StoreError::not_stored("the disk is full"),
                "not_stored",
            ),
            (
                server::StoreError::unknown("the connection broke"),
                "unknown",
            ),
        ] {
            let of_publish = Failure::from(server::PublishError::Store(error.clone()));
            let of_build = Failure::from(server::BuildError::Store(error));
            for failure in [of_publish, of_build] {
                assert_eq!(failure.kind(), FailureKind::Store);
                assert_eq!(failure.to_value()["outcome"], outcome);
            }
        }
        let wrong = Failure::from(server::BuildError::ZeroBound("max_events"));
        assert_eq!(wrong.kind(), FailureKind::Argument);
    }
}
