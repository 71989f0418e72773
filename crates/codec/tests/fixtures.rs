//! Runs tests/fixtures/codec: every case whole, byte by byte, with empty chunks, and at every split.

use std::collections::{BTreeMap, BTreeSet};

use eventwire_codec::{Block, Decoder, EncodeError, EncodeErrorKind, Item as Decoded};

#[path = "support/cases.rs"]
mod cases;

use self::cases::{Chunking, Decode, Encode, Item, Options, Refused, Test, Told};

/// The rules of the table in the fixtures' README; the others are about connections.
const ROWS: [u64; 23] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 26,
];

/// How many cases a rule has at least, so that none hangs by one of them alone.
const CASES_PER_ROW: usize = 5;

#[test]
fn every_case_for_every_chunking() {
    let cases = cases::all();
    assert!(!cases.is_empty(), "no fixtures were found");
    let mut run = 0;
    let mut streams = 0;
    let mut names = BTreeSet::new();
    let mut rows = BTreeMap::new();
    for case in &cases {
        assert!(names.insert(&case.name), "two cases have this name: {case}");
        for row in &case.rows {
            *rows.entry(*row).or_insert(0) += 1;
        }
        match &case.test {
            Test::Encode(block) => assert_eq!(encode(block), block.expect, "{case}"),
            Test::Decode(test) => {
                for chunking in Chunking::all(&test.streams) {
                    assert_eq!(decode(test, chunking), test.expect, "{case}, {chunking:?}");
                    streams += 1;
                }
            }
        }
        run += 1;
    }
    assert_eq!(run, cases.len(), "not every case was run");
    for row in ROWS {
        let cases = rows.get(&row).copied().unwrap_or(0);
        assert!(
            cases >= CASES_PER_ROW,
            "only {cases} cases are about rule {row}"
        );
    }
    println!("{run} cases, {streams} streams");
}

fn decode(test: &Decode, chunking: Chunking) -> Told {
    let mut decoder = decoder(&test.options);
    let mut told = Told::default();
    for (number, stream) in test.streams.iter().enumerate() {
        if number > 0 {
            decoder.reset();
        }
        told.error = None;
        for chunk in chunking.of(number, stream) {
            let mut items = decoder.feed(chunk);
            loop {
                match items.next() {
                    Ok(Some(item)) => told.items.push(owned(item)),
                    Ok(None) => break,
                    Err(error) => {
                        told.error = Some((error.limit().name().to_owned(), error.max()));
                        assert_eq!(items.next(), Err(error), "an error stays");
                        break;
                    }
                }
            }
        }
    }
    told.last_event_id = decoder.last_event_id().to_owned();
    told.reconnection_time = decoder.reconnection_time();
    told
}

fn decoder(options: &Options) -> Decoder {
    Decoder::builder()
        .last_event_id(options.last_event_id.as_str())
        .max_line(options.max_line)
        .max_event(options.max_event)
        .comments(options.comments)
        .build()
}

fn owned(item: Decoded<'_>) -> Item {
    match item {
        Decoded::Event(event) => {
            // The owned form has to say the same.
            let owned = event.to_event();
            assert_eq!(
                (owned.event(), owned.data(), owned.id(), owned.retry()),
                (event.event(), event.data(), event.id(), None)
            );
            Item::Event {
                event: event.event().to_owned(),
                data: event.data().to_owned(),
                id: event.id().to_owned(),
            }
        }
        Decoded::Comment(text) => Item::Comment(text.to_owned()),
        other => panic!("{other:?} was not asked for"),
    }
}

fn encode(block: &Encode) -> Result<String, Refused> {
    let block = Block {
        comment: block.comment.as_deref(),
        retry: block.retry,
        id: block.id.as_deref(),
        event: block.event.as_deref(),
        data: block.data.as_deref(),
    };
    let bytes = block.encode().map_err(|error: EncodeError| Refused {
        field: error.field().to_owned(),
        byte: match error.kind() {
            EncodeErrorKind::Byte { byte, position } => Some((byte, position)),
            _ => None,
        },
    })?;
    Ok(String::from_utf8(bytes).expect("what is encoded is UTF-8"))
}
