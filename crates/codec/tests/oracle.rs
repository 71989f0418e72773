//! The decoder against the standard, read slowly.
//!
//! Random streams in random chunks must come out the same from both; and what the encoder writes must
//! come back.

use eventwire_codec::{Block, Decoder, Event, Item, MAX_RETRY};
use proptest::prelude::*;

#[path = "support/oracle.rs"]
mod standard;

use standard::{Told, oracle};

fn decode(stream: &[u8], cuts: &[prop::sample::Index], max_line: usize, max_event: usize) -> Told {
    let mut decoder = Decoder::builder()
        .max_line(max_line)
        .max_event(max_event)
        .comments(true)
        .retries(true)
        .build();
    let mut told = Told::default();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(stream.len());
    let mut start = 0;
    for cut in cuts {
        let mut items = decoder.feed(&stream[start..cut]);
        start = cut;
        loop {
            match items.next() {
                Ok(Some(Item::Event(event))) => told.items.push(format!(
                    "event {:?} {:?} {:?}",
                    event.event(),
                    event.data(),
                    event.id()
                )),
                Ok(Some(Item::Comment(text))) => told.items.push(format!("comment {text:?}")),
                Ok(Some(Item::Retry(time))) => told.items.push(format!("retry {time}")),
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => break,
                Err(error) => {
                    told.error = Some(error.limit());
                    break;
                }
            }
        }
    }
    told.last_event_id = decoder.last_event_id().to_owned();
    told.reconnection_time = decoder.reconnection_time();
    told
}

/// What streams are made of, so that random ones say something: whole lines, and pieces of lines.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const ENDS: [&[u8]; 7] = [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\n\r",
        b"\r\n\r\n",
    ];
    const NAMES: [&[u8]; 9] = [
        b"data", b"event", b"id", b"retry", b"foo", b"", b"data", b"dat", b"idx",
    ];
    const COLONS: [&[u8]; 3] = [b":", b": ", b":  "];
    const PARTS: [&[u8]; 4] = [b"\xEF\xBB\xBF", b"\xEF\xBB", b"\xF0\x9F", b"\xE2"];
    // One BOM, and what is nearly one or one too many.
    const STARTS: [&[u8]; 8] = [
        b"",
        b"",
        b"",
        b"",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xEF\xBB",
        b"\xEF\xBB\xBF\xEF\xBB\xBF",
    ];
    let one_of = |of: &'static [&'static [u8]]| prop::sample::select(of).prop_map(<[u8]>::to_vec);
    let text = "[a-z0-9 \u{0}\u{e9}\u{20ac}\u{1f600}\u{2028}]{0,8}";
    let line = (one_of(&NAMES), one_of(&COLONS), text, one_of(&ENDS));
    let piece = prop_oneof![
        4 => line.prop_map(|(name, colon, text, end)| [name, colon, text.into_bytes(), end].concat()),
        6 => one_of(&ENDS),
        6 => one_of(&NAMES),
        6 => one_of(&COLONS),
        4 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => one_of(&PARTS),
        1 => "[0-9]{1,25}".prop_map(|digits| format!("\nretry: {digits}\n").into_bytes()),
        1 => (0..90_usize).prop_map(|len| vec![b'x'; len]),
    ];
    let pieces = prop::collection::vec(piece, 0..40);
    (one_of(&STARTS), pieces).prop_map(|(start, pieces)| [start, pieces.concat()].concat())
}

/// How many streams a property is tried with, where the environment does not name another number for all of them.
///
/// Nothing is written beside the tests: a failure prints the stream and the cuts.
fn cases(default: u32) -> ProptestConfig {
    let streams = std::env::var("EVENTWIRE_STREAMS").map(|streams| {
        let number = streams.parse::<u32>();
        number.unwrap_or_else(|_| panic!("EVENTWIRE_STREAMS is {streams:?}, and no number"))
    });
    ProptestConfig {
        cases: streams.unwrap_or(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Fewer where each is as long as hundreds.
fn long(config: ProptestConfig) -> ProptestConfig {
    let cases = config.cases.div_ceil(20).min(1000);
    ProptestConfig { cases, ..config }
}

fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..12)
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn the_decoder_does_what_the_standard_says(stream in stream(), cuts in cuts()) {
        let want = oracle(&stream, usize::MAX, usize::MAX);
        prop_assert_eq!(decode(&stream, &cuts, usize::MAX, usize::MAX), want);
    }

    #[test]
    fn limits_are_hit_at_the_same_byte_for_every_chunking(
        stream in stream(), cuts in cuts(), max_line in 0..40_usize, max_event in 0..40_usize,
    ) {
        let want = oracle(&stream, max_line, max_event);
        prop_assert_eq!(decode(&stream, &cuts, max_line, max_event), want);
    }

    #[test]
    fn what_the_encoder_writes_comes_back(
        events in prop::collection::vec(("[^\0\r\n]{0,8}", any::<String>(), "[^\0\r\n]{1,8}"), 1..8),
        cuts in cuts(),
    ) {
        let mut stream = Vec::new();
        let mut want = Vec::new();
        for (event, data, id) in &events {
            let sent = Event::new(data.as_str()).with_type(event.as_str()).with_id(id.as_str());
            stream.extend(sent.encode().unwrap());
            let data = data.replace("\r\n", "\n").replace('\r', "\n");
            want.push(format!("event {:?} {data:?} {id:?}", sent.event()));
        }
        let told = decode(&stream, &cuts, usize::MAX, usize::MAX);
        prop_assert_eq!(told.items, want);
    }

    /// Whatever is put into a block, it is that one block and nothing else, or an error.
    #[test]
    fn nothing_can_be_injected(
        comment in prop::option::of(hostile()),
        id in prop::option::of(hostile()),
        event in prop::option::of(hostile()),
        data in prop::option::of(hostile()),
        retry in prop::option::of(0..=MAX_RETRY),
    ) {
        let block = Block {
            comment: comment.as_deref(), retry, id: id.as_deref(), event: event.as_deref(), data: data.as_deref(),
        };
        let Ok(bytes) = block.encode() else { return Ok(()) };
        let told = decode(&bytes, &[], usize::MAX, usize::MAX);
        let count = |kind| told.items.iter().filter(|item| item.starts_with(kind)).count();
        prop_assert_eq!(count("event"), usize::from(data.is_some()));
        prop_assert_eq!(count("retry"), usize::from(retry.is_some()));
        prop_assert_eq!(told.reconnection_time, retry);
        prop_assert_eq!(told.last_event_id, id.unwrap_or_default());
    }
}

proptest! {
    #![proptest_config(long(cases(2000)))]

    /// Longer than what the decoder checks ahead, with something invalid here and there.
    #[test]
    fn long_streams(
        pieces in prop::collection::vec((stream(), 1..400_usize), 1..6), cuts in cuts(),
    ) {
        let stream: Vec<u8> = pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect();
        let want = oracle(&stream, usize::MAX, usize::MAX);
        prop_assert_eq!(decode(&stream, &cuts, usize::MAX, usize::MAX), want);
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        &[
            "\n", "\r", "\r\n", "data: x", "id: 9", "retry: 9", ":", " ", "a", "\0", "\u{2028}",
            "\u{feff}",
        ][..],
    );
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}
