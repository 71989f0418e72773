//! What fixtures cannot say: what is borrowed, what is kept, and what an early end means.

use proptest::prelude::*;

use super::{Decoder, text};
use crate::{Item, Limit};

fn inside(chunk: &[u8], text: &str) -> bool {
    let chunk = chunk.as_ptr_range();
    let text = text.as_bytes().as_ptr_range();
    chunk.start <= text.start && text.end <= chunk.end
}

fn datas(decoder: &mut Decoder, chunk: &[u8]) -> Vec<String> {
    let mut datas = Vec::new();
    let mut items = decoder.feed(chunk);
    while let Some(event) = items.next_event().unwrap() {
        datas.push(event.data().to_owned());
    }
    datas
}

#[test]
fn values_that_lie_whole_in_a_chunk_are_not_copied() {
    let chunk = "id: 17\nevent: tick\ndata: \u{20ac}uro\n\n: ping\ndata: b\n\n".repeat(2000);
    let chunk = chunk.as_bytes();
    let mut decoder = Decoder::builder().comments(true).build();
    let mut items = decoder.feed(chunk);
    let mut events = 0;
    while let Some(item) = items.next().unwrap() {
        match item {
            Item::Event(event) => {
                assert!(inside(chunk, event.data()) && inside(chunk, event.id()));
                assert_eq!(inside(chunk, event.event()), event.event() == "tick");
                events += 1;
            }
            Item::Comment(text) => assert!(inside(chunk, text)),
            Item::Retry(_) | Item::Mark(_) => unreachable!(),
        }
    }
    assert_eq!(events, 4000);
    drop(items);
    let copied = [&decoder.data, &decoder.event, &decoder.id, &decoder.comment];
    assert!(copied.iter().all(|buffer| buffer.capacity() == 0));
    assert_eq!(decoder.line.capacity(), 0);
    assert_eq!(decoder.last_event_id(), "17");
}

#[test]
fn only_the_value_that_straddles_is_copied() {
    let mut decoder = Decoder::new();
    assert!(datas(&mut decoder, b"data: a").is_empty());
    let chunk = b"b\nevent: tick\nid: 1\n\ndata: c\n\n";
    let mut items = decoder.feed(chunk);
    let event = items.next_event().unwrap().unwrap();
    assert_eq!(event.data(), "ab");
    assert!(inside(chunk, event.event()) && inside(chunk, event.id()));
    let event = items.next_event().unwrap().unwrap();
    assert!(inside(chunk, event.data()));
}

/// Linear time, shown by what it would cost: a line that is searched or copied anew with every
/// chunk would need 2^43 steps here, and this test would never end.
#[test]
fn a_long_line_in_small_chunks_is_copied_once() {
    const SIZE: usize = 4 << 20;
    let mut decoder = Decoder::new();
    assert!(datas(&mut decoder, b"data: ").is_empty());
    let mut grown = 0;
    let mut capacity = 0;
    for _ in 0..SIZE {
        assert!(matches!(decoder.feed(b"x").next(), Ok(None)));
        if decoder.line.capacity() != capacity {
            capacity = decoder.line.capacity();
            grown += 1;
        }
    }
    assert!(grown < 40, "the buffer grew {grown} times");
    let line = decoder.line.as_ptr();
    let mut items = decoder.feed(b"\n\n");
    let event = items.next_event().unwrap().unwrap();
    assert_eq!(event.data().len(), SIZE);
    // The line became the data as it was.
    assert_eq!(event.data().as_ptr(), line.wrapping_add(6));
}

/// Linear time of the UTF-8 check: it looks ahead, and goes back where values come in another order
/// than they are asked for, yet never more than a few times over the same bytes.
#[test]
fn bytes_are_checked_few_times() {
    let blocks: [&[u8]; 6] = [
        b"data: a\nevent: b\nid: c\n\n",
        b"data: a\nevent: b\nid: c\xFF\n\n",
        b": comment\ndata: a\n: comment\n\n",
        b"id: 1\n\ndata: \xE2\x82\n\n",
        b"data: a\nfoo: \xFF\ndata: b\nid: 1\n\n",
        &[&b"data: a\nfoo: "[..], &[b'x'; 9000], b"\nid: 1\n: c\n\n"].concat(),
    ];
    for rare in 0..blocks.len() {
        for common in 0..blocks.len() {
            let some = [blocks[common].repeat(1000), blocks[rare].to_vec()].concat();
            let chunk = some.repeat(3);
            let mut decoder = Decoder::builder().comments(true).build();
            let mut items = decoder.feed(&chunk);
            while items.next().unwrap().is_some() {}
            let work = items.checked.work;
            assert!(
                work <= 4 * chunk.len(),
                "{common} {rare}: {work} of {}",
                chunk.len()
            );
        }
    }
}

#[test]
fn a_large_value_takes_at_most_a_quarter_more_than_its_size() {
    let mut decoder = Decoder::builder()
        .max_line(1 << 30)
        .max_event(1 << 30)
        .build();
    let part = [b'x'; 8 << 10];
    let mut size = 0;
    // One line, and then one more data line for each part.
    for start in [&b""[..], b"\ndata: "] {
        decoder.reset();
        assert!(datas(&mut decoder, b"data: ").is_empty());
        size = 0;
        while size < 9 << 20 {
            assert!(datas(&mut decoder, start).is_empty());
            assert!(datas(&mut decoder, &part).is_empty());
            size += part.len();
            let taken = decoder.line.capacity() + decoder.data.capacity();
            assert!(
                size < 2 * text::KEEP || taken <= size + size / 3,
                "{taken} for {size}"
            );
        }
    }
    assert_eq!(
        datas(&mut decoder, b"\n\n")[0].len() / part.len(),
        size / part.len()
    );
}

/// Whatever is taken out or copied, it is the same event, and the next one is not touched by it.
#[test]
fn owned_events_are_what_the_borrowed_ones_say() {
    let big = "x".repeat(5000);
    let stream = format!(
        "data: a\n\nid: 1\nevent: tick\ndata: a\ndata: {big}\n\ndata: b\ndata: c\n\ndata:\ndata:\n\n\
         data: {big}\ndata: {big}\n\ndata: \u{20ac}\ndata: d\nid\n\n"
    );
    let mut stream = stream.into_bytes();
    stream.extend(b"data: \xFF\ndata: e\n\ndata: f\ndata: g\n\n");
    for size in [1, 7, 100, stream.len()] {
        let (mut owned, mut borrowed) = (Vec::new(), Vec::new());
        let (mut one, mut other) = (Decoder::new(), Decoder::new());
        for chunk in stream.chunks(size) {
            let mut items = one.feed(chunk);
            while let Some(event) = items.next_owned().unwrap() {
                owned.push(event);
            }
            let mut items = other.feed(chunk);
            while let Some(event) = items.next_event().unwrap() {
                borrowed.push(event.to_event());
            }
        }
        assert_eq!(owned, borrowed, "{size}");
        assert_eq!(owned.len(), 8);
    }
}

#[test]
fn large_buffers_are_given_back() {
    let mut decoder = Decoder::new();
    let line = [b"data: ", &[b'x'; 2 << 20][..]].concat();
    assert!(datas(&mut decoder, &line).is_empty());
    assert!(decoder.line.capacity() > 2 << 20);
    assert_eq!(
        datas(&mut decoder, b"\ndata: \xFF\n\n")[0].len(),
        (2 << 20) + 4
    );
    assert!(datas(&mut decoder, b"").is_empty());
    assert!(decoder.line.capacity() + decoder.data.capacity() <= 2 << 20);

    assert!(datas(&mut decoder, &line).is_empty());
    decoder.reset();
    assert_eq!(decoder.line.capacity() + decoder.data.capacity(), 0);
}

#[test]
fn items_dropped_early_end_the_connection() {
    let mut decoder = Decoder::new();
    let chunk = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\ndata: d";
    let mut items = decoder.feed(chunk);
    assert_eq!(items.next_event().unwrap().unwrap().data(), "a");
    assert_eq!(items.next_event().unwrap().unwrap().data(), "b");
    drop(items);
    assert_eq!(decoder.last_event_id(), "2");
    // A new connection: a BOM may come, and nothing of the old one is left.
    let bom = b"\xEF\xBB\xBFdata: e\n\n";
    assert_eq!(datas(&mut decoder, bom), ["e"]);
    assert_eq!(decoder.last_event_id(), "2");
}

#[test]
fn items_dropped_before_the_first_item_skip_the_chunk() {
    let mut decoder = Decoder::new();
    assert!(datas(&mut decoder, b"id: 1\ndata: a\n").is_empty());
    drop(decoder.feed(b"\nretry: 5\n"));
    assert_eq!(decoder.last_event_id(), "");
    assert_eq!(decoder.reconnection_time(), None);
    assert_eq!(datas(&mut decoder, b"\ndata: b\n\n"), ["b"]);
}

#[test]
fn items_dropped_with_nothing_unread_end_nothing() {
    let mut decoder = Decoder::new();
    let mut items = decoder.feed(b"id: 1\r\rdata: a\r\r");
    assert_eq!(items.next_event().unwrap().unwrap().id(), "1");
    drop(items);
    drop(decoder.feed(b""));
    // The LF still belongs to the CR of the blank line, and a BOM is not skipped any more.
    assert_eq!(
        datas(&mut decoder, b"\ndata: b\n\n\xEF\xBB\xBFdata: c\n\n"),
        ["b"]
    );
    assert_eq!(decoder.last_event_id(), "1");
}

#[test]
fn leaked_items_end_the_connection() {
    let mut decoder = Decoder::new();
    std::mem::forget(decoder.feed(b"data: a\n\ndata: b"));
    assert_eq!(datas(&mut decoder, b"\xEF\xBB\xBFdata: c\n\n"), ["c"]);
}

#[test]
fn an_error_stays_until_reset() {
    let mut decoder = Decoder::builder().max_event(3).last_event_id("0").build();
    let mut items = decoder.feed(b"id: 1\n\ndata: abcd\n\ndata: e\n\n");
    let error = items.next().unwrap_err();
    assert_eq!((error.limit(), error.max()), (Limit::Event, 3));
    assert_eq!(items.next_event(), Err(error));
    drop(items);
    assert_eq!(decoder.feed(b"data: e\n\n").next(), Err(error));
    assert_eq!(decoder.feed(b"").next(), Err(error));
    assert_eq!(decoder.last_event_id(), "1");
    assert!(error.to_string().contains("max_event = 3"), "{error}");

    decoder.reset();
    assert_eq!(datas(&mut decoder, b"data: e\n\n"), ["e"]);
    assert_eq!(decoder.last_event_id(), "1");
}

#[test]
fn items_dropped_before_an_error_do_not_meet_it() {
    let mut decoder = Decoder::builder().max_event(3).build();
    let mut items = decoder.feed(b"data: a\n\ndata: abcd\n\n");
    assert_eq!(items.next_event().unwrap().unwrap().data(), "a");
    drop(items);
    assert_eq!(datas(&mut decoder, b"data: b\n\n"), ["b"]);
}

#[test]
fn retries_are_items_where_asked_for() {
    let mut decoder = Decoder::builder().retries(true).build();
    for (chunk, want) in [
        (&b"retry: 1"[..], None),
        (b"0\n", Some(10)),
        (b"retry: 7\r", Some(7)),
    ] {
        let mut items = decoder.feed(chunk);
        assert_eq!(items.next(), Ok(want.map(Item::Retry)));
        assert_eq!(items.next(), Ok(None));
    }
    // They are applied in any case, also by one who takes events only.
    let mut items = decoder.feed(b"retry: 8\ndata: a\n\nretry: x\n");
    assert!(items.next_event().unwrap().is_some());
    assert!(items.next_event().unwrap().is_none());
    drop(items);
    assert_eq!(decoder.reconnection_time(), Some(8));
    decoder.reset();
    assert_eq!(decoder.reconnection_time(), Some(8));
}

#[test]
fn it_can_be_moved_between_threads() {
    fn is<T: Send + Sync + 'static>() {}
    is::<Decoder>();
    is::<crate::DecodeError>();
    is::<crate::EncodeError>();
}

proptest! {
    /// Early drops and resets at any place leave nothing behind.
    #[test]
    fn a_reset_decoder_is_as_a_new_one(
        before in prop::collection::vec(prop::sample::select(&b"data:id\r\n \xEF\xBB\xBF\xFF"[..]), 0..60),
        take in 0..4,
        after in prop::collection::vec(prop::sample::select(&b"data:id\r\n \xEF\xBB\xBF\xFF"[..]), 0..60),
    ) {
        let mut used = Decoder::new();
        let mut items = used.feed(&before);
        for _ in 0..take {
            let _ = items.next();
        }
        drop(items);
        used.reset();
        let mut new = Decoder::builder().last_event_id(used.last_event_id()).build();
        prop_assert_eq!(datas(&mut used, &after), datas(&mut new, &after));
        prop_assert_eq!(used.last_event_id(), new.last_event_id());
    }

    /// Whoever pauses after any of the items gets what somebody gets who reads on.
    #[test]
    fn a_pause_changes_nothing(
        stream in prop::collection::vec(prop::sample::select(&b"data:id:\r\r\n\n\n  1:\xEF\xBB\xBF\xFF"[..]), 0..200),
        cut in any::<prop::sample::Index>(),
        pauses in prop::collection::vec(any::<bool>(), 0..40),
        max_event in 2..20_usize,
    ) {
        let builder = Decoder::builder().comments(true).retries(true).max_event(max_event);
        let (mut straight, mut pausing) = (builder.clone().build(), builder.build());
        let mut pauses = pauses.into_iter();
        let (first, second) = stream.split_at(cut.index(stream.len() + 1));
        for chunk in [first, second] {
            let mut want = Vec::new();
            let mut items = straight.feed(chunk);
            while let Some(item) = items.next().transpose() {
                let failed = item.is_err();
                want.push(format!("{item:?}"));
                if failed {
                    break;
                }
            }
            drop(items);

            let mut got = Vec::new();
            let mut unread = chunk;
            let mut items = pausing.feed(unread);
            loop {
                let item = items.next();
                let last = !matches!(item, Ok(Some(_)));
                got.extend(item.transpose().map(|item| format!("{item:?}")));
                if pauses.next().unwrap_or(false) {
                    unread = &unread[unread.len() - items.pause()..];
                    items = pausing.feed(unread);
                } else if last {
                    break;
                }
                if got.last().is_some_and(|item| item.starts_with("Err")) {
                    break;
                }
            }
            drop(items);
            prop_assert_eq!(got, want);
            prop_assert_eq!(pausing.last_event_id(), straight.last_event_id());
            prop_assert_eq!(pausing.reconnection_time(), straight.reconnection_time());
        }
    }
}

#[test]
fn marks_come_where_they_are_asked_for_and_only_then() {
    let chunk =
        "id: 1\n\nid: 2\ndata: a\n\nevent: x\nid: 3\n\nevent: x\n\nid\n\nid: a\0\n\ndata: b\n\n";
    let told = |decoder: &mut Decoder, chunks: &mut dyn Iterator<Item = &[u8]>| {
        let mut told = Vec::new();
        for chunk in chunks {
            let mut items = decoder.feed(chunk);
            while let Some(item) = items.next().unwrap() {
                told.push(match item {
                    Item::Event(event) => format!("event {}", event.id()),
                    Item::Mark(id) => format!("mark {id}"),
                    other => panic!("{other:?}"),
                });
            }
        }
        told
    };
    for size in 1..=chunk.len() {
        let mut decoder = Decoder::builder().marks(true).build();
        let got = told(&mut decoder, &mut chunk.as_bytes().chunks(size));
        assert_eq!(
            got,
            ["mark 1", "event 2", "mark 3", "mark ", "event "],
            "chunks of {size}"
        );
    }
    let got = told(&mut Decoder::new(), &mut [chunk.as_bytes()].into_iter());
    assert_eq!(got, ["event 2", "event "]);
}
