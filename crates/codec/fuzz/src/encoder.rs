//! Any text in any field.

use std::borrow::Cow;

use arbitrary::Arbitrary;
use eventwire_codec::{Block, Decoder, EncodeError, EncodeErrorKind, Encoder, Event, MAX_RETRY};

use crate::oracle::Told;
use crate::told;

/// Nine bytes for which fields there are and for the retry, and the texts, a byte 0xFF between them.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub struct Input<'a> {
    /// A bit for each field in the order of [`Block`].
    fields: u8,
    retry: u64,
    texts: &'a [u8],
}

impl Input<'_> {
    /// Checks everything that must hold.
    ///
    /// # Panics
    ///
    /// Where something does not.
    pub fn check(&self) {
        // 0xFF is in no UTF-8, so it can stand between any two texts; what else is none becomes U+FFFD.
        let mut texts = self.texts.splitn(4, |&byte| byte == 0xFF);
        let mut text = || String::from_utf8_lossy(texts.next().unwrap_or_default());
        let texts = [text(), text(), text(), text()];
        let block = self.block(&texts);
        check_block(&block);
        check_event(&block);
        check_encoder(&block);
    }

    fn block<'t>(&self, [comment, id, event, data]: &'t [Cow<'_, str>; 4]) -> Block<'t> {
        let has = |bit: u8| self.fields & (1 << bit) != 0;
        Block {
            comment: has(0).then_some(comment.as_ref()),
            retry: has(1).then_some(self.retry),
            id: has(2).then_some(id.as_ref()),
            event: has(3).then_some(event.as_ref()),
            data: has(4).then_some(data.as_ref()),
        }
    }
}

/// It is one block that says what was put in, or the error that it has to be.
fn check_block(block: &Block<'_>) {
    const BEFORE: &[u8] = b"data: before\n\n";
    let mut out = BEFORE.to_vec();
    let appended = block.encode_into(&mut out);
    match (block.encode(), fault(block)) {
        (Ok(bytes), None) => {
            assert_eq!(appended, Ok(()));
            assert_eq!(out, [BEFORE, &bytes].concat());
            assert_eq!(decode(&bytes), said(block), "{bytes:?}");
            check_shape(&bytes);
            check_neighbours(&bytes, block);
        }
        (Err(error), Some(fault)) => {
            assert_eq!((error.field(), error.kind()), fault);
            assert_eq!(appended, Err(error));
            assert_eq!(out, BEFORE, "an error appends nothing");
            let named =
                error.kind() == EncodeErrorKind::Empty || error.to_string().contains(fault.0);
            assert!(named, "{error}");
        }
        (got, fault) => panic!("{got:?}, where the fault is {fault:?}"),
    }
}

/// The fault that a block has, if any, read off the documentation.
fn fault(block: &Block<'_>) -> Option<(&'static str, EncodeErrorKind)> {
    for (field, value) in [("id", block.id), ("event", block.event)] {
        let value = value.unwrap_or_default();
        if let Some(position) = value.find(['\0', '\n', '\r']) {
            let byte = value.as_bytes()[position];
            return Some((field, EncodeErrorKind::Byte { byte, position }));
        }
    }
    match block {
        Block {
            event: Some(_),
            data: None,
            ..
        } => Some(("event", EncodeErrorKind::NoData)),
        empty if *empty == Block::default() => Some(("block", EncodeErrorKind::Empty)),
        _ => None,
    }
}

/// What a decoder has to say of a block: the comment line by line, the reconnection time, and the event.
fn said(block: &Block<'_>) -> Told {
    let mut items = Vec::new();
    if let Some(comment) = block.comment {
        let lines = with_lf(comment);
        items.extend(lines.split('\n').map(|line| format!("comment {line:?}")));
    }
    let reconnection_time = block.retry.map(|time| time.min(MAX_RETRY));
    items.extend(reconnection_time.map(|time| format!("retry {time}")));
    let id = block.id.unwrap_or_default();
    if let Some(data) = block.data {
        let event = block.event.filter(|event| !event.is_empty());
        let (event, data) = (event.unwrap_or("message"), with_lf(data));
        items.push(format!("event {event:?} {data:?} {id:?}"));
    }
    Told {
        items,
        last_event_id: id.to_owned(),
        reconnection_time,
        error: None,
    }
}

/// Every kind of line end is one to a stream.
fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// One blank line, at the end; and no CR.
fn check_shape(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("what is encoded is text");
    assert!(!text.contains('\r'), "{text:?}");
    assert_eq!(text.find("\n\n"), Some(text.len() - 2), "{text:?}");
}

/// What stands before and after the block in a stream is left alone by it, for any chunking.
fn check_neighbours(bytes: &[u8], block: &Block<'_>) {
    let stream = [b"id: 1\ndata: before\n\n", bytes, b"data: after\n\n"].concat();
    let mut decoder = decoder();
    let told = told::all(&mut decoder, stream.chunks(1));
    let id = block.id.unwrap_or("1");
    let of_block = said(&Block {
        id: Some(id),
        ..*block
    });
    let mut want = vec![r#"event "message" "before" "1""#.to_owned()];
    want.extend(of_block.items);
    want.push(format!("event \"message\" \"after\" {id:?}"));
    assert_eq!(told.items, want);
}

/// The owned event comes back as it was, but for the line ends of its data.
fn check_event(block: &Block<'_>) {
    let (Some(data), id) = (block.data, block.id.unwrap_or_default()) else {
        return;
    };
    let event_type = block.event.unwrap_or_default();
    let mut event = Event::new(data).with_id(id).with_type(event_type);
    if let Some(time) = block.retry {
        event = event.with_retry(time);
    }
    assert_eq!(event.encode(), Block::from(&event).encode());
    let Ok(bytes) = event.encode() else {
        assert!(fault(block).is_some(), "{event:?}");
        return;
    };
    let mut decoder = decoder();
    let mut items = decoder.feed(&bytes);
    let back = items
        .next_event()
        .expect("no limit")
        .expect("one event")
        .to_event();
    let sent = Event::new(with_lf(data)).with_type(event_type).with_id(id);
    assert_eq!(back, sent);
    assert_eq!(
        items.next_event().map(|event| event.is_none()),
        Ok(true),
        "no other event"
    );
    assert_eq!(back.into_data(), with_lf(data));
}

/// The growing buffer writes the same bytes, and goes on after an error.
fn check_encoder(block: &Block<'_>) {
    let mut want = Vec::new();
    let mut encoder = Encoder::new();
    let mut expect = |encoded: Result<Vec<u8>, EncodeError>, done: Result<(), EncodeError>| {
        assert_eq!(done, encoded.as_ref().map(drop).map_err(|error| *error));
        want.extend(encoded.unwrap_or_default());
    };
    expect(block.encode(), encoder.block(block).map(drop));
    let none = Block::default();
    if let Some(text) = block.comment {
        encoder.comment(text);
        let comment = Some(text);
        expect(Block { comment, ..none }.encode(), Ok(()));
    }
    if let Some(time) = block.retry {
        encoder.retry(time);
        let retry = Some(time);
        expect(Block { retry, ..none }.encode(), Ok(()));
    }
    if let Some(text) = block.id {
        let id = Some(text);
        let done = encoder.mark(text).map(drop);
        expect(Block { id, ..none }.encode(), done);
    }
    assert_eq!(encoder.is_empty(), want.is_empty());
    assert_eq!(encoder.as_bytes(), want);
    assert_eq!(encoder.take(), want);
    assert!(encoder.is_empty());
}

fn decode(bytes: &[u8]) -> Told {
    told::all(&mut decoder(), [bytes].into_iter())
}

fn decoder() -> Decoder {
    Decoder::builder()
        .max_line(usize::MAX)
        .max_event(usize::MAX)
        .comments(true)
        .retries(true)
        .build()
}
