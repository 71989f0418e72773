//! The block that is being read, and what a line is: its name and its value.

use super::cases::{Item, Options, Told};
use super::fault::Fault;
use super::size::Held;
use super::utf8;

pub(crate) struct Block {
    pub(super) fault: Option<Fault>,
    pub(super) comments: bool,
    pub(super) seed: String,
    pub(super) told: Told,
    /// The data lines, the type and the id that the block has set so far.
    pub(super) data: Vec<String>,
    pub(super) event: Option<String>,
    pub(super) id: Option<String>,
    pub(super) held: Held,
    /// A fault waits with a time, drops the event, has seen an unknown line, or has ended the stream.
    pub(super) retry: Option<u64>,
    pub(super) dropped: bool,
    pub(super) unknown: bool,
    pub(super) dead: bool,
    pub(super) ids_seen: bool,
    pub(super) last_was_data: bool,
    pub(crate) work: usize,
}

impl Block {
    pub(crate) fn new(options: &Options, fault: Option<Fault>) -> Block {
        let seed = match fault {
            Some(Fault::SeedIgnored) => String::new(),
            _ => options.last_event_id.clone(),
        };
        Block {
            fault,
            comments: options.comments,
            told: Told {
                last_event_id: seed.clone(),
                ..Told::default()
            },
            seed,
            data: Vec::new(),
            event: None,
            id: None,
            held: Held::default(),
            retry: None,
            dropped: false,
            unknown: false,
            dead: false,
            ids_seen: false,
            last_was_data: false,
            work: 0,
        }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn told(self) -> Told {
        self.told
    }

    pub(crate) fn line(&mut self, line: &[u8], first: bool) {
        let ends: &[char] = match self.fault {
            Some(Fault::SeparatorEndsLine) => &['\u{2028}', '\u{2029}'],
            Some(Fault::NelEndsLine) => &['\u{85}'],
            Some(Fault::VtAndFfEndLine) => &['\u{B}', '\u{C}'],
            Some(Fault::FsGsRsEndLine) => &['\u{1C}', '\u{1D}', '\u{1E}'],
            _ => return self.one_line(line, first),
        };
        for part in String::from_utf8_lossy(line).split(ends) {
            self.one_line(part.as_bytes(), first);
        }
    }

    pub(super) fn one_line(&mut self, line: &[u8], first: bool) {
        let line = match self.fault {
            Some(Fault::BomOfEveryLine) => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
            _ => line,
        };
        self.work += line.len();
        self.dead |= self.has(Fault::Utf8Strict) && std::str::from_utf8(line).is_err();
        if self.dead {
            return;
        }
        if line.is_empty() {
            return self.blank_line();
        }
        let colon = match self.fault {
            Some(Fault::LastColon) => line.iter().rposition(|&byte| byte == b':'),
            Some(Fault::SpaceNeeded) => line.windows(2).position(|pair| pair == b": "),
            _ => line.iter().position(|&byte| byte == b':'),
        };
        if colon == Some(0) {
            return self.comment(self.stripped(b"", &line[1..]));
        }
        let (name, raw) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None if self.has(Fault::NoColonIsItsValue) => (line, line),
            None => (line, &line[..0]),
        };
        let value = self.stripped(name, raw);
        let known = self.known(name);
        let ignored = colon.is_none()
            && match self.fault {
                Some(Fault::NoColonIgnored) => true,
                Some(Fault::NoColonOnlyData) => known != Some("data"),
                Some(Fault::NoColonNeverData) => known == Some("data"),
                Some(Fault::EmptyIdNeedsColon) => known == Some("id"),
                _ => false,
            };
        match known {
            _ if ignored => {}
            Some("data") => self.data_line(value),
            Some("event") => self.event_line(value),
            Some("id") => self.id_line(value),
            Some(_) => self.retry_line(value),
            None => self.unknown_line(line, first),
        }
        self.last_was_data = known == Some("data");
        self.count(known, name, raw);
    }

    /// "If value starts with a U+0020 SPACE character, remove it from value."
    fn stripped<'v>(&self, name: &[u8], value: &'v [u8]) -> &'v [u8] {
        let once = value.strip_prefix(b" ").unwrap_or(value);
        let spaces: &[&[u8]] = match self.fault {
            Some(Fault::SpaceKept) => return value,
            Some(Fault::SpaceOfDataOnly) if name != b"data" => return value,
            Some(Fault::ValueTrimmed) => return value.trim_ascii(),
            Some(Fault::TrailingSpaceStripped) => return once.strip_suffix(b" ").unwrap_or(once),
            Some(Fault::TabStripped) => {
                return value.strip_prefix(b"\t").unwrap_or(once);
            }
            Some(Fault::AllSpacesStripped) => &[b" "],
            Some(Fault::UnicodeSpaceStripped) => {
                &[b" ", b"\xC2\xA0", b"\xE3\x80\x80", b"\xEF\xBB\xBF"]
            }
            _ => return once,
        };
        let mut value = value;
        while let Some(rest) = spaces.iter().find_map(|space| value.strip_prefix(*space)) {
            value = rest;
        }
        value
    }

    /// "Field names must be compared literally, with no case folding performed."
    fn known(&self, name: &[u8]) -> Option<&'static str> {
        let text = String::from_utf8_lossy(name).into_owned();
        let text = match self.fault {
            Some(Fault::NamesIgnoreCase) => text.to_ascii_lowercase(),
            Some(Fault::NamesTrimmed) => text.trim().to_owned(),
            Some(Fault::NamesWithoutInvalid) => text.replace('\u{FFFD}', ""),
            _ => text,
        };
        let is = |name: &&str| match self.fault {
            Some(Fault::NamesByPrefix) => text.starts_with(*name),
            _ => text == *name,
        };
        ["data", "event", "id", "retry"].into_iter().find(is)
    }

    fn comment(&mut self, value: &[u8]) {
        let valid = std::str::from_utf8(value).is_ok();
        if self.comments && (valid || !self.has(Fault::Utf8CommentDropped)) {
            let text = utf8::text(value, self.fault);
            self.told.items.push(Item::Comment(text));
        }
        match self.fault {
            Some(Fault::CommentIsData) => self.data_line(value),
            Some(Fault::CommentEndsBlock) => self.blank_line(),
            Some(Fault::EventLimitCountsAll) => self.held.more += value.len(),
            _ => {}
        }
        self.last_was_data = false;
    }

    fn unknown_line(&mut self, line: &[u8], first: bool) {
        self.unknown = true;
        match self.fault {
            Some(Fault::UnknownEndsBlock) => self.blank_line(),
            Some(Fault::UnknownIsData) => self.data_line(line),
            Some(Fault::NotAStreamIsFatal) => self.dead |= first,
            _ => {}
        }
    }
}
