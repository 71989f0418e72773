//! Runs tests/fixtures/slices, and the sender's unhappy paths, which need a source that misbehaves.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use eventwire_codec::slices::{
    Assembly, ReceiveOptions, SendOptions, SliceError, SliceErrorKind, Slices, Step, Taken,
    TransferError,
};
use eventwire_codec::{Event, EventRef};
use serde_json::Value;

#[test]
fn every_case() {
    let mut names = BTreeSet::new();
    let mut cases_run = 0;
    for (file, cases) in files() {
        for case in &cases {
            let name = case["name"].as_str().unwrap();
            assert!(
                names.insert(name.to_owned()) || file != "receive.json",
                "two cases `{name}`"
            );
            let label = format!("{file}: `{name}` ({})", case["why"]);
            match file.as_str() {
                "binary.json" => binary(&label, case),
                "send.json" => send(&label, case),
                "receive.json" => receive(&label, case),
                other => panic!("nothing runs {other}"),
            }
            cases_run += 1;
        }
    }
    assert!(cases_run > 70, "fixtures are missing");
}

fn files() -> Vec<(String, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/slices");
    let entries = std::fs::read_dir(&folder).expect("the folder of the fixtures");
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".json") && name != "schema.json" {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            files.push((name, file["cases"].as_array().unwrap().clone()));
        }
    }
    files
}

fn binary(label: &str, case: &Value) {
    let data = case["data"].as_str().unwrap();
    let event = Event::new(data);
    match case.get("error") {
        None => {
            let bytes = hex(&case["bytes"]);
            assert_eq!(Event::binary(&bytes).data(), data, "{label}");
            assert_eq!(event.bytes().as_ref(), Ok(&bytes), "{label}");
            assert_eq!(EventRef::from(&event).bytes(), Ok(bytes), "{label}");
        }
        Some(error) => {
            let position = event.bytes().unwrap_err().position() as u64;
            assert_eq!(Some(position), error["position"].as_u64(), "{label}");
        }
    }
}

fn send(label: &str, case: &Value) {
    let mut options = SendOptions::new();
    for (name, value) in case["options"].as_object().unwrap() {
        let text = || value.as_str().unwrap();
        options = match name.as_str() {
            "name" => options.name(text()),
            "event" => options.event(text()),
            "last_event_id" => options.last_event_id(text()),
            "slice_size" => options.slice_size(value.as_u64().unwrap() as usize),
            other => panic!("unknown option {other}"),
        };
    }
    let expect = &case["expect"];
    let slices = Slices::of_bytes(hex(&case["payload"]), options);
    if let Some(error) = expect.get("error") {
        assert_eq!(slices.unwrap_err().kind().name(), error["kind"], "{label}");
        return;
    }
    let events: Vec<Event> = slices.unwrap().map(Result::unwrap).collect();
    let wanted = expect["events"].as_array().unwrap();
    assert_eq!(events.len(), wanted.len(), "{label}");
    for (event, wanted) in events.iter().zip(wanted) {
        assert_eq!(event.event(), wanted["event"], "{label}");
        assert_eq!(event.id(), wanted["id"], "{label}");
        assert_eq!(event.data(), wanted["data"], "{label}");
    }
}

fn receive(label: &str, case: &Value) {
    let mut options = ReceiveOptions::new();
    for (name, value) in case
        .get("options")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        options = match name.as_str() {
            "name" => options.name(value.as_str().unwrap()),
            "event" => options.event(value.as_str().unwrap()),
            "max_size" => options.max_size(value.as_u64().unwrap()),
            other => panic!("unknown option {other}"),
        };
    }
    let mut assembly = Assembly::new(options).unwrap();
    let mut taken = Vec::new();
    let mut failed = None;
    for event in case["events"].as_array().unwrap() {
        let data = match &event["data"] {
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let event = Event::new(data).with_type(event["event"].as_str().unwrap());
        match assembly.take(&event) {
            Ok(Taken::Bytes(bytes)) => taken.push(Value::from(String::from_utf8(bytes).unwrap())),
            Ok(_) => taken.push(Value::Null),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let expect = &case["expect"];
    assert_eq!(Value::from(taken), expect["taken"], "{label}");
    match (
        failed.map_or_else(|| assembly.finish().cloned(), Err),
        expect.get("error"),
    ) {
        (Ok(transfer), None) => {
            let wanted = &expect["transfer"];
            assert_eq!(transfer.name(), wanted["name"], "{label}");
            assert_eq!(transfer.size(), wanted["size"], "{label}");
            assert_eq!(transfer.count(), wanted["count"], "{label}");
            assert_eq!(transfer.slice_size(), wanted["slice_size"], "{label}");
            assert_eq!(transfer.sha256(), wanted["sha256"], "{label}");
        }
        (Err(error), Some(wanted)) => check(label, &error, wanted),
        (got, wanted) => panic!("{label}: {got:?} instead of {wanted:?}"),
    }
}

fn check(label: &str, error: &SliceError, wanted: &Value) {
    assert_eq!(error.kind().name(), wanted["kind"], "{label}: {error}");
    assert_eq!(error.index(), wanted["index"].as_u64(), "{label}: {error}");
    assert_eq!(
        error.expected(),
        wanted["expected"].as_u64(),
        "{label}: {error}"
    );
    let position = error.data().map(|data| data.position() as u64);
    assert_eq!(position, wanted["position"].as_u64(), "{label}: {error}");
    let says = wanted["says"].as_str().unwrap_or_default();
    assert!(error.to_string().contains(says), "{label}: {error}");
    assert!(error.to_string().len() < 700, "{label}: {error}");
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A source that somebody else writes to.
#[derive(Clone)]
struct Shared(Rc<RefCell<Cursor<Vec<u8>>>>);

impl Shared {
    fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(RefCell::new(Cursor::new(bytes.to_vec()))))
    }

    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.0.borrow_mut().get_mut());
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Piece by piece, as a pipe or a network file would give it.
        let length = buffer.len().min(3);
        self.0.borrow_mut().read(&mut buffer[..length])
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}

#[test]
fn a_source_that_changes_while_it_is_sent_is_an_error_and_its_last_slice_is_not_sent() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, &str); 4] = [
        (|bytes| bytes.truncate(7), "shorter"),
        (|bytes| bytes.truncate(0), "shorter"),
        (|bytes| bytes.push(b'!'), "longer"),
        (|bytes| bytes[9] = b'!', "others"),
    ];
    for (change, says) in changes {
        for resumed in [false, true] {
            let source = Shared::new(b"0123456789");
            let mut options = SendOptions::new().slice_size(4);
            let ids: Vec<String> = Slices::new(source.clone(), options.clone())
                .unwrap()
                .map(|event| event.unwrap().id().to_owned())
                .collect();
            if resumed {
                options = options.last_event_id(&ids[0]);
            }
            let mut slices = Slices::new(source.clone(), options).unwrap();
            while slices.transfer().is_none() {
                assert_eq!(slices.step().unwrap(), Step::Hashed);
            }
            source.change(change);
            let mut sent = 0;
            let error = loop {
                match slices.step() {
                    Ok(Step::Slice(_)) => sent += 1,
                    Ok(other) => panic!("{other:?} of a changed source"),
                    Err(error) => break error,
                }
            };
            let TransferError::Slice(error) = error else {
                panic!("{error:?}");
            };
            assert_eq!(error.kind(), SliceErrorKind::Changed);
            assert!(error.to_string().contains(says), "{error}");
            assert!(sent + usize::from(resumed) < ids.len());
            assert!(slices.step().is_err(), "nothing follows an error");
            assert!(slices.next().is_none(), "an iterator tells it once");
        }
    }
}

#[test]
fn resumed_at_every_slice_the_rest_is_the_same() {
    let payload: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for slice_size in [1, 7, 250, 999, 1000, 1001] {
        let options = SendOptions::new().name("x").slice_size(slice_size);
        let all: Vec<Event> = Slices::new(Shared::new(&payload), options.clone())
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for (index, event) in all.iter().enumerate() {
            let options = options.clone().last_event_id(event.id());
            let rest: Vec<Event> = Slices::of_bytes(&payload, options)
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(rest, all[index + 1..]);
        }
    }
}

#[test]
fn a_large_source_is_hashed_step_by_step() {
    let payload = vec![7; 9 << 20];
    let mut slices = Slices::of_bytes(payload, SendOptions::new().slice_size(8 << 20)).unwrap();
    let mut steps = Vec::new();
    loop {
        steps.push(match slices.step().unwrap() {
            Step::Hashed => "hashed",
            Step::Slice(_) => "slice",
            _ => break,
        });
    }
    assert_eq!(steps, ["hashed", "hashed", "hashed", "slice", "slice"]);
}

#[test]
fn what_cannot_be_opened_says_which_file_it_is() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let none = format!("{folder}/there-is-none");
    let error = Slices::open(&none, SendOptions::new()).unwrap_err();
    assert!(matches!(&error, TransferError::File(_)), "{error:?}");
    assert!(error.to_string().starts_with(&none), "{error}");

    let mut slices = Slices::open(folder, SendOptions::new()).unwrap();
    let error = slices.step().unwrap_err();
    assert!(error.to_string().contains("directory"), "{error}");

    let mut slices = Slices::open(format!("{folder}/Cargo.toml"), SendOptions::new()).unwrap();
    while slices.step().unwrap() == Step::Hashed {}
    assert_eq!(slices.transfer().unwrap().name(), "Cargo.toml");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_twice_is_refused_before_it_is_opened() {
    let error = Slices::open("/dev/zero", SendOptions::new()).unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
}

#[test]
fn a_wrong_hash_is_final_and_other_errors_are_not() {
    let events: Vec<Event> = Slices::of_bytes(b"0123456789", SendOptions::new().slice_size(4))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut assembly = Assembly::new(ReceiveOptions::new()).unwrap();
    assert!(matches!(assembly.take(&events[0]), Ok(Taken::Bytes(_))));
    assert_eq!(
        assembly.take(&events[2]).unwrap_err().kind(),
        SliceErrorKind::Missing
    );
    assert!(
        matches!(assembly.take(&events[1]), Ok(Taken::Bytes(_))),
        "nothing had changed"
    );
    assert_eq!(assembly.next_index(), 2);

    let damaged = Event::new(events[2].data().replace("ODk=", "ODg=")).with_type("slice");
    for event in [&damaged, &events[2], &damaged] {
        let error = assembly.take(event).unwrap_err();
        assert_eq!(error.kind(), SliceErrorKind::Hash);
    }
    assert_eq!(assembly.finish().unwrap_err().kind(), SliceErrorKind::Hash);
}
