//! Bytes to text: UTF-8, with U+FFFD for every maximal part that is invalid.
//!
//! Values are decoded one by one. That is the same as decoding the stream first, as the standard
//! has it: what delimits a value is ASCII, and no ASCII byte is ever part of an invalid sequence.

use crate::scan::Compared;

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

/// A chunk, a part of which was found to be valid UTF-8.
///
/// The scan for line ends says what is ASCII. Where there is more, all that was scanned is checked with the first value of it: many
/// short ones at once take far less than one by one, and it is in the first-level cache still.
#[derive(Clone, Debug)]
pub(super) struct Checked<'a> {
    chunk: &'a [u8],
    /// A part that is known to be valid, and where in the chunk it begins. It grows as long as what follows is valid too.
    text: &'a str,
    start: usize,
    /// Up to here all was looked at, and here `text` ends.
    seen: usize,
    /// Up to here the chunk was compared.
    compared: usize,
    /// How many bytes were checked.
    #[cfg(test)]
    pub(super) work: usize,
}

impl<'a> Checked<'a> {
    pub(super) fn new(chunk: &'a [u8]) -> Checked<'a> {
        Checked {
            chunk,
            text: "",
            start: 0,
            seen: 0,
            compared: 0,
            #[cfg(test)]
            work: 0,
        }
    }

    pub(super) fn bytes(&self, span: Span) -> &'a [u8] {
        &self.chunk[span.start..span.end]
    }

    /// Takes note of the next part of the chunk that was compared.
    #[inline]
    pub(super) fn look_at(&mut self, part: Compared) {
        if part.is_ascii && self.seen == part.start {
            self.seen = part.end;
            self.grow();
        }
        self.compared = part.end;
    }

    /// Takes what was seen last, which is valid, to what is known to be.
    #[inline]
    fn grow(&mut self) {
        #[allow(
            unsafe_code,
            reason = "what is valid already would be checked again with every part"
        )]
        // SAFETY: `text` began at `start` and ended where the last part did, which begins a new one where it was not valid; and
        // what was added is valid: ASCII, or checked. So they are valid together.
        unsafe {
            self.text = std::str::from_utf8_unchecked(&self.chunk[self.start..self.seen]);
        }
    }

    /// The value, where it is known to be valid already.
    #[inline]
    pub(super) fn known(&self, span: Span) -> Option<&'a str> {
        // A span that begins before the valid part wraps around to something out of its bounds.
        let start = span.start.wrapping_sub(self.start);
        let end = span.end.wrapping_sub(self.start);
        self.text.get(start..end)
    }

    /// The value, if it is valid UTF-8.
    #[inline]
    pub(super) fn text(&mut self, span: Span) -> Option<&'a str> {
        match self.known(span) {
            Some(text) => Some(text),
            None => self.look_closely_at(span),
        }
    }

    #[inline(never)]
    fn look_closely_at(&mut self, span: Span) -> Option<&'a str> {
        if span.end > self.seen {
            if self.seen == 0 {
                // The rest of a character that the chunk before ended in is of no value that lies whole in this one.
                self.start = continued(self.chunk.iter());
                self.seen = self.start;
            }
            let from = self.seen;
            // A value ends before a line end, so what is cut off at the end of a chunk is never of one.
            self.seen = self.compared - cut_off(&self.chunk[from..self.compared]);
            #[cfg(test)]
            (self.work += self.seen - from);
            if simdutf8::basic::from_utf8(&self.chunk[from..self.seen]).is_ok() {
                self.grow();
            } else {
                self.start = self.seen;
                self.text = "";
            }
            if let Some(text) = self.known(span) {
                return Some(text);
            }
        }
        // Something near it is invalid: the value by itself.
        #[cfg(test)]
        (self.work += span.end - span.start);
        simdutf8::basic::from_utf8(self.bytes(span)).ok()
    }
}

/// How many bytes come first that cannot begin a character: at most 3, which is all that one may have of them.
fn continued<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let first = bytes.take(3);
    first.take_while(|&&byte| byte & 0xC0 == 0x80).count()
}

/// How many bytes at the end are the beginning of a character that may go on behind it.
fn cut_off(bytes: &[u8]) -> usize {
    let continued = continued(bytes.iter().rev());
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
    /// As it came.
    raw: Vec<u8>,
    /// Where in `raw` the value begins: behind its name, where the whole line was taken over.
    start: usize,
    /// Some line of it is not known to be valid UTF-8, so all of it is to be checked once it is whole.
    unchecked: bool,
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

    /// Takes a value that lies whole in the chunk.
    pub(super) fn set_part(&mut self, span: Span, checked: &Checked<'_>) {
        self.set(checked.bytes(span));
        self.unchecked = checked.known(span).is_none();
    }

    /// Takes a value.
    pub(super) fn set(&mut self, value: &[u8]) {
        self.unchecked = true;
        self.raw.clear();
        self.start = 0;
        if self.raw.capacity() == 0 {
            self.raw.reserve(self.room.max(value.len()));
        }
        self.raw.extend_from_slice(value);
    }

    /// Takes over a line whose value begins at `start`, and leaves an empty one.
    pub(super) fn take_line(&mut self, line: &mut Vec<u8>, start: usize) {
        self.unchecked = true;
        std::mem::swap(&mut self.raw, line);
        self.start = start;
        line.clear();
    }

    /// Adds a line that lies whole in the chunk.
    #[inline]
    pub(super) fn push_part(&mut self, span: Span, checked: &Checked<'_>) {
        let unchecked = self.unchecked || checked.known(span).is_none();
        self.push_line(checked.bytes(span));
        self.unchecked = unchecked;
    }

    /// Adds a line.
    #[inline]
    pub(super) fn push_line(&mut self, value: &[u8]) {
        self.unchecked = true;
        reserve(&mut self.raw, value.len() + 1);
        self.raw.push(b'\n');
        self.raw.extend_from_slice(value);
    }

    /// Whether all of the value is valid UTF-8.
    fn is_valid(&mut self) -> bool {
        if self.unchecked {
            self.unchecked = simdutf8::basic::from_utf8(&self.raw[self.start..]).is_err();
        }
        !self.unchecked
    }

    pub(super) fn text(&mut self) -> &str {
        let is_valid = self.is_valid();
        let raw = &self.raw[self.start..];
        if !is_valid {
            self.decoded = String::from_utf8_lossy(raw).into_owned();
            return &self.decoded;
        }
        #[allow(
            unsafe_code,
            reason = "lines that are known to be valid would be checked again"
        )]
        // SAFETY: it was checked as a whole, or it is of lines that were, and of LF between them.
        unsafe {
            std::str::from_utf8_unchecked(raw)
        }
    }

    /// Takes the text out, if that is worth it: where it is all of the buffer, which is not much larger, and valid.
    pub(super) fn take_text(&mut self) -> Option<String> {
        let len = self.raw.len();
        if self.start > 0 || self.raw.capacity() / 2 > len || !self.is_valid() {
            return None;
        }
        self.room = len.min(KEEP);
        let raw = std::mem::take(&mut self.raw);
        #[allow(
            unsafe_code,
            reason = "lines that are known to be valid would be checked again"
        )]
        // SAFETY: as in `text`, and the value is all of it.
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
    use super::{Checked, Span, cut_off};
    use crate::scan::{LineEnds, Masks};

    /// A chunk, all of which was looked at.
    fn checked(chunk: &[u8]) -> Checked<'_> {
        let mut checked = Checked::new(chunk);
        let (mut ends, mut masks) = (LineEnds::default(), Masks::default());
        while ends
            .next(chunk, &mut masks, |part| checked.look_at(part))
            .is_some()
        {}
        checked
    }

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
        let mut checked = checked(chunk);
        let mut text = |start, end| checked.text(Span { start, end });
        assert_eq!(text(0, 3), Some("one"));
        assert_eq!(text(4, 7), None);
        assert_eq!(text(8, 13), Some("three"));
        assert_eq!(text(0, 3), Some("one"));
    }

    #[test]
    fn values_longer_than_what_is_compared_at_once_and_behind_it() {
        let chunk = "\u{20ac}".repeat(10_000);
        let mut checked = checked(chunk.as_bytes());
        let mut text = |start, end| checked.text(Span { start, end });
        assert_eq!(text(0, 3), Some("\u{20ac}"));
        assert_eq!(text(3, chunk.len()).map(str::len), Some(chunk.len() - 3));
        assert_eq!(text(0, 3), Some("\u{20ac}"));
        assert_eq!(checked.work, chunk.len(), "each byte once");
    }

    #[test]
    fn what_is_ascii_is_not_checked() {
        let chunk = vec![b'a'; 20_000];
        let mut checked = checked(&chunk);
        let end = chunk.len();
        assert!(checked.text(Span { start: 0, end }).is_some());
        assert_eq!(checked.work, 0);
    }

    #[test]
    fn the_rest_of_a_character_does_not_spoil_what_follows() {
        let chunk = "\u{20ac}data: \u{20ac}\n";
        for cut in 1..3 {
            let chunk = &chunk.as_bytes()[cut..];
            let mut checked = checked(chunk);
            let (start, end) = (9 - cut, chunk.len() - 1);
            assert_eq!(checked.text(Span { start, end }), Some("\u{20ac}"));
            assert_eq!(checked.work, chunk.len() - (3 - cut), "not by itself");
            assert_eq!(checked.text(Span { start: 0, end }), None);
        }
    }

    #[test]
    fn a_character_over_an_edge_that_does_not_go_on_is_invalid() {
        for at in [63, 64, 4095, 4096, 8191] {
            for len in 1..3 {
                let mut chunk = vec![b'a'; 10_000];
                chunk[at..at + len].copy_from_slice(&"\u{20ac}".as_bytes()[..len]);
                let mut checked = checked(&chunk);
                let end = chunk.len();
                assert_eq!(checked.text(Span { start: 0, end }), None, "{at} {len}");
                let start = at + len;
                assert!(checked.text(Span { start, end }).is_some());
                assert!(checked.text(Span { start: 0, end: at }).is_some());
            }
        }
    }
}
