//! What can go wrong in either direction.

use std::error::Error;
use std::fmt;

/// Which limit of the [`Decoder`](crate::Decoder) a stream went beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// `max_line`: the bytes of one line, without its end.
    Line,
    /// `max_event`: the bytes that one event holds.
    Event,
}

impl Limit {
    /// `line` or `event`: the name by which every language calls it.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Line => "line",
            Limit::Event => "event",
        }
    }
}

/// The stream went beyond a limit of the decoder.
///
/// Nothing else in a stream is an error: what the format does not know is ignored, and invalid
/// UTF-8 becomes U+FFFD. The decoder gives this error on and on until
/// [`reset`](crate::Decoder::reset), for what follows an overlong line cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    pub(crate) limit: Limit,
    pub(crate) max: usize,
}

impl DecodeError {
    /// Which limit it was.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// The limit's value, in bytes.
    pub fn max(&self) -> usize {
        self.max
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = match self.limit {
            Limit::Line => "a",
            Limit::Event => "an",
        };
        let (name, max) = (self.limit.name(), self.max);
        write!(
            f,
            "{article} {name} of the event stream is larger than max_{name} = {max} bytes; \
             raise max_{name} if its sender may be trusted with more memory"
        )
    }
}

impl Error for DecodeError {}

/// What cannot be written to an event stream, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncodeError {
    pub(crate) kind: EncodeErrorKind,
    pub(crate) field: &'static str,
}

/// Why a [`Block`](crate::Block) cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// An id or a type has a CR or LF, which would end its line and so inject another field, or a
    /// NUL.
    Byte {
        /// The first such byte: 0x00, 0x0A or 0x0D.
        byte: u8,
        /// Its place, in bytes from the start of the value.
        position: usize,
    },
    /// A type, but no data: no client would ever dispatch it.
    NoData,
    /// No field at all.
    Empty,
}

impl EncodeError {
    /// The field that is at fault: `id` or `event`, or `block` where the whole block is empty.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    pub fn kind(&self) -> EncodeErrorKind {
        self.kind
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.kind {
            EncodeErrorKind::Byte { byte, position } => {
                let name = match byte {
                    b'\n' => "a line feed (LF)",
                    b'\r' => "a carriage return (CR)",
                    _ => "a NUL",
                };
                write!(
                    f,
                    "`{field}` has {name} at byte {position}, which an event stream cannot carry \
                     there; remove or escape it"
                )
            }
            EncodeErrorKind::NoData => write!(
                f,
                "`{field}` was given without `data`, and no client dispatches an event without \
                 data; give data (it may be empty), or leave `{field}` out"
            ),
            EncodeErrorKind::Empty => write!(
                f,
                "nothing to encode; give at least one of data, id, retry and comment"
            ),
        }
    }
}

impl Error for EncodeError {}
