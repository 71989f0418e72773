//! Ours and each peer, as one function each.

mod ours;
mod peers;

use std::hint::black_box;

/// What a stream held: every decoder must find the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub events: usize,
    /// Bytes of their data.
    pub data: usize,
    /// Bytes of their types; one without a type is a "message".
    pub types: usize,
    /// Bytes of their ids.
    pub ids: usize,
}

impl Tally {
    /// Counts an event, as a program would look at it.
    #[inline(always)]
    fn add(&mut self, event: &str, data: &str, id: &str) {
        let (event, data, id) = black_box((event, data, id));
        self.events += 1;
        self.data += data.len();
        self.types += event.len();
        self.ids += id.len();
    }
}

/// Decodes a stream that comes in chunks of one size.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    /// As xtask knows it.
    pub name: &'static str,
    /// Decodes it all. `None` where nothing is decoded.
    pub run: fn(&'static [u8], usize) -> Option<Tally>,
}

/// In the order of a round.
pub const ALL: &[Decoder] = &[
    Decoder {
        name: "eventwire, borrowed",
        run: ours::borrowed,
    },
    Decoder {
        name: "eventwire, owned",
        run: ours::owned,
    },
    Decoder {
        name: "sse-stream",
        run: peers::sse_stream,
    },
    Decoder {
        name: "sse-codec",
        run: peers::sse_codec,
    },
    Decoder {
        name: "eventsource-stream",
        run: peers::eventsource_stream,
    },
    Decoder {
        name: "memcpy",
        run: memcpy,
    },
];

/// The least that anything does that takes the bytes to elsewhere.
fn memcpy(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut to = vec![0; chunk];
    for from in input.chunks(chunk) {
        to[..from.len()].copy_from_slice(black_box(from));
        black_box(&mut to);
    }
    None
}
