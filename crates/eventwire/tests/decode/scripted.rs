//! What `decode` does with a source, poll by poll.

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use eventwire::{
    DecodeStream, DecodeStreamError, DecodedItem, Decoder, Event, Limit, decode, decode_with,
};
use futures_util::stream::{FusedStream, Stream, StreamExt, TryStreamExt, iter};

/// A source that says how often it was polled, and that must not be polled after its end.
#[derive(Debug, Default)]
struct Script {
    steps: VecDeque<Poll<Option<io::Result<Vec<u8>>>>>,
    polls: usize,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Poll<Option<io::Result<Vec<u8>>>>>) -> Script {
        Script {
            steps: steps.into_iter().collect(),
            polls: 0,
        }
    }
}

impl Stream for &mut Script {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.polls += 1;
        self.steps
            .pop_front()
            .expect("polled after it had ended or failed")
    }
}

fn chunk(text: &str) -> Poll<Option<io::Result<Vec<u8>>>> {
    Poll::Ready(Some(Ok(text.as_bytes().to_vec())))
}

fn broken() -> Poll<Option<io::Result<Vec<u8>>>> {
    Poll::Ready(Some(Err(io::Error::other("the cable"))))
}

type Polled = Poll<Option<Result<Event, DecodeStreamError<io::Error>>>>;

fn poll(events: &mut DecodeStream<&mut Script>) -> Polled {
    Pin::new(events).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// The data of the next event, which must be there.
fn data(events: &mut DecodeStream<&mut Script>) -> String {
    match poll(events) {
        Poll::Ready(Some(Ok(event))) => event.into_data(),
        other => panic!("no event, but {other:?}"),
    }
}

#[test]
fn the_events_of_a_chunk_are_given_without_polling_the_source_again() {
    let mut script = Script::new([chunk("data: 1\n\ndata: 2\n\ndata: 3\n\n"), Poll::Pending]);
    let mut events = decode(&mut script);
    assert_eq!([data(&mut events), data(&mut events)], ["1", "2"]);
    drop(events);
    assert_eq!(script.polls, 1);
}

#[test]
fn an_error_of_the_source_comes_after_the_events_before_it_and_then_it_is_over() {
    let mut script = Script::new([chunk("data: 1\n\ndata: 2\n\ndata: cut"), broken()]);
    let mut events = decode(&mut script);
    assert_eq!([data(&mut events), data(&mut events)], ["1", "2"]);
    assert!(!events.is_terminated());
    let Poll::Ready(Some(Err(error))) = poll(&mut events) else {
        panic!("no error")
    };
    assert_eq!(error.source().unwrap().to_string(), "the cable");
    assert!(
        matches!(error, DecodeStreamError::Transport(error) if error.kind() == io::ErrorKind::Other)
    );
    assert!(events.is_terminated());
    for _ in 0..2 {
        assert!(matches!(poll(&mut events), Poll::Ready(None)));
    }
}

#[test]
fn a_limit_is_an_error_after_the_events_before_it_and_the_source_is_left_alone() {
    let mut script = Script::new([chunk("data: 1\n\ndata: 23456789\n\ndata: 3\n\n")]);
    let decoder = Decoder::builder().max_line(8).build();
    let mut events = decode_with(decoder, &mut script);
    assert_eq!(data(&mut events), "1");
    let Poll::Ready(Some(Err(error))) = poll(&mut events) else {
        panic!("no error")
    };
    assert!(error.to_string().contains("max_line = 8"), "{error}");
    assert!(
        matches!(error, DecodeStreamError::Limit(error) if error.limit() == Limit::Line && error.max() == 8)
    );
    assert!(matches!(poll(&mut events), Poll::Ready(None)));
    assert!(events.is_terminated());
}

#[test]
fn it_ends_when_the_source_ends_and_drops_what_is_unfinished() {
    let mut script = Script::new([chunk("data: 1\n\ndata: cut off\n"), Poll::Ready(None)]);
    let mut events = decode(&mut script);
    assert_eq!(data(&mut events), "1");
    for _ in 0..2 {
        assert!(matches!(poll(&mut events), Poll::Ready(None)));
    }
    assert!(events.is_terminated());
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    let mut script = Script::new([
        chunk("data: 1\n\nda"),
        Poll::Pending,
        chunk("ta: 2\n\ndata: 3\n\n"),
        Poll::Pending,
    ]);
    let mut events = decode(&mut script);
    let mut seen = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..5 {
        // Each future is polled once and dropped.
        let next = Box::pin(events.next()).as_mut().poll(&mut cx);
        seen.push(match next {
            Poll::Ready(Some(event)) => event.unwrap().into_data(),
            Poll::Ready(None) => panic!("an end"),
            Poll::Pending => "pending".into(),
        });
    }
    assert_eq!(seen, ["1", "pending", "2", "3", "pending"]);
}

#[test]
fn the_last_event_id_is_that_of_what_was_taken() {
    let mut script = Script::new([
        chunk("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n"),
        Poll::Pending,
    ]);
    let decoder = Decoder::builder().last_event_id("0").build();
    let mut events = decode_with(decoder, &mut script);
    assert_eq!(events.last_event_id(), "0");
    assert_eq!(data(&mut events), "a");
    assert_eq!(events.last_event_id(), "1");
    assert_eq!(data(&mut events), "b");
    assert_eq!(events.last_event_id(), "3", "and of the block without data");
    assert!(poll(&mut events).is_pending());
    assert_eq!(events.last_event_id(), "3");
}

#[tokio::test]
async fn comments_and_retries_are_items_where_asked_for() {
    let stream = ": hi\nretry: 7\ndata: x\n\n";
    let source = || iter([Ok::<_, io::Error>(stream)]);
    let decoder = Decoder::builder().comments(true).retries(true).build();
    let items = decode_with(decoder.clone(), source()).items();
    let want = [
        DecodedItem::Comment("hi".into()),
        DecodedItem::Retry(7),
        DecodedItem::Event(Event::new("x")),
    ];
    assert_eq!(items.try_collect::<Vec<_>>().await.unwrap(), want);
    // Whoever takes events gets events, whatever the decoder would give.
    let mut events = decode_with(decoder, source());
    assert_eq!(events.next().await.unwrap().unwrap(), Event::new("x"));
    assert_eq!(events.reconnection_time(), Some(7));
    let items = decode(source()).items();
    assert_eq!(items.try_collect::<Vec<_>>().await.unwrap(), want[2..]);
}

/// A long id is part of each event that follows: all events of a chunk at once would be a thousand times the chunk, and more.
#[tokio::test]
async fn a_chunk_is_not_decoded_all_at_once() {
    let id = "i".repeat(100_000);
    let chunk = format!("id: {id}\n\n{}", "data\n\n".repeat(3_000));
    let mut events = decode(iter([Ok::<_, io::Error>(chunk)]));
    let mut count = 0;
    while let Some(event) = events.next().await.transpose().unwrap() {
        assert_eq!(event.id().len(), id.len());
        assert_eq!(events.last_event_id().len(), id.len());
        // Nothing was decoded ahead of it: that could have been 300 MB.
        assert!(format!("{events:?}").contains("queued: 0"), "{events:?}");
        count += 1;
    }
    assert_eq!(count, 3_000);
}

#[tokio::test]
async fn large_chunks_come_out_whole_over_many_pauses() {
    let text: String = (0..50_000)
        .map(|n| format!("id: {n}\ndata: zwölf 🎈 {n}\n\n"))
        .collect();
    for size in [text.len(), 100_000, 4096, 37] {
        let chunks = text.as_bytes().chunks(size).map(Ok::<_, io::Error>);
        let mut events = decode(iter(chunks)).enumerate();
        let mut count = 0;
        while let Some((n, event)) = events.next().await {
            let event = event.unwrap();
            assert_eq!(event.id(), n.to_string());
            assert_eq!(event.data(), format!("zwölf 🎈 {n}"));
            count += 1;
        }
        assert_eq!(count, 50_000, "in chunks of {size}");
    }
}

#[test]
fn it_can_be_sent_where_its_source_can() {
    fn is_send<T: Send>(_: &T) {}
    fn is_error<T: Error + Send + Sync + 'static>() {}
    is_send(&decode(iter([Ok::<_, io::Error>("")])));
    is_error::<DecodeStreamError<io::Error>>();
}
