//! What one line says.

use crate::MAX_RETRY;

/// The kind of a line that is not blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry,
    Comment,
    /// A name that the standard does not know: the line is ignored.
    Unknown,
}

impl Field {
    /// The line's field, and where its value begins.
    ///
    /// Nothing is searched for: a line is one of four names followed by a colon or by nothing, or
    /// it begins with a colon, or it does not matter.
    #[inline]
    pub(super) fn of(line: &[u8]) -> (Field, usize) {
        // In the order of how often they come.
        if line.first_chunk() == Some(b"data:") {
            (Field::Data, value_start(line, 5))
        } else if line.first_chunk() == Some(b"event:") {
            (Field::Event, value_start(line, 6))
        } else if line.first_chunk() == Some(b"id:") {
            (Field::Id, value_start(line, 3))
        } else {
            Field::of_rare(line)
        }
    }

    #[inline(never)]
    fn of_rare(line: &[u8]) -> (Field, usize) {
        if line.starts_with(b":") {
            return (Field::Comment, value_start(line, 1));
        }
        if line.starts_with(b"retry:") {
            return (Field::Retry, value_start(line, 6));
        }
        // A name without a colon has an empty value.
        let field = match line {
            b"data" => Field::Data,
            b"event" => Field::Event,
            b"id" => Field::Id,
            b"retry" => Field::Retry,
            _ => Field::Unknown,
        };
        (field, line.len())
    }
}

/// One space after the colon does not belong to the value.
#[inline]
fn value_start(line: &[u8], after_colon: usize) -> usize {
    after_colon + usize::from(line.get(after_colon) == Some(&b' '))
}

/// The value of a `retry` line: ASCII digits and nothing else, saturating.
pub(super) fn milliseconds(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let append =
        |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add((digit - b'0').into());
    Some(value.iter().fold(0, append).min(MAX_RETRY))
}
