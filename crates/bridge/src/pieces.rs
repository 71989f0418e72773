//! A batch as texts of JavaScript.
//!
//! JavaScript cuts its strings out of one text. What it cuts out keeps the whole text alive, so a batch crosses in pieces: an
//! event that somebody keeps holds [`MAX_TEXT`] at most beside itself. A text is Latin-1 where all of it can be (one byte for
//! each character), else UTF-16; the ends of the parts are counted in its characters.

use encoding_rs::mem;

use crate::packed::{Batch, WORDS_PER_ITEM};

/// A piece takes no further item once it has so many bytes.
pub const MAX_TEXT: usize = 16 << 10;

/// The most items of a piece, for whom the numbers of one are of a fixed size.
pub const MAX_ITEMS: usize = 4096;

/// What is kept from one batch to the next.
const KEEP: usize = 1 << 20;

/// The text of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// One byte for each character.
    Latin1(&'a [u8]),
    /// UTF-16 code units, in the byte order of the machine.
    Utf16(&'a [u16]),
}

/// How far a batch was given out.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    /// How many items and how many bytes of text.
    items: usize,
    bytes: usize,
    /// The text of the last piece, where it is not as it lies in the batch.
    latin1: Vec<u8>,
    utf16: Vec<u16>,
}

impl Pieces {
    /// To begin a batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next piece of `batch`: its text, and at the start of `words` the numbers of its items, as [`Batch::words`] has them.
    /// `None` after the last, and then it is ready for another batch.
    ///
    /// # Panics
    ///
    /// If there is not room for [`MAX_ITEMS`] in `words`.
    pub fn next<'a>(
        &'a mut self,
        batch: &'a Batch,
        words: &mut [u32],
    ) -> Option<(Text<'a>, usize)> {
        let all = &batch.words()[self.items * WORDS_PER_ITEM..];
        let start = self.bytes;
        let mut end = start;
        let mut items = 0;
        for item in all.chunks_exact(WORDS_PER_ITEM) {
            if items == MAX_ITEMS || (items > 0 && end - start >= MAX_TEXT) {
                break;
            }
            items += 1;
            end = item[WORDS_PER_ITEM - 1] as usize;
        }
        if items == 0 {
            self.rewind();
            if self.latin1.capacity() + self.utf16.capacity() > KEEP {
                (self.latin1, self.utf16) = (Vec::new(), Vec::new());
            }
            return None;
        }
        (self.items, self.bytes) = (self.items + items, end);
        let words = &mut words[..items * WORDS_PER_ITEM];
        words.copy_from_slice(&all[..items * WORDS_PER_ITEM]);
        let text = &batch.text()[start..end];
        Some((self.text(text, start, words), items))
    }

    /// How many items of `batch` are left.
    pub fn left(&self, batch: &Batch) -> usize {
        batch.len() - self.items
    }

    /// Forgets how far the batch was given out, for another one.
    pub fn rewind(&mut self) {
        (self.items, self.bytes) = (0, 0);
    }

    /// Turns ends in bytes of the batch into ends in characters of the piece's text.
    fn text<'a>(&'a mut self, text: &'a str, offset: usize, words: &mut [u32]) -> Text<'a> {
        if is_ascii(text.as_bytes()) {
            for item in words.chunks_exact_mut(WORDS_PER_ITEM) {
                for end in &mut item[1..] {
                    *end -= offset as u32;
                }
            }
            return Text::Latin1(text.as_bytes());
        }
        let mut part = Parts {
            text,
            offset,
            start: 0,
        };
        if mem::is_str_latin1(text) {
            self.latin1.resize(text.len(), 0);
            let mut at = 0;
            part.each(words, |part| {
                at += mem::convert_utf8_to_latin1_lossy(part.as_bytes(), &mut self.latin1[at..]);
                at
            });
            Text::Latin1(&self.latin1[..at])
        } else {
            // No text has more code units than bytes.
            self.utf16.resize(text.len(), 0);
            let mut at = 0;
            part.each(words, |part| {
                at += mem::convert_str_to_utf16(part, &mut self.utf16[at..]);
                at
            });
            Text::Utf16(&self.utf16[..at])
        }
    }
}

/// Without a branch for each byte, so that the compiler takes as many at a time as fit: this reads all of every text, most of
/// them ASCII, and the standard library's and encoding_rs' take a tenth of the whole time. The last block overlaps the one before it,
/// since to take a rest byte by byte costs as much as all else of a small text.
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let all = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all | byte) < 0x80;
    match bytes.last_chunk::<64>() {
        Some(last) => bytes.as_chunks::<64>().0.iter().all(|block| all(block)) && all(last),
        None => all(bytes),
    }
}

/// The parts of the items of a text.
struct Parts<'a> {
    text: &'a str,
    /// Where in the batch it begins.
    offset: usize,
    start: usize,
}

impl Parts<'_> {
    /// Replaces the end of each part by what `end_of` says of it.
    fn each(&mut self, words: &mut [u32], mut end_of: impl FnMut(&str) -> usize) {
        for item in words.chunks_exact_mut(WORDS_PER_ITEM) {
            for end in &mut item[1..] {
                let next = *end as usize - self.offset;
                *end = end_of(&self.text[self.start..next]) as u32;
                self.start = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What JavaScript makes of the pieces, with the kind of each text.
    fn told(batch: &Batch) -> (Vec<[String; 3]>, Vec<&'static str>) {
        let mut words = vec![0; MAX_ITEMS * WORDS_PER_ITEM];
        let mut pieces = Pieces::new();
        let (mut items, mut kinds) = (Vec::new(), Vec::new());
        while let Some((text, count)) = pieces.next(batch, &mut words) {
            let (kind, units) = match text {
                Text::Latin1(bytes) => ("latin1", bytes.iter().map(|&b| b.into()).collect()),
                Text::Utf16(units) => ("utf16", units.to_vec()),
            };
            kinds.push(kind);
            let mut start = 0;
            for item in words[..count * WORDS_PER_ITEM].chunks(WORDS_PER_ITEM) {
                items.push([item[1], item[2], item[3]].map(|end| {
                    let part = &units[start..end as usize];
                    start = end as usize;
                    String::from_utf16(part).unwrap()
                }));
            }
            assert_eq!(start, units.len(), "all of the text belongs to an item");
        }
        (items, kinds)
    }

    #[test]
    fn a_byte_beyond_ascii_is_found_wherever_it_is() {
        for len in 0..200 {
            let mut bytes = vec![b'a'; len];
            assert!(is_ascii(&bytes), "{len}");
            for at in 0..len {
                bytes[at] = 0x80;
                assert!(!is_ascii(&bytes), "{at} of {len}");
                bytes[at] = b'a';
            }
        }
    }

    #[test]
    fn every_text_comes_out_in_its_smallest_form() {
        for (data, kind) in [
            ("plain", "latin1"),
            ("caf\u{e9} \u{ff}", "latin1"),
            ("\u{100}", "utf16"),
            ("a\u{1d11e}\u{20ac}", "utf16"),
        ] {
            let mut batch = Batch::new();
            batch.push_event("t\u{e9}", "\u{e9}1", data);
            batch.push_event("x", "", "z");
            let (items, kinds) = told(&batch);
            assert_eq!(items, [["t\u{e9}", "\u{e9}1", data], ["x", "", "z"]]);
            let kind = if data == "plain" { "latin1" } else { kind };
            assert_eq!(kinds, [kind]);
        }
    }

    #[test]
    fn a_large_batch_comes_in_pieces_and_a_large_item_is_one() {
        let mut batch = Batch::new();
        let parts = [
            "a".repeat(100),
            "\u{e9}".repeat(MAX_TEXT * 3),
            "\u{20ac}".repeat(50),
        ];
        let mut want = Vec::new();
        for at in 0..2000 {
            let data = &parts[match at {
                0..500 => 0,
                1000 => 1,
                _ => at % 2 * 2,
            }];
            batch.push_event("message", &at.to_string(), data);
            want.push([String::new(), at.to_string(), data.clone()]);
        }
        let (items, kinds) = told(&batch);
        assert_eq!(items, want);
        assert!(
            kinds.len() > batch.text().len() / (MAX_TEXT * 6),
            "{}",
            kinds.len()
        );
        assert!(kinds.contains(&"latin1") && kinds.contains(&"utf16"));
    }

    #[test]
    fn many_items_without_text_come_in_pieces_too() {
        let mut batch = Batch::new();
        for _ in 0..2 * MAX_ITEMS + 1 {
            batch.push_event("message", "", "");
        }
        let (items, kinds) = told(&batch);
        assert_eq!((items.len(), kinds.len()), (2 * MAX_ITEMS + 1, 3));
    }
}
