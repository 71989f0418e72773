//! One line as large as a whole workload: its cost must not depend on the chunks that it comes in, but for the calls.

use std::hint::black_box;

use eventwire::Decoder;
use serde_json::{Value, json};

use crate::measure::timed;
use crate::plan::LongLine;

/// The chunk sizes that are compared.
pub const CHUNKS: [usize; 2] = [64, 65536];

/// An event of one data line.
pub fn input(bytes: usize) -> Vec<u8> {
    let mut input = b"data: ".to_vec();
    input.resize(bytes - 2, b'x');
    input.extend_from_slice(b"\n\n");
    input
}

/// Decodes the line and returns the bytes of its data.
pub fn decode(input: &[u8], chunk: usize) -> usize {
    let mut decoder = Decoder::builder()
        .max_line(input.len())
        .max_event(input.len())
        .build();
    let mut data = 0;
    for chunk in input.chunks(chunk) {
        let mut items = decoder.feed(chunk);
        while let Some(event) = items.next_event().expect("the limits are raised") {
            data += black_box(event.data()).len();
        }
    }
    data
}

/// Times the line in chunks of both sizes in turn, and calls that carry one byte each.
pub fn measure(rounds: usize, LongLine { bytes, calls }: LongLine) -> Value {
    println!("one line of {bytes} bytes");
    let input = input(bytes);
    let comments = comments(calls);
    let mut chunked = CHUNKS.map(|_| Vec::new());
    let mut one_byte = Vec::new();
    for round in 0..=rounds {
        for (chunk, times) in CHUNKS.iter().zip(&mut chunked) {
            let (data, took) = timed(|| decode(&input, *chunk));
            assert_eq!(data, bytes - "data: \n\n".len(), "the line is not whole");
            if round > 0 {
                times.push(took);
            }
        }
        let (data, took) = timed(|| decode(&comments, 1));
        assert_eq!(data, 0, "comments are no events");
        if round > 0 {
            one_byte.push(took);
        }
    }
    let lines = CHUNKS.iter().zip(chunked);
    let lines: Vec<Value> = lines
        .map(|(chunk, nanoseconds)| json!({"chunk": chunk, "nanoseconds": nanoseconds}))
        .collect();
    json!({
        "bytes": bytes,
        "lines": lines,
        "calls": {"count": calls, "nanoseconds": one_byte},
    })
}

/// Comment lines of 64 bytes. Fed byte by byte, nearly every call ends within a line, as those of the long line do; but the
/// lines are short, so that nothing that grows with the length of a line can hide in the cost of a call.
fn comments(bytes: usize) -> Vec<u8> {
    let mut line = [b'x'; 64];
    line[0] = b':';
    line[63] = b'\n';
    line.repeat(bytes / line.len())
}
