//! Bytes to text: UTF-8, with U+FFFD for every maximal part that is invalid.
//!
//! Values are decoded one by one. That is the same as decoding the stream first, as the standard
//! has it: what delimits a value is ASCII, and no ASCII byte is ever part of an invalid sequence.

/// A value of the block that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// No such line yet.
    None,
    /// It lies whole in the chunk.
    Chunk(Span),
    /// It is in the decoder's own buffer for this field.
    Buffer,
}

/// A range of the chunk's bytes. (A `Range` is not `Copy`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How many bytes are checked ahead: enough to make the call's own cost small, few enough that they
/// are still in the first-level cache when their lines are read.
const AHEAD: usize = 16 << 10;

/// A chunk, a part of which was found to be valid UTF-8.
///
/// Checking many short values at once is more than 1.5 times as fast as one by one.
#[derive(Clone, Debug)]
pub(super) struct Checked<'a> {
    chunk: &'a [u8],
    /// The part that is known to be valid, and where in the chunk it begins.
    text: &'a str,
    start: usize,
    /// Up to here nothing is checked ahead any more, since something in it is invalid. (Else a
    /// chunk of many values, one of them invalid, would be checked anew for each.)
    invalid_until: usize,
    /// How many bytes were looked at.
    #[cfg(test)]
    pub(super) work: usize,
}

impl<'a> Checked<'a> {
    pub(super) fn new(chunk: &'a [u8]) -> Checked<'a> {
        Checked {
            chunk,
            text: "",
            start: 0,
            invalid_until: 0,
            #[cfg(test)]
            work: 0,
        }
    }

    pub(super) fn bytes(&self, span: Span) -> &'a [u8] {
        &self.chunk[span.start..span.end]
    }

    /// The value, if it is valid UTF-8.
    #[inline]
    pub(super) fn text(&mut self, span: Span) -> Option<&'a str> {
        // A span that begins before the checked part wraps around to something out of its bounds.
        let start = span.start.wrapping_sub(self.start);
        let end = span.end.wrapping_sub(self.start);
        match self.text.get(start..end) {
            Some(text) => Some(text),
            None => self.check(span),
        }
    }

    #[inline(never)]
    fn check(&mut self, span: Span) -> Option<&'a str> {
        // Only ever forward: a value before the part (the data of a block whose id, further on, was
        // asked for first) is checked by itself.
        if span.end > self.invalid_until.max(self.start + self.text.len()) {
            let end = self.chunk.len().min(span.start + AHEAD).max(span.end);
            let ahead = &self.chunk[span.start..end];
            let whole = ahead.len() - cut_off(ahead);
            #[cfg(test)]
            (self.work += whole);
            // A value ends before a line end, so what is cut off is never of this one.
            match simdutf8::basic::from_utf8(&ahead[..whole]) {
                Ok(text) => {
                    self.text = text;
                    self.start = span.start;
                    return Some(&text[..span.end - span.start]);
                }
                Err(_) => self.invalid_until = end,
            }
        }
        #[cfg(test)]
        (self.work += span.end - span.start);
        simdutf8::basic::from_utf8(self.bytes(span)).ok()
    }
}

/// How many bytes at the end are the beginning of a character that may go on behind it.
fn cut_off(bytes: &[u8]) -> usize {
    let tail = bytes.iter().rev().take(3);
    let continued = tail.take_while(|&&byte| byte & 0xC0 == 0x80).count();
    match bytes.iter().rev().nth(continued) {
        Some(0xC2..=0xDF) if continued < 1 => continued + 1,
        Some(0xE0..=0xEF) if continued < 2 => continued + 1,
        Some(0xF0..=0xF4) if continued < 3 => continued + 1,
        _ => 0,
    }
}

/// The decoder's own buffer for a value that straddles chunks, has more lines than one, or is not
/// valid UTF-8.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    /// As it came; checked only once it is whole.
    raw: Vec<u8>,
    /// Where in `raw` the value begins: behind its name, where the whole line was taken over.
    start: usize,
    /// The decoded text, where `raw` is not valid UTF-8.
    decoded: String,
    /// How much room to make at once: that of the text that was taken out last, since the next one will be much like it.
    room: usize,
}

/// What a buffer may keep after a large value.
pub(super) const KEEP: usize = 1 << 20;

/// Makes room, and lets a large buffer grow by a quarter: doubling, as a `Vec` does by itself, would take up to twice the
/// memory of a large event, and a growth by as much as comes would copy it once per chunk.
#[inline]
pub(super) fn reserve(buffer: &mut Vec<u8>, more: usize) {
    if more > buffer.capacity() - buffer.len() {
        grow(buffer, more);
    }
}

#[cold]
fn grow(buffer: &mut Vec<u8>, more: usize) {
    if buffer.capacity() < KEEP {
        buffer.reserve(more);
    } else {
        buffer.reserve_exact(more.max(buffer.capacity() / 4));
    }
}

/// Appends within [`reserve`]'s bounds.
#[inline]
pub(super) fn append(buffer: &mut Vec<u8>, bytes: &[u8]) {
    reserve(buffer, bytes.len());
    buffer.extend_from_slice(bytes);
}

impl Buffer {
    pub(super) fn len(&self) -> usize {
        self.raw.len() - self.start
    }

    pub(super) fn set(&mut self, value: &[u8]) {
        self.raw.clear();
        self.start = 0;
        if self.raw.capacity() == 0 {
            self.raw.reserve(self.room.max(value.len()));
        }
        self.raw.extend_from_slice(value);
    }

    /// Takes over a line whose value begins at `start`, and leaves an empty one.
    pub(super) fn take_line(&mut self, line: &mut Vec<u8>, start: usize) {
        std::mem::swap(&mut self.raw, line);
        self.start = start;
        line.clear();
    }

    #[inline]
    pub(super) fn push_line(&mut self, value: &[u8]) {
        reserve(&mut self.raw, value.len() + 1);
        self.raw.push(b'\n');
        self.raw.extend_from_slice(value);
    }

    pub(super) fn text(&mut self) -> &str {
        let raw = &self.raw[self.start..];
        match simdutf8::basic::from_utf8(raw) {
            Ok(text) => text,
            Err(_) => {
                self.decoded = String::from_utf8_lossy(raw).into_owned();
                &self.decoded
            }
        }
    }

    /// Takes the text out, if that is worth it: where it is all of the buffer, which is not much larger, and valid.
    pub(super) fn take_text(&mut self) -> Option<String> {
        let len = self.raw.len();
        if self.start > 0
            || self.raw.capacity() / 2 > len
            || simdutf8::basic::from_utf8(&self.raw).is_err()
        {
            return None;
        }
        self.room = len.min(KEEP);
        let raw = std::mem::take(&mut self.raw);
        #[allow(
            unsafe_code,
            reason = "the standard library's own check is the slower one"
        )]
        // SAFETY: it was just found to be valid.
        Some(unsafe { String::from_utf8_unchecked(raw) })
    }

    /// The value's text, from wherever it lies.
    #[inline]
    pub(super) fn text_of<'s, 'a: 's>(
        &'s mut self,
        value: Value,
        checked: &mut Checked<'a>,
    ) -> &'s str {
        match value {
            Value::None => "",
            Value::Chunk(span) => match checked.text(span) {
                Some(text) => text,
                None => {
                    self.set(checked.bytes(span));
                    self.text()
                }
            },
            Value::Buffer => self.text(),
        }
    }

    /// Gives back the memory of a large value that is no longer needed.
    pub(super) fn trim(&mut self) {
        if self.raw.capacity() > KEEP {
            self.raw = Vec::new();
            self.start = 0;
        }
        if self.decoded.capacity() > KEEP {
            self.decoded = String::new();
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.raw.capacity() + self.decoded.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, Checked, Span, cut_off};

    #[test]
    fn only_a_character_that_may_go_on_is_cut_off() {
        assert_eq!(cut_off(b""), 0);
        assert_eq!(cut_off(b"a"), 0);
        for text in ["\u{e9}", "\u{20ac}", "\u{1f600}"] {
            let bytes = text.as_bytes();
            for len in 1..bytes.len() {
                assert_eq!(cut_off(&bytes[..len]), len, "{text} {len}");
            }
            assert_eq!(cut_off(bytes), 0, "{text}");
        }
        assert_eq!(cut_off(b"\x80\x80\x80\x80"), 0);
        assert_eq!(cut_off(b"\xff"), 0);
    }

    #[test]
    fn an_invalid_value_does_not_spoil_its_neighbours() {
        let chunk = b"one\ntw\xFF\nthree";
        let mut checked = Checked::new(chunk);
        let mut text = |start, end| checked.text(Span { start, end });
        assert_eq!(text(0, 3), Some("one"));
        assert_eq!(text(4, 7), None);
        assert_eq!(text(8, 13), Some("three"));
        assert_eq!(text(0, 3), Some("one"));
    }

    #[test]
    fn values_longer_than_what_is_checked_ahead_and_behind_it() {
        let chunk = "\u{20ac}".repeat(AHEAD);
        let mut checked = Checked::new(chunk.as_bytes());
        let mut text = |start, end| checked.text(Span { start, end });
        assert_eq!(text(0, 3), Some("\u{20ac}"));
        assert_eq!(text(3, chunk.len()).map(str::len), Some(chunk.len() - 3));
        assert_eq!(text(0, 3), Some("\u{20ac}"));
    }
}
