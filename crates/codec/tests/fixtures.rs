//! Runs tests/fixtures/codec: every case whole, byte by byte, and at every single split.

use std::collections::BTreeSet;
use std::path::Path;

use eventwire_codec::{Block, Decoder, EncodeErrorKind, Item};
use serde_json::Value;

/// The rules of the table in the fixtures' README; the others are about connections.
const ROWS: [u64; 23] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 26,
];

/// Everything that a decoder tells of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    items: Vec<ToldItem>,
    last_event_id: String,
    reconnection_time: Option<u64>,
    error: Option<(String, usize)>,
}

#[derive(Clone, Debug, PartialEq)]
enum ToldItem {
    Event {
        event: String,
        data: String,
        id: String,
    },
    Comment(String),
}

#[test]
fn every_case_for_every_chunking() {
    let mut cases_run = 0;
    let mut cases_held = 0;
    let mut streams = 0;
    let mut names = BTreeSet::new();
    let mut rows = BTreeSet::new();
    for (file, cases) in files() {
        cases_held += cases.len();
        for case in &cases {
            let name = text(&case["name"]);
            assert!(names.insert(name.clone()), "{file}: two cases `{name}`");
            rows.extend(case["rows"].as_array().unwrap().iter().map(number));
            let label = format!("{file}: `{name}` ({})", text(&case["why"]));
            match case.get("encode") {
                Some(block) => encode(&label, block, &case["expect"]),
                None => streams += decode(&label, case),
            }
            cases_run += 1;
        }
    }
    assert_eq!(cases_run, cases_held, "not every case was run");
    assert!(cases_run > 0, "no fixtures were found");
    let missing: Vec<_> = ROWS.iter().filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "no case is about the rules {missing:?}");
    println!("{cases_run} cases, {streams} streams");
}

fn files() -> Vec<(String, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/codec");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder of the fixtures") {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".json") || name == "schema.json" {
            continue;
        }
        let json = std::fs::read_to_string(&path).unwrap();
        let file: Value = serde_json::from_str(&json).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        files.push((name, file["cases"].as_array().unwrap().clone()));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// Feeds the case in every way; says in how many.
fn decode(label: &str, case: &Value) -> usize {
    let input = bytes(&case["input"]);
    let want = wanted(&case["expect"]);
    let mut streams = 0;
    let mut check = |how: &str, chunks: &mut dyn Iterator<Item = &[u8]>| {
        let told = feed(&case["options"], chunks);
        assert_eq!(told, want, "{label}, {how}");
        streams += 1;
    };
    check("whole", &mut [&input[..]].into_iter());
    check("byte by byte", &mut input.chunks(1));
    let empty: &[u8] = &[];
    check(
        "with empty chunks",
        &mut input.chunks(1).flat_map(|byte| [byte, empty]),
    );
    for split in 0..=input.len() {
        let (left, right) = input.split_at(split);
        check(&format!("split at {split}"), &mut [left, right].into_iter());
    }
    streams
}

fn feed(options: &Value, chunks: &mut dyn Iterator<Item = &[u8]>) -> Told {
    let mut decoder = decoder(options);
    let mut told = Told::default();
    for chunk in chunks {
        let mut items = decoder.feed(chunk);
        loop {
            match items.next() {
                Ok(Some(Item::Event(event))) => {
                    // The owned form has to say the same.
                    let owned = event.to_event();
                    assert_eq!(
                        (owned.event(), owned.data(), owned.id(), owned.retry()),
                        (event.event(), event.data(), event.id(), None)
                    );
                    told.items.push(ToldItem::Event {
                        event: event.event().to_owned(),
                        data: event.data().to_owned(),
                        id: event.id().to_owned(),
                    });
                }
                Ok(Some(Item::Comment(text))) => {
                    told.items.push(ToldItem::Comment(text.to_owned()))
                }
                Ok(Some(other)) => panic!("{other:?} was not asked for"),
                Ok(None) => break,
                Err(error) => {
                    told.error = Some((error.limit().name().to_owned(), error.max()));
                    assert_eq!(items.next(), Err(error), "an error stays");
                    break;
                }
            }
        }
    }
    told.last_event_id = decoder.last_event_id().to_owned();
    told.reconnection_time = decoder.reconnection_time();
    told
}

fn decoder(options: &Value) -> Decoder {
    let mut builder = Decoder::builder();
    for (name, value) in options.as_object().into_iter().flatten() {
        builder = match name.as_str() {
            "last_event_id" => builder.last_event_id(text(value)),
            "max_line" => builder.max_line(number(value) as usize),
            "max_event" => builder.max_event(number(value) as usize),
            "comments" => builder.comments(value.as_bool().unwrap()),
            other => panic!("unknown option {other}"),
        };
    }
    builder.build()
}

fn wanted(expect: &Value) -> Told {
    let items = expect["items"].as_array().expect("expect.items");
    let item = |item: &Value| match item.get("comment") {
        Some(comment) => ToldItem::Comment(text(comment)),
        None => ToldItem::Event {
            event: text(&item["event"]),
            data: text(&item["data"]),
            id: text(&item["id"]),
        },
    };
    let error = &expect["error"];
    Told {
        items: items.iter().map(item).collect(),
        last_event_id: expect.get("last_event_id").map(text).unwrap_or_default(),
        reconnection_time: expect["reconnection_time"].as_u64(),
        error: (!error.is_null()).then(|| (text(&error["limit"]), number(&error["max"]) as usize)),
    }
}

fn encode(label: &str, block: &Value, expect: &Value) {
    let field = |name| block.get(name).map(|value| value.as_str().unwrap());
    let block = Block {
        comment: field("comment"),
        retry: block.get("retry").map(number),
        id: field("id"),
        event: field("event"),
        data: field("data"),
    };
    let encoded = block.encode();
    let Some(want) = expect.get("error") else {
        let text = encoded.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(
            text.as_deref(),
            Ok(expect["text"].as_str().unwrap()),
            "{label}"
        );
        return;
    };
    let error = encoded.expect_err(label);
    assert_eq!(error.field(), want["field"], "{label}");
    let (byte, position) = match error.kind() {
        EncodeErrorKind::Byte { byte, position } => (Some(u64::from(byte)), Some(position as u64)),
        _ => (None, None),
    };
    assert_eq!(byte, want["byte"].as_u64(), "{label}");
    assert_eq!(position, want["position"].as_u64(), "{label}");
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn text(value: &Value) -> String {
    String::from_utf8(bytes(value)).expect("a text")
}

/// The bytes of a text, or of the parts that it is made of.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        part if part.get("hex").is_some() => {
            let digits: Vec<u8> = text(&part["hex"]).bytes().filter(|&b| b != b' ').collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
        }
        part if part.get("repeat").is_some() => {
            bytes(&part["repeat"]).repeat(number(&part["times"]) as usize)
        }
        other => panic!("{other} is no part of a text"),
    }
}
