//! The streams that are decoded: made here, so that every language gets the same bytes.
//!
//! All events of a workload have the same size, so that a chunk of one event is a chunk of so many bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The usual chunk sizes; that of one event is added to them.
pub(crate) const CHUNKS: [usize; 4] = [64, 1400, 16384, 65536];

/// A kind of stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Pieces of a language model's answer: 189 bytes an event, one data line of JSON, ASCII.
    Llm,
    /// Prices: 36 bytes an event, an id, a type and a short data line.
    Tick,
    /// Documents: 8 KiB an event, 20 data lines, five of them with multibyte text.
    Big,
}

/// A stream, written to a file.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// What every decoder must find in it.
    pub(crate) holds: Tally,
    pub(crate) chunks: Vec<usize>,
}

/// What a stream holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    /// Bytes of data, of types (an event without one is a "message") and of ids.
    pub(crate) data: u64,
    pub(crate) types: u64,
    pub(crate) ids: u64,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Tick => "tick",
            Self::Big => "big",
        }
    }

    /// Bytes of an event on the wire, with its blank line.
    pub(crate) fn event_size(self) -> usize {
        match self {
            Self::Llm => 189,
            Self::Tick => 36,
            Self::Big => 8192,
        }
    }

    /// Appends the wire form of an event, and counts what it holds.
    fn push(self, out: &mut Vec<u8>, number: u64, random: &mut Random, holds: &mut Tally) {
        let event = match self {
            Self::Llm => llm(random),
            Self::Tick => tick(number, random),
            Self::Big => big(random),
        };
        if let Some((id, kind)) = event.names {
            out.extend_from_slice(format!("id: {id}\nevent: {kind}\n").as_bytes());
            holds.ids += id.len() as u64;
            holds.types += kind.len() as u64;
        } else {
            holds.types += "message".len() as u64;
        }
        for line in event.data.split('\n') {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        out.push(b'\n');
        holds.events += 1;
        holds.data += event.data.len() as u64;
    }
}

/// Writes a stream of so many whole events as fit into `size` bytes, at least one, to be fed in chunks of these sizes and of one
/// event.
pub(crate) fn write(folder: &Path, kind: Kind, size: usize, chunks: &[usize]) -> Result<Workload> {
    let events = (size / kind.event_size()).max(1);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut holds = Tally::default();
    let mut bytes = Vec::with_capacity(events * kind.event_size());
    for number in 0..events {
        kind.push(&mut bytes, number as u64, &mut random, &mut holds);
    }
    let path = folder.join(format!("{}.txt", kind.name()));
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let mut chunks = chunks.to_vec();
    chunks.push(kind.event_size());
    chunks.sort_unstable();
    chunks.dedup();
    Ok(Workload {
        kind,
        path,
        holds,
        chunks,
    })
}

struct Event {
    /// Id and type.
    names: Option<(String, &'static str)>,
    data: String,
}

fn tick(number: u64, random: &mut Random) -> Event {
    Event {
        names: Some((format!("{}", 1_000_000 + number), "tick")),
        data: format!("{}.{}", 10 + random.below(90), random.below(10)),
    }
}

/// Words of different lengths, the rest of the size taken up by the name of the answer.
fn llm(random: &mut Random) -> Event {
    const SIZE: usize = 181;
    let word = random.pick(WORDS);
    let end = format!(
        "\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"m-1\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" {word}\"}},\"finish_reason\":null}}]}}"
    );
    let mut data = String::from("{\"id\":\"chatcmpl-");
    while data.len() + end.len() < SIZE {
        data.push(char::from(b"0123456789abcdef"[random.below(16)]));
    }
    data.push_str(&end);
    Event { names: None, data }
}

fn big(random: &mut Random) -> Event {
    const LINES: usize = 20;
    // 8192 less the field names, the line ends and the blank line.
    const TEXT: usize = 8192 - LINES * "data: \n".len() - 1;
    let lines: Vec<String> = (0..LINES)
        .map(|at| {
            let size = TEXT * (at + 1) / LINES - TEXT * at / LINES;
            line(if at % 4 == 1 { MULTIBYTE } else { WORDS }, size, random)
        })
        .collect();
    Event {
        names: None,
        data: lines.join("\n"),
    }
}

/// Words up to exactly so many bytes.
fn line(words: &[&str], size: usize, random: &mut Random) -> String {
    let mut line = String::with_capacity(size);
    loop {
        let word = random.pick(words);
        if line.len() + word.len() + 1 > size {
            break;
        }
        line.push_str(word);
        line.push(' ');
    }
    while line.len() < size {
        line.push('.');
    }
    line
}

const WORDS: &[&str] = &[
    "a",
    "of",
    "the",
    "time",
    "water",
    "stream",
    "reading",
    "standard",
    "publisher",
    "connection",
];

/// Two, three and four bytes a character.
const MULTIBYTE: &[&str] = &[
    "größer",
    "naïve",
    "Ελλάδα",
    "погода",
    "日本語",
    "한국어",
    "café",
    "🌍",
    "plain",
];

/// Xorshift: the same numbers on every machine and in every version.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % bound as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(kind: Kind, events: u64) -> (Vec<u8>, Tally) {
        let (mut random, mut holds) = (Random(7), Tally::default());
        let mut bytes = Vec::new();
        for number in 0..events {
            kind.push(&mut bytes, number, &mut random, &mut holds);
        }
        (bytes, holds)
    }

    #[test]
    fn every_event_has_the_size_of_its_workload() {
        for kind in [Kind::Llm, Kind::Tick, Kind::Big] {
            let (bytes, holds) = stream(kind, 50);
            assert_eq!(holds.events, 50);
            for event in bytes.chunks(kind.event_size()) {
                assert_eq!(event.len(), kind.event_size(), "{}", kind.name());
                let text = std::str::from_utf8(event).unwrap();
                assert!(text.ends_with("\n\n"), "{text:?}");
                assert_eq!(text.matches("\n\n").count(), 1, "{text:?}");
            }
        }
    }

    #[test]
    fn a_document_has_five_lines_of_multibyte_text() {
        let (bytes, holds) = stream(Kind::Big, 1);
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 20);
        assert_eq!(lines.iter().filter(|line| !line.is_ascii()).count(), 5);
        // Twenty field names less, nineteen line feeds between.
        assert_eq!(holds.data, 8192 - 20 * 7 - 1 + 19);
    }

    #[test]
    fn a_tick_has_an_id_a_type_and_a_price() {
        let (bytes, holds) = stream(Kind::Tick, 1);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("id: 1000000\nevent: tick\ndata: "));
        assert_eq!((holds.ids, holds.types, holds.data), (7, 4, 4));
    }
}
