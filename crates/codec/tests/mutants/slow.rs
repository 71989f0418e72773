//! A decoder that takes one byte after the other, slow and clear, and can be told to get one rule wrong.
//!
//! It has nothing of the decoder that it stands in for, nor of the oracle of `tests/oracle.rs`: it knows chunks, and reads
//! them as the standard's text goes. Without a fault it passes every fixture; so a fixture that fails with one fails
//! for that fault.

use super::block::Block;
use super::cases::{Decode, Told};
use super::fault::Fault;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How many bytes may be looked at for each byte and each chunk that was fed.
const WORK_PER_STEP: usize = 10;

pub(crate) struct Slow {
    max_line: usize,
    max_event: usize,
    fault: Option<Fault>,
    /// The first bytes of the stream, as long as they may yet become a BOM.
    head: Option<Vec<u8>>,
    boms: usize,
    fed: usize,
    /// The byte that ended the line before, where nothing has followed it.
    ended_by: Option<u8>,
    /// The first byte of the line end before.
    end_before: u8,
    /// A CR that has not ended its line, and the bytes that a character swallows: only with the faults that do so.
    held_cr: bool,
    swallow: usize,
    line: Vec<u8>,
    colon: Option<usize>,
    lines: usize,
    failed: bool,
    work: usize,
    block: Block,
}

/// What a decoder with this fault tells of a case. `None`: it took more than linear time.
pub(crate) fn decode(
    test: &Decode,
    chunks: &dyn Fn(usize) -> Vec<Vec<u8>>,
    fault: Option<Fault>,
) -> Option<Told> {
    let mut slow = Slow::new(test, fault);
    let mut steps = 0;
    for number in 0..test.streams.len() {
        if number > 0 {
            slow.reset();
        }
        for chunk in chunks(number) {
            steps += chunk.len() + 1;
            slow.feed(&chunk);
        }
        slow.end();
    }
    (slow.work + slow.block.work <= WORK_PER_STEP * steps).then(|| slow.block.told())
}

impl Slow {
    fn new(test: &Decode, fault: Option<Fault>) -> Slow {
        Slow {
            max_line: test.options.max_line,
            max_event: test.options.max_event,
            fault,
            head: (fault != Some(Fault::BomKept)).then(Vec::new),
            boms: 0,
            fed: 0,
            ended_by: None,
            end_before: 0,
            held_cr: false,
            swallow: 0,
            line: Vec::new(),
            colon: None,
            lines: 0,
            failed: false,
            work: 0,
            block: Block::new(&test.options, fault),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn feed(&mut self, chunk: &[u8]) {
        let chunk = match self.fault {
            Some(Fault::Utf8PerChunk) => String::from_utf8_lossy(chunk).into_owned().into_bytes(),
            Some(Fault::BomOfEveryChunk) => chunk.strip_prefix(BOM).unwrap_or(chunk).to_vec(),
            Some(Fault::Utf16Guessed) if self.fed == 0 => of_utf16(chunk),
            _ => chunk.to_vec(),
        };
        for &byte in &chunk {
            self.at_start(byte);
            self.fed += 1;
        }
        match self.fault {
            Some(Fault::BomWholeOnly)
                if self.head.as_ref().is_some_and(|head| !head.is_empty()) =>
            {
                self.no_bom();
            }
            Some(Fault::CrlfOverEdgeIsTwo) => self.ended_by = None,
            Some(Fault::CrlfOverEmptyChunkIsTwo) if chunk.is_empty() => self.ended_by = None,
            Some(Fault::Rescans) => self.work += self.line.len(),
            _ => {}
        }
    }

    /// "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
    fn at_start(&mut self, byte: u8) {
        let Some(head) = &mut self.head else {
            return self.byte(byte);
        };
        head.push(byte);
        if head == BOM {
            self.boms += 1;
            let more = self.has(Fault::BomTwice) && self.boms < 2;
            self.head = more.then(Vec::new);
        } else if !BOM.starts_with(head) {
            self.no_bom();
        }
    }

    fn no_bom(&mut self) {
        let mut head = self.head.take().unwrap_or_default();
        let last = head.last().copied();
        match self.fault {
            Some(Fault::BomPrefix) => head.drain(..head.len() - 1).for_each(drop),
            Some(Fault::BomStartsOver) if head.len() > 1 && last == Some(BOM[0]) => {
                head.pop();
                self.head = Some(vec![BOM[0]]);
            }
            Some(Fault::BomOfUtf16) if self.fed == 0 && matches!(head[..], [0xFE | 0xFF]) => {
                // Its second byte is passed over in `byte`.
                head.clear();
                self.swallow = usize::MAX;
            }
            _ => {}
        }
        for byte in head {
            self.byte(byte);
        }
    }

    /// Lines are "separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A
    /// LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character".
    fn byte(&mut self, byte: u8) {
        if self.failed {
            return;
        }
        self.work += 1;
        if self.swallow > 0 {
            return self.swallowed(byte);
        }
        if self.held_cr {
            self.held_cr = false;
            self.end_line(b'\r');
        }
        let goes_on = match (self.ended_by.take(), byte) {
            (Some(b'\r'), b'\n') => !self.has(Fault::CrlfIsTwo),
            (Some(b'\n'), b'\r') => self.has(Fault::LfCrIsOne),
            (Some(b'\r'), b'\r') => self.has(Fault::CrsAreOne),
            _ => false,
        };
        match byte {
            _ if goes_on => self.ended_by = (byte == b'\r').then_some(byte),
            b'\r' if self.has(Fault::CrKept) || self.has(Fault::CrDropped) => self.push(byte),
            b'\r' if self.has(Fault::CrHeld) => self.held_cr = true,
            b'\r' | b'\n' => self.end_line(byte),
            0 if self.has(Fault::NulEndsLine) => self.end_line(byte),
            _ => self.push(byte),
        }
    }

    fn swallowed(&mut self, byte: u8) {
        if self.has(Fault::BomOfUtf16) {
            self.swallow = 0;
            if !matches!(byte, 0xFE | 0xFF) {
                self.byte(byte);
            }
        } else {
            self.swallow -= 1;
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        if byte == b':' && self.colon.is_none() {
            self.colon = Some(self.line.len());
        }
        if self.has(Fault::Utf8SwallowsLineEnd) && self.swallow == 0 {
            self.swallow = match byte {
                0xC2..=0xDF => 1,
                0xE0..=0xEF => 2,
                0xF0..=0xF4 => 3,
                _ => 0,
            };
        }
        self.line.push(byte);
        self.check(false);
    }

    fn end_line(&mut self, byte: u8) {
        self.ended_by = Some(byte);
        let end_before = std::mem::replace(&mut self.end_before, byte);
        if self.has(Fault::CrDropped) && self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if self.check(true) {
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        self.colon = None;
        let first = self.lines == 0;
        self.lines += 1;
        if self.has(Fault::BlankLineOfOneKind) && line.is_empty() && end_before != byte && !first {
            return;
        }
        if self.has(Fault::BomAfterBlankLines) && line.is_empty() && first {
            self.lines = 0;
            self.head = Some(Vec::new());
        }
        let as_latin1 = "\u{EF}\u{BB}\u{BF}".as_bytes();
        if self.has(Fault::BomAsLatin1) && first && line.starts_with(as_latin1) {
            line.drain(..as_latin1.len());
        }
        self.block.line(&line, first);
    }

    /// Holds the line, or what there is of it, against the limits. True: it is too much.
    fn check(&mut self, complete: bool) -> bool {
        let Some((limit, max)) = self.over(complete) else {
            return false;
        };
        self.block.fail(limit, max);
        self.line.clear();
        self.colon = None;
        self.failed = !self.has(Fault::ErrorForgotten);
        true
    }

    fn over(&self, complete: bool) -> Option<(&'static str, usize)> {
        let one = usize::from(self.has(Fault::LimitsReached));
        let len = match self.fault {
            Some(Fault::LineLimitCountsEnd) => self.line.len() + usize::from(complete),
            Some(Fault::LineLimitCountsBom) if self.lines == 0 => self.line.len() + 3 * self.boms,
            Some(Fault::LineLimitCountsCharacters) => {
                String::from_utf8_lossy(&self.line).chars().count()
            }
            _ => self.line.len(),
        };
        let looked_at = match self.fault {
            Some(Fault::LineUnlimited) => false,
            Some(Fault::LineLimitAtItsEnd) => complete,
            Some(Fault::LineLimitOfData) => self.line.starts_with(b"data"),
            _ => true,
        };
        let line_over = looked_at && len.saturating_add(one) > self.max_line;
        let looked_at = match self.fault {
            Some(Fault::EventUnlimited) => false,
            Some(Fault::EventLimitAtLineEnd) => complete,
            Some(Fault::EventLimitAtBlankLine) => complete && self.line.is_empty(),
            _ => true,
        };
        let size = self.block.size_with(&self.line, self.colon, complete);
        let event_over = looked_at && size.saturating_add(one) > self.max_event;
        match (line_over, event_over) {
            (false, false) => None,
            (true, false) => Some(("line", self.max_line)),
            (true, true) if !self.has(Fault::EventLimitFirst) => Some(("line", self.max_line)),
            (_, true) => Some(("event", self.max_event)),
        }
    }

    /// "Once the end of the file is reached, any pending data must be discarded."
    fn end(&mut self) {
        if self.failed {
            return;
        }
        let line = match self.fault {
            Some(Fault::EofEndsLine | Fault::EofEndsBoth) => std::mem::take(&mut self.line),
            _ => Vec::new(),
        };
        self.block.end(&line);
    }

    /// A new connection.
    fn reset(&mut self) {
        if !self.has(Fault::BomOnceEver) && !self.has(Fault::BomKept) {
            self.head = Some(Vec::new());
        }
        (self.boms, self.fed, self.lines, self.swallow) = (0, 0, 0, 0);
        (self.ended_by, self.held_cr) = (None, false);
        if !self.has(Fault::UnfinishedGoesOn) {
            self.line.clear();
            self.colon = None;
        }
        self.failed &= self.has(Fault::ErrorOutlivesReset);
        self.block.reset();
    }
}

fn of_utf16(chunk: &[u8]) -> Vec<u8> {
    let big = match chunk {
        [0xFE, 0xFF, ..] | [0, _, ..] => true,
        [0xFF, 0xFE, ..] | [_, 0, ..] => false,
        _ => return chunk.to_vec(),
    };
    let units = chunk.chunks(2).map(|pair| match (pair, big) {
        ([a, b], true) => u16::from_be_bytes([*a, *b]),
        ([a, b], false) => u16::from_le_bytes([*a, *b]),
        _ => 0xFFFD,
    });
    let text: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{FFFD}'))
        .collect();
    text.trim_start_matches('\u{FEFF}').to_owned().into_bytes()
}
