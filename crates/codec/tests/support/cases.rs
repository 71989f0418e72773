//! The fixtures of tests/fixtures/codec, read: what their README.md describes.

use std::fmt;
use std::path::Path;

use eventwire_codec::{DEFAULT_MAX_EVENT, DEFAULT_MAX_LINE};
use serde_json::Value;

/// One case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) file: String,
    /// The rules that it is about.
    pub(crate) rows: Vec<u64>,
    pub(crate) test: Test,
}

pub(crate) enum Test {
    Decode(Decode),
    Encode(Encode),
}

pub(crate) struct Decode {
    pub(crate) options: Options,
    /// The bytes of each connection, one after the other on one decoder.
    pub(crate) streams: Vec<Vec<u8>>,
    pub(crate) expect: Told,
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) last_event_id: String,
    pub(crate) max_line: usize,
    pub(crate) max_event: usize,
    pub(crate) comments: bool,
}

/// Everything that a decoder tells of its streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) items: Vec<Item>,
    pub(crate) last_event_id: String,
    pub(crate) reconnection_time: Option<u64>,
    /// The limit's name and value; of the last connection.
    pub(crate) error: Option<(String, usize)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Event {
        event: String,
        data: String,
        id: String,
    },
    Comment(String),
}

pub(crate) struct Encode {
    pub(crate) comment: Option<String>,
    pub(crate) retry: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) expect: Result<String, Refused>,
}

/// Why a block is not encoded: the field, and the byte that is at fault with its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) field: String,
    pub(crate) byte: Option<(u8, usize)>,
}

/// All cases of all files.
pub(crate) fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/codec");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder of the fixtures") {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if !file.ends_with(".json") || file == "schema.json" {
            continue;
        }
        let json = std::fs::read_to_string(&path).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap_or_else(|error| {
            panic!("{file}: {error}");
        });
        for case in json["cases"].as_array().unwrap() {
            cases.push(Case {
                name: text(&case["name"]),
                why: text(&case["why"]),
                file: file.clone(),
                rows: case["rows"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(number)
                    .collect(),
                test: match case.get("encode") {
                    Some(block) => Test::Encode(encode(block, &case["expect"])),
                    None => Test::Decode(decode(case)),
                },
            });
        }
    }
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    cases
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` ({})", self.file, self.name, self.why)
    }
}

/// One way to cut streams into chunks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Chunking {
    Whole,
    ByteByByte,
    /// An empty chunk after every byte.
    EmptyChunks,
    /// One of the streams as two chunks, the others whole.
    Split {
        stream: usize,
        at: usize,
    },
}

impl Chunking {
    /// All that a case is run in.
    pub(crate) fn all(streams: &[Vec<u8>]) -> impl Iterator<Item = Chunking> {
        let splits = streams.iter().enumerate().flat_map(|(stream, bytes)| {
            (0..=bytes.len()).map(move |at| Chunking::Split { stream, at })
        });
        [Chunking::Whole, Chunking::ByteByByte, Chunking::EmptyChunks]
            .into_iter()
            .chain(splits)
    }

    /// The chunks of the stream with this number.
    pub(crate) fn of(self, number: usize, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Chunking::ByteByByte => bytes.chunks(1).collect(),
            Chunking::EmptyChunks => bytes.chunks(1).flat_map(|byte| [byte, &[]]).collect(),
            Chunking::Split { stream, at } if stream == number => {
                let (left, right) = bytes.split_at(at);
                vec![left, right]
            }
            Chunking::Whole | Chunking::Split { .. } => vec![bytes],
        }
    }
}

fn decode(case: &Value) -> Decode {
    let mut options = Options {
        last_event_id: String::new(),
        max_line: DEFAULT_MAX_LINE,
        max_event: DEFAULT_MAX_EVENT,
        comments: false,
    };
    for (name, value) in case["options"].as_object().into_iter().flatten() {
        match name.as_str() {
            "last_event_id" => options.last_event_id = text(value),
            "max_line" => options.max_line = number(value) as usize,
            "max_event" => options.max_event = number(value) as usize,
            "comments" => options.comments = value.as_bool().unwrap(),
            other => panic!("unknown option {other}"),
        }
    }
    let before = case.get("before").and_then(Value::as_array);
    let streams = before.into_iter().flatten().chain([&case["input"]]);
    let expect = &case["expect"];
    let items = expect["items"].as_array().expect("expect.items");
    let item = |item: &Value| match item.get("comment") {
        Some(comment) => Item::Comment(text(comment)),
        None => Item::Event {
            event: text(&item["event"]),
            data: text(&item["data"]),
            id: text(&item["id"]),
        },
    };
    let error = &expect["error"];
    Decode {
        options,
        streams: streams.map(bytes).collect(),
        expect: Told {
            items: items.iter().map(item).collect(),
            last_event_id: expect.get("last_event_id").map(text).unwrap_or_default(),
            reconnection_time: expect["reconnection_time"].as_u64(),
            error: (!error.is_null())
                .then(|| (text(&error["limit"]), number(&error["max"]) as usize)),
        },
    }
}

fn encode(block: &Value, expect: &Value) -> Encode {
    Encode {
        comment: block.get("comment").map(text),
        retry: block.get("retry").map(number),
        id: block.get("id").map(text),
        event: block.get("event").map(text),
        data: block.get("data").map(text),
        expect: match expect.get("error") {
            None => Ok(text(&expect["text"])),
            Some(error) => Err(Refused {
                field: text(&error["field"]),
                byte: error
                    .get("byte")
                    .map(|byte| (number(byte) as u8, number(&error["position"]) as usize)),
            }),
        },
    }
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
