//! Bytes in an event: base64 of RFC 4648, section 4, with padding and without line breaks.

use std::error::Error;
use std::fmt;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;

use crate::{Event, EventRef};

impl Event {
    /// An event that holds bytes. An event stream carries text, so they travel as base64.
    ///
    /// ```
    /// use eventwire_codec::Event;
    ///
    /// let event = Event::binary([0xde, 0xad, 0xbe, 0xef]).with_type("chunk");
    /// assert_eq!(event.data(), "3q2+7w==");
    /// assert_eq!(event.bytes()?, [0xde, 0xad, 0xbe, 0xef]);
    /// # Ok::<(), eventwire_codec::DataError>(())
    /// ```
    pub fn binary(bytes: impl AsRef<[u8]>) -> Event {
        let mut data = String::new();
        encode_base64(bytes.as_ref(), &mut data);
        Event::new(data)
    }

    /// The bytes that an event made by [`binary`](Event::binary), or by base64 elsewhere, holds.
    ///
    /// # Errors
    ///
    /// Where the data is not exactly what [`binary`](Event::binary) writes: another alphabet, white space, no or wrong
    /// padding, bits that belong to no byte. Nothing is passed over.
    pub fn bytes(&self) -> Result<Vec<u8>, DataError> {
        decode_base64(self.data())
    }
}

impl EventRef<'_> {
    /// The bytes that the event holds.
    ///
    /// # Errors
    ///
    /// As [`Event::bytes`].
    pub fn bytes(&self) -> Result<Vec<u8>, DataError> {
        decode_base64(self.data)
    }
}

/// The data of an event is not what it was read as: base64.
///
/// ```
/// use eventwire_codec::{DataErrorKind, Event};
///
/// let error = Event::new("3q2-7w==").bytes().unwrap_err();
/// assert_eq!((error.kind(), error.position()), (DataErrorKind::Symbol('-'), 3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataError {
    kind: DataErrorKind,
    position: usize,
}

/// What is wrong with base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// A character that is not of the alphabet.
    Symbol(char),
    /// A `=` where none may be: not at the end, or too many.
    Padding,
    /// It ends within a group of four characters: cut off, or without its padding.
    Length,
    /// The last character holds bits that belong to no byte: damaged, or written by a careless encoder.
    TrailingBits,
}

impl DataError {
    /// What is wrong.
    pub fn kind(&self) -> DataErrorKind {
        self.kind
    }

    /// Where, in characters from the start of the data. All before it are ASCII, so they are bytes as well.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.position;
        match self.kind {
            DataErrorKind::Symbol('\n' | '\r') => write!(
                f,
                "the data is no base64: a line break at character {at}; join the lines before you send it"
            ),
            DataErrorKind::Symbol(c @ ('-' | '_')) => write!(
                f,
                "the data is no base64: {c:?} at character {at} is of the alphabet for URLs; use the standard one, with + and /"
            ),
            DataErrorKind::Symbol(c) => write!(
                f,
                "the data is no base64: {c:?} at character {at}; bytes are sent as base64, which `binary` makes"
            ),
            DataErrorKind::Padding => write!(
                f,
                "the data is no base64: a `=` at character {at}, where none may be; only the last group of four may end in one or two"
            ),
            DataErrorKind::Length => write!(
                f,
                "the data is no base64: it ends at character {at}, within a group of four; it was cut off, or its padding with `=` is missing"
            ),
            DataErrorKind::TrailingBits => write!(
                f,
                "the data is no base64: the character at {at} holds bits that belong to no byte; it was damaged, or its encoder is wrong"
            ),
        }
    }
}

impl Error for DataError {}

/// Appends the base64 of `bytes`.
pub(crate) fn encode_base64(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    Simd::standard(PAD).encode_string(bytes, out);
}

/// The bytes of base64.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, DataError> {
    // The library's errors do not always have a place; what is wrong is looked for only once something is.
    Simd::standard(PAD).decode(text).map_err(|_| explain(text))
}

/// The first thing that is wrong with what is no base64.
fn explain(text: &str) -> DataError {
    let error = |kind, position| DataError { kind, position };
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|&byte| !symbol(byte));
    let end = end.unwrap_or(bytes.len());
    let padding = bytes[end..]
        .iter()
        .take_while(|&&byte| byte == b'=')
        .count();
    // What stands in the place of the first byte that is neither a symbol nor padding.
    if let Some(c) = text[end + padding..].chars().next() {
        let misplaced = padding > 0;
        return if misplaced {
            error(DataErrorKind::Padding, end)
        } else {
            error(DataErrorKind::Symbol(c), end)
        };
    }
    match (end % 4, padding) {
        (0 | 1, 1..) => error(DataErrorKind::Padding, end),
        (2, 3..) => error(DataErrorKind::Padding, end + 2),
        (3, 2..) => error(DataErrorKind::Padding, end + 1),
        (2, 2) | (3, 1) | (0, 0) => error(DataErrorKind::TrailingBits, end.saturating_sub(1)),
        _ => error(DataErrorKind::Length, bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn fails(text: &str) -> (DataErrorKind, usize) {
        let error = decode_base64(text).unwrap_err();
        (error.kind(), error.position())
    }

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        use DataErrorKind::{Length, Padding, Symbol, TrailingBits};

        assert_eq!(fails("AAAA\nAAAA"), (Symbol('\n'), 4));
        assert_eq!(fails("AA AA"), (Symbol(' '), 2));
        assert_eq!(fails("AAé="), (Symbol('é'), 2));
        assert_eq!(fails("AA==AAAA"), (Padding, 2));
        assert_eq!(fails("AAAA="), (Padding, 4));
        assert_eq!(fails("A==="), (Padding, 1));
        assert_eq!(fails("AA==="), (Padding, 4));
        assert_eq!(fails("AAA=="), (Padding, 4));
        assert_eq!(fails("="), (Padding, 0));
        assert_eq!(fails("AA"), (Length, 2));
        assert_eq!(fails("AAA"), (Length, 3));
        assert_eq!(fails("AAAAA"), (Length, 5));
        assert_eq!(fails("AA="), (Length, 3));
        assert_eq!(fails("AB=="), (TrailingBits, 1));
        assert_eq!(fails("AAB="), (TrailingBits, 2));
    }

    proptest! {
        /// Whatever the fast engine refuses has a reason, and it refuses what the plain one does.
        #[test]
        fn what_is_refused_has_a_place(text in "[A-D+/=\\n é]{0,12}|[A-Za-z0-9+/]{0,80}={0,3}") {
            let plain = STANDARD.decode(&text);
            match decode_base64(&text) {
                Ok(bytes) => {
                    prop_assert_eq!(&bytes, &plain.unwrap());
                    let event = Event::binary(bytes);
                    prop_assert_eq!(event.data(), text);
                }
                Err(error) => {
                    prop_assert!(plain.is_err());
                    let place = error.position();
                    prop_assert!(place <= text.chars().count());
                    // All that stands before it is sound: completed in the plainest way, it is base64.
                    let sound: String = text.chars().take(place).filter(|&c| c != '=').collect();
                    prop_assert!(sound.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b)));
                    let names_no_bits = error.kind() != DataErrorKind::TrailingBits;
                    prop_assert!(names_no_bits || text.len() % 4 == 0);
                }
            }
        }

        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let event = Event::binary(&bytes);
            prop_assert_eq!(event.data(), STANDARD.encode(&bytes));
            prop_assert_eq!(event.bytes().unwrap(), bytes);
        }
    }
}
