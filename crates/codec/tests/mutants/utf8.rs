//! Bytes to text as "UTF-8 decoder" of the Encoding standard has it, byte after byte, and how it is got wrong.

use super::fault::Fault;

/// The text of a value.
pub(crate) fn text(bytes: &[u8], fault: Option<Fault>) -> String {
    let valid = std::str::from_utf8(bytes).is_ok();
    match fault {
        Some(Fault::Latin1) => return bytes.iter().copied().map(char::from).collect(),
        Some(Fault::Latin1WhereInvalid) if !valid => {
            return bytes.iter().copied().map(char::from).collect();
        }
        Some(Fault::Windows1252) => return bytes.iter().copied().map(windows_1252).collect(),
        Some(Fault::BomEverywhere) => return decode(bytes, fault).replace('\u{FEFF}', ""),
        _ => {}
    }
    decode(bytes, fault)
}

fn decode(bytes: &[u8], fault: Option<Fault>) -> String {
    let mut text = Output {
        text: String::new(),
        last_was_error: false,
        fault,
    };
    let has = |this: Fault| fault == Some(this);
    let overlong = has(Fault::Utf8Overlong) || has(Fault::Utf8OverlongWhole);
    let mut at = 0;
    while at < bytes.len() {
        let lead = bytes[at];
        // How many bytes are to follow, and between which bounds the first of them is to be.
        let (needed, mut lower, mut upper) = match lead {
            0x00..=0x7F => (0, 0x80, 0xBF),
            0xC0..=0xC1 if overlong => (1, 0x80, 0xBF),
            0xC2..=0xDF => (1, 0x80, 0xBF),
            0xE0 if !overlong => (2, 0xA0, 0xBF),
            0xED if !has(Fault::Utf8SurrogateWhole) => (2, 0x80, 0x9F),
            0xE0..=0xEF => (2, 0x80, 0xBF),
            0xF0 if !overlong => (3, 0x90, 0xBF),
            0xF4 if !has(Fault::Utf8BeyondWhole) => (3, 0x80, 0x8F),
            0xF0..=0xF4 => (3, 0x80, 0xBF),
            0xF5..=0xF7 if has(Fault::Utf8BeyondWhole) => (3, 0x80, 0xBF),
            _ => {
                text.error(1);
                at += 1;
                continue;
            }
        };
        let mut seen = 0;
        let mut point = match needed {
            0 => u32::from(lead),
            _ => u32::from(lead) & (0x3F >> needed),
        };
        while seen < needed {
            match bytes.get(at + 1 + seen) {
                Some(&byte) if lower <= byte && byte <= upper => {
                    (lower, upper) = (0x80, 0xBF);
                    point = point << 6 | u32::from(byte & 0x3F);
                    seen += 1;
                }
                _ => break,
            }
        }
        at += 1 + seen;
        let shortest = [0, 0x80, 0x800, 0x10000][needed] <= point;
        match char::from_u32(point) {
            _ if seen < needed => {
                if at < bytes.len() || !has(Fault::Utf8TruncatedDropped) {
                    text.error(1 + seen);
                }
            }
            Some(_) if has(Fault::Utf8OverlongWhole) && !shortest => text.error(1 + seen),
            Some(_) if has(Fault::Utf8NoNoncharacters) && point & 0xFFFE == 0xFFFE => {
                text.error(1);
            }
            Some(c) => text.push(c),
            None => text.error(1 + seen),
        }
    }
    text.text
}

struct Output {
    text: String,
    last_was_error: bool,
    fault: Option<Fault>,
}

impl Output {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.last_was_error = false;
    }

    /// For one maximal subpart of so many bytes.
    fn error(&mut self, bytes: usize) {
        match self.fault {
            Some(Fault::Utf8InvalidDropped) => {}
            Some(Fault::Utf8PerByte) => self.text.extend(std::iter::repeat_n('\u{FFFD}', bytes)),
            Some(Fault::Utf8PerRun) if self.last_was_error => {}
            Some(Fault::Utf8QuestionMark) => self.text.push('?'),
            _ => self.text.push('\u{FFFD}'),
        }
        self.last_was_error = true;
    }
}

/// Those of its characters that differ from Latin-1 and stand in fixtures; the others of that range are close enough.
fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '\u{20AC}',
        0x82 => '\u{201A}',
        0x85 => '\u{2026}',
        0x98 => '\u{02DC}',
        0x9F => '\u{0178}',
        _ => char::from(byte),
    }
}
