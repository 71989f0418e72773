//! Random sessions: what a server sends on one connection after the other.
//!
//! The pieces are those of the oracle's property tests (`crates/codec/tests/oracle.rs`), and whole lines among them, so that
//! more streams come to dispatch something.

use fastrand::Rng;

/// What one `EventSource` is given.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) number: u64,
    /// At least one.
    pub(crate) connections: Vec<Stream>,
    /// The page closes when the first connection ends. Else it comes back until all connections were given to it.
    pub(crate) closes: bool,
}

/// A stream in the chunks that it is sent in.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) chunks: Vec<Chunk>,
}

impl Stream {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.bytes.iter().copied())
            .collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    /// How many milliseconds pass before the next, so that the browser's own reading does not join them.
    pub(crate) pause: u64,
}

const ENDS: [&[u8]; 7] = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\n\r",
    b"\r\n\r\n",
];
const NAMES: [&str; 14] = [
    "data", "data", "data", "event", "event", "id", "id", "retry", "", "foo", "dat", "idx", "Data",
    " data",
];
const COLONS: [&str; 5] = [":", ": ", ": ", ":  ", ":\t"];
/// Plain types, those that mean something to a page, and hostile ones.
pub(crate) const TYPES: [&str; 16] = [
    "tick",
    "message",
    "",
    "open",
    "error",
    "Message",
    " tick",
    "tick ",
    "\ttick",
    "tick\0",
    "\0",
    "a:b",
    "\u{feff}tick",
    "\u{e9}\u{20ac}\u{1f600}",
    "t\u{2028}\u{85}\u{b}k",
    "\u{fffd}",
];
const IDS: [&str; 12] = [
    "1",
    "42",
    "",
    " ",
    "a\0b",
    "\0",
    " 7 ",
    "\u{e9}\u{20ac}\u{1f600}",
    "\u{feff}",
    "x\u{2028}y",
    "a:b, \"c\"",
    "\u{1}\u{7f}",
];
const TIMES: [&str; 10] = [
    "1",
    "0",
    "007",
    "+5",
    "5x",
    " 5",
    "-1",
    "1_0",
    "\u{661}",
    "99999999999999999999999999",
];
/// A byte order mark; parts of characters; overlong, a surrogate, beyond U+10FFFF, and what is never UTF-8.
const ODD: [&[u8]; 12] = [
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xEF",
    b"\xF0\x9F",
    b"\xF0\x9F\x98",
    b"\xE2\x82",
    b"\xC3",
    b"\xC0\xAF",
    b"\xED\xA0\x80",
    b"\xF4\x90\x80\x80",
    b"\xFF",
    b"\x80",
];
const CHARACTERS: [char; 24] = [
    'a',
    'b',
    'c',
    'd',
    'x',
    'z',
    '0',
    '9',
    ' ',
    ' ',
    ':',
    '\t',
    '\0',
    '\u{1}',
    '\u{b}',
    '\u{c}',
    '\u{1c}',
    '\u{85}',
    '\u{e9}',
    '\u{20ac}',
    '\u{1f600}',
    '\u{2028}',
    '\u{2029}',
    '\u{feff}',
];

/// The session of this number, for this seed: always the same.
pub(crate) fn session(seed: u64, number: u64) -> Session {
    let mut rng = Rng::with_seed(seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let closes = rng.bool();
    let count = if closes { 1 } else { rng.usize(1..=3) };
    let connections = (0..count)
        .map(|_| {
            let mut bytes = body(&mut rng);
            if !closes {
                bytes.extend(comes_back_soon(&mut rng));
            }
            cut(&mut rng, &bytes)
        })
        .collect();
    Session {
        number,
        connections,
        closes,
    }
}

fn body(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    if rng.u8(..) < 64 {
        bytes.extend_from_slice(one(rng, &ODD[..3]));
    }
    for _ in 0..rng.usize(0..30) {
        bytes.extend(piece(rng));
    }
    bytes
}

fn piece(rng: &mut Rng) -> Vec<u8> {
    let text = text(rng);
    match rng.u32(0..16) {
        0..=1 => one(rng, &ENDS).to_vec(),
        2 => one(rng, &NAMES).as_bytes().to_vec(),
        3 => one(rng, &COLONS).as_bytes().to_vec(),
        4 => text.into_bytes(),
        5 => one(rng, &ODD).to_vec(),
        6 => (0..rng.usize(0..6)).map(|_| rng.u8(..)).collect(),
        7 => b"x".repeat(rng.usize(0..90)),
        8..=10 => line(rng, "data", &text),
        11 => {
            let event = one(rng, &TYPES);
            line(rng, "event", event)
        }
        12 => {
            let id = one(rng, &IDS);
            line(rng, "id", id)
        }
        13 => {
            let time = one(rng, &TIMES);
            line(rng, "retry", time)
        }
        14 => {
            let name = one(rng, &NAMES);
            line(rng, name, &text)
        }
        _ => [line(rng, "data", &text).as_slice(), one(rng, &ENDS)].concat(),
    }
}

fn line(rng: &mut Rng, name: &str, value: &str) -> Vec<u8> {
    let (colon, end) = (one(rng, &COLONS), one(rng, &ENDS));
    [name.as_bytes(), colon.as_bytes(), value.as_bytes(), end].concat()
}

fn text(rng: &mut Rng) -> String {
    (0..rng.usize(0..9))
        .map(|_| one(rng, &CHARACTERS))
        .collect()
}

/// An end that has the browser come back at once, whatever the stream has said before, and something unfinished behind it.
fn comes_back_soon(rng: &mut Rng) -> Vec<u8> {
    const TAILS: [&[u8]; 16] = [
        b"",
        b"\n",
        b"\r",
        b":",
        b"retr",
        b"id",
        b"id: tail",
        b"id: tail\n",
        b"id: tail\ndata: x",
        b"id: tail\ndata: x\n",
        b"id\n\r",
        b"id: a\0b\n\n",
        b"id: \xE2\x82\xAC\n\n",
        b"event: tick\ndata: last\n\n",
        b"data: \xE2\x82",
        b"\xEF\xBB\xBF",
    ];
    let time = one(rng, &["0", "1", "2", "003"]);
    let (before, behind, tail) = (one(rng, &ENDS), one(rng, &ENDS), one(rng, &TAILS));
    [before, b"retry: ", time.as_bytes(), behind, tail].concat()
}

fn cut(rng: &mut Rng, bytes: &[u8]) -> Stream {
    let mut cuts: Vec<usize> = match rng.u32(0..8) {
        0 => Vec::new(),
        // Byte by byte, but not for long.
        1 => (1..bytes.len().min(40)).collect(),
        _ => (0..rng.usize(1..7))
            .map(|_| rng.usize(0..=bytes.len()))
            .collect(),
    };
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut chunk = |edges: &[usize]| Chunk {
        bytes: bytes[edges[0]..edges[1]].to_vec(),
        pause: one(rng, &[0, 1, 1, 3]),
    };
    Stream {
        chunks: cuts.windows(2).map(&mut chunk).collect(),
    }
}

fn one<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(0..of.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(session: &Session) -> Vec<Vec<u8>> {
        session.connections.iter().map(Stream::bytes).collect()
    }

    #[test]
    fn a_seed_and_a_number_give_the_same_session_again() {
        assert_eq!(bytes(&session(5, 7)), bytes(&session(5, 7)));
        assert_ne!(bytes(&session(5, 7)), bytes(&session(5, 8)));
        assert_ne!(bytes(&session(5, 7)), bytes(&session(6, 7)));
    }

    #[test]
    fn the_streams_are_of_every_kind() {
        let sessions: Vec<Session> = (0..2000).map(|number| session(1, number)).collect();
        let kinds: [(&str, Kind); 6] = [
            ("one whose page closes", |it| it.closes),
            ("one that comes back twice", |it| it.connections.len() == 3),
            ("a byte order mark in parts", |it| {
                let chunks = &it.connections[0].chunks;
                it.connections[0].bytes().starts_with(b"\xEF\xBB\xBF") && chunks[0].bytes.len() < 3
            }),
            ("a CRLF in two chunks", |it| {
                let edges = it.connections[0].chunks.windows(2);
                let mut edges = edges.map(|edge| (edge[0].bytes.last(), edge[1].bytes.first()));
                edges.any(|edge| edge == (Some(&b'\r'), Some(&b'\n')))
            }),
            ("an id with NUL", |it| has(it, b"id: a\0b")),
            ("invalid UTF-8", |it| {
                String::from_utf8(it.connections[0].bytes()).is_err()
            }),
        ];
        for (kind, is_it) in kinds {
            let count = sessions.iter().filter(|session| is_it(session)).count();
            assert!(count > 10, "{count} of 2000 sessions have {kind}");
        }
    }

    type Kind = fn(&Session) -> bool;

    fn has(session: &Session, part: &[u8]) -> bool {
        let streams = bytes(session);
        streams
            .iter()
            .any(|stream| stream.windows(part.len()).any(|window| window == part))
    }
}
