//! The encoder as one function.

use eventwire_codec as codec;

use crate::failure::Failure;

/// What one block is to hold; see [`codec::Block`] for what may be combined.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// A comment, which may have several lines.
    pub comment: Option<&'a str>,
    /// The reconnection time, in milliseconds.
    pub retry: Option<u64>,
    /// The ID; "" resets the reader's.
    pub id: Option<&'a str>,
    /// The event type.
    pub event: Option<&'a str>,
    /// The data.
    pub data: Option<&'a str>,
}

/// One block of an event stream.
///
/// # Errors
///
/// A CR, LF or NUL where none may be, an event type without data, or nothing at all.
pub fn encode(parts: &Parts<'_>) -> Result<Vec<u8>, Failure> {
    let Parts {
        comment,
        retry,
        id,
        event,
        data,
    } = *parts;
    Ok(codec::Block {
        comment,
        retry,
        id,
        event,
        data,
    }
    .encode()?)
}
