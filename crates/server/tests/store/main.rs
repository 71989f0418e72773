//! A hub over a store that is slow, fails on demand and refuses: the order, the answers, and what is seen. The clock is virtual.

mod common;
mod support;

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{Failing, SlowStore};
use eventwire_server::store::{
    Appended, Batch, Epoch, Newest, Opened, Outcome, Page, Query, Store, StoreError, StoreFuture,
    Window,
};
use eventwire_server::{
    BuildError, EventId, Hub, HubBuilder, Publication, PublishError, ServeOptions, Slow, Start,
    Subscribe, Subscription,
};
use support::{Raw, unchunked};
use tokio_stream::{Stream, StreamExt};

async fn open(store: &SlowStore) -> Hub {
    open_with(store, |builder| builder).await
}

async fn open_with(store: &SlowStore, change: impl FnOnce(HubBuilder) -> HubBuilder) -> Hub {
    let builder = Hub::builder().heartbeat(None).store_with(store.clone());
    change(builder).open().await.unwrap()
}

fn data(number: usize) -> Publication {
    Publication::new("a", number.to_string())
}

/// Begins to publish, as a call does: in the order of the calls.
fn begin(
    hub: &Hub,
    publication: Publication,
) -> tokio::task::JoinHandle<Result<EventId, PublishError>> {
    let hub = hub.clone();
    let mut publishing = Box::pin(async move { hub.publish(publication).await });
    let first = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    match first {
        Poll::Ready(answer) => tokio::spawn(std::future::ready(answer)),
        Poll::Pending => tokio::spawn(publishing),
    }
}

fn at_once(frames: &mut Subscription) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(frame)) = std::pin::Pin::new(&mut *frames).poll_next(&mut cx) {
        all.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    all
}

/// What comes until nothing has come for a long time, or the end: marks and resets by their first line, events by their data.
async fn all(frames: &mut Subscription) -> Vec<String> {
    let mut all = Vec::new();
    let patience = Duration::from_secs(1000);
    while let Ok(Some(frame)) = tokio::time::timeout(patience, frames.next()).await {
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let mut lines = text.lines().filter(|line| !line.starts_with("retry: "));
        let id = lines.next().unwrap();
        let offset = id.rsplit('-').next().unwrap().to_owned();
        all.push(match lines.next() {
            Some("event: eventwire.reset") => format!("reset {offset}"),
            Some("") | None => format!("mark {offset}"),
            Some(data) => format!("{offset} {data}"),
        });
    }
    all
}

#[tokio::test(start_paused = true)]
async fn what_is_published_while_the_store_is_busy_goes_in_batches_in_the_order_of_the_calls() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let publishing: Vec<_> = (1..=1100).map(|number| begin(&hub, data(number))).collect();
    assert_eq!(
        at_once(&mut frames).len(),
        1,
        "only the mark: nothing is stored yet"
    );
    for (place, publishing) in publishing.into_iter().enumerate() {
        let id = publishing.await.unwrap().unwrap();
        assert_eq!(id.offset(), place as u64 + 1);
    }
    let seen = at_once(&mut frames);
    let epoch = hub.stats().last.epoch().to_owned();
    let expected: Vec<_> = (1..=1100)
        .map(|n| format!("id: {epoch}-{n}\ndata: {n}\n\n"))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(store.batches(), [1, 512, 512, 75]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_seen_only_once_the_store_has_it() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    at_once(&mut frames);
    let publishing = begin(&hub, data(1));
    tokio::time::advance(store.delay() / 2).await;
    tokio::task::yield_now().await;
    assert_eq!((at_once(&mut frames).len(), hub.stats().events), (0, 0));
    publishing.await.unwrap().unwrap();
    assert_eq!((at_once(&mut frames).len(), hub.stats().events), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_fails_its_publishers_and_no_other_and_takes_no_offset() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let first = begin(&hub, data(1));
    store.fail_next(Failing::NotStored);
    let lost = begin(&hub, data(2));
    let lost_too = begin(&hub, data(3));
    // The first batch is with the store already, so that the next one fails.
    assert_eq!(first.await.unwrap().unwrap().offset(), 1);
    for publishing in [lost, lost_too] {
        let Err(PublishError::Store(error)) = publishing.await.unwrap() else {
            panic!("it was to fail");
        };
        assert_eq!(error.outcome(), Outcome::NotStored);
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
    }
    assert_eq!(hub.publish(data(4)).await.unwrap().offset(), 2);
    let mut frames = hub
        .subscribe(Subscribe::to(["a"]).start(Start::Earliest))
        .unwrap();
    assert_eq!(all(&mut frames).await, ["mark 0", "1 data: 1", "2 data: 4"]);
}

#[tokio::test(start_paused = true)]
async fn where_the_outcome_is_unknown_the_hub_finds_out_before_it_goes_on() {
    for stored in [true, false] {
        let store = SlowStore::new();
        let hub = open(&store).await;
        let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
        store.fail_next(if stored {
            Failing::UnknownStored
        } else {
            Failing::UnknownLost
        });
        let keyed = || data(1).key("k");
        let Err(PublishError::Store(error)) = hub.publish(keyed()).await else {
            panic!("it was to fail");
        };
        assert_eq!(error.outcome(), Outcome::Unknown);
        // With the key, trying again is harmless.
        assert_eq!(hub.publish(keyed()).await.unwrap().offset(), 1);
        assert_eq!(hub.publish(data(2)).await.unwrap().offset(), 2);
        assert_eq!(
            all(&mut frames).await,
            ["mark 0", "1 data: 1", "2 data: 2"],
            "{stored}"
        );
        assert_eq!(hub.stats().published, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_harms_nobody_else() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    store.fail_next(Failing::Panic);
    let Err(PublishError::Store(error)) = hub.publish(data(1)).await else {
        panic!("it was to fail");
    };
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(hub.publish(data(2)).await.unwrap().offset(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_refused_event_does_not_keep_its_batch_from_being_stored() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let publishing = [
        begin(&hub, data(1)),
        begin(&hub, data(2)),
        begin(&hub, Publication::new("refused", "x")),
        begin(&hub, data(3)),
    ];
    let mut answers = Vec::new();
    for publishing in publishing {
        answers.push(publishing.await.unwrap());
    }
    let offsets: Vec<_> = answers.iter().flatten().map(EventId::offset).collect();
    assert_eq!(offsets, [1, 2, 3]);
    let message = answers[2].as_ref().unwrap_err().to_string();
    assert_eq!(message, "no such topic is stored here: nothing was stored");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_one_event_in_flight_in_the_window_and_in_the_store() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| builder.max_events(2)).await;
    let keyed = |number| data(number).key("k");
    let together: Vec<_> = [1, 1, 2].map(|number| begin(&hub, keyed(number))).into();
    let other = begin(&hub, data(3));
    let mut answers = Vec::new();
    for publishing in together {
        answers.push(publishing.await.unwrap());
    }
    let (first, second) = (answers[0].clone().unwrap(), answers[1].clone().unwrap());
    assert_eq!((first.offset(), second.offset()), (1, 1));
    assert!(matches!(&answers[2], Err(PublishError::KeyConflict { id, .. }) if *id == first));
    assert_eq!(other.await.unwrap().unwrap().offset(), 2);
    hub.publish(data(4)).await.unwrap();
    // It has left the window, and the store knows it.
    assert_eq!(hub.stats().first.unwrap().offset(), 2);
    assert_eq!(hub.publish(keyed(1)).await.unwrap(), first);
    let error = hub.publish(keyed(2)).await.unwrap_err();
    assert!(matches!(error, PublishError::KeyConflict { id, .. } if id == first));
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_goes_does_not_stop_what_was_accepted() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    for number in 1..=3 {
        begin(&hub, data(number)).abort();
    }
    assert_eq!(hub.publish(data(4)).await.unwrap().offset(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_and_who_waits_for_room_and_goes_is_not_published() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    // One with the store, 4096 accepted, and ten that wait for room.
    let publishing: Vec<_> = (0..4107).map(|number| begin(&hub, data(number))).collect();
    for publishing in &publishing[4097..4106] {
        publishing.abort();
    }
    publishing[4000].abort();
    tokio::task::yield_now().await;
    let mut offsets = Vec::new();
    for publishing in publishing {
        if let Ok(answer) = publishing.await {
            offsets.push(answer.unwrap().offset());
        }
    }
    // Number 4000 was accepted, and so has an offset of its own although nobody heard of it.
    let expected: Vec<u64> = (1..=4098).filter(|offset| *offset != 4001).collect();
    assert_eq!(offsets, expected);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_closed_answers_the_queue_and_shows_what_the_store_was_given() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let given = begin(&hub, data(1));
    let queued = begin(&hub, data(2));
    hub.close();
    assert!(matches!(queued.await.unwrap(), Err(PublishError::Closed)));
    assert!(matches!(
        hub.publish(data(3)).await,
        Err(PublishError::Closed)
    ));
    assert!(hub.is_closed() && hub.subscribe(Subscribe::to(["a"])).is_err());
    assert_eq!(given.await.unwrap().unwrap().offset(), 1);
    assert_eq!(at_once(&mut frames).len(), 2, "the mark, and the event");
    assert_eq!(frames.next().await, None);
}

#[test]
fn without_a_runtime_the_error_says_what_to_do() {
    let store = SlowStore::new();
    store.open_at_once();
    store.yield_only();
    let hub = Hub::builder().store_with(store).build().unwrap();
    for says in [
        "whether the event was stored is not known",
        "nothing was stored",
    ] {
        let mut publishing = std::pin::pin!(hub.publish(data(1)));
        let polled = publishing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(PublishError::Store(error))) = polled else {
            panic!("there is nobody to wait for the store");
        };
        let message = error.to_string();
        assert!(
            message.contains("Tokio runtime") && message.contains(says),
            "{message}"
        );
    }
}

#[test]
fn a_runtime_that_ends_leaves_no_publisher_without_an_answer() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let store = SlowStore::new();
    let hub = first.block_on(open(&store));
    let (given, queued) = {
        let _in = first.enter();
        (begin_detached(&hub, data(1)), begin_detached(&hub, data(2)))
    };
    drop(first);
    let answer = second.block_on(given).unwrap_err();
    assert!(matches!(&answer, PublishError::Store(error) if error.outcome() == Outcome::Unknown));
    let answer = second.block_on(queued).unwrap_err();
    assert!(matches!(&answer, PublishError::Store(error) if error.outcome() == Outcome::NotStored));
    // The hub lives on in another.
    second
        .block_on(async { hub.publish(data(3)).await })
        .unwrap();
}

fn begin_detached(
    hub: &Hub,
    publication: Publication,
) -> std::pin::Pin<Box<dyn Future<Output = Result<EventId, PublishError>>>> {
    let hub = hub.clone();
    let mut publishing = Box::pin(async move { hub.publish(publication).await });
    let polled = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    publishing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_keep_their_orders_and_see_one() {
    const EACH: usize = 300;
    let store = SlowStore::new();
    store.yield_only();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let publishers: Vec<_> = (0..4)
        .map(|who| {
            let hub = hub.clone();
            tokio::spawn(async move {
                let mut last = 0;
                for number in 0..EACH {
                    let publication = Publication::new("a", format!("{who} {number}"));
                    let id = hub.publish(publication).await.unwrap();
                    assert!(id.offset() > last, "the order of the calls");
                    last = id.offset();
                }
            })
        })
        .collect();
    frames.next().await.unwrap();
    let mut next = [0; 4];
    for offset in 1..=4 * EACH {
        let frame = String::from_utf8(frames.next().await.unwrap().to_vec()).unwrap();
        let (id, said) = frame.trim().split_once("\ndata: ").unwrap();
        assert!(id.ends_with(&format!("-{offset}")));
        let (who, number) = said.split_once(' ').unwrap();
        let expected = &mut next[who.parse::<usize>().unwrap()];
        assert_eq!(number.parse::<usize>().unwrap(), *expected);
        *expected += 1;
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_there_is_gone_on_with() {
    let store = SlowStore::new();
    let ids = {
        let hub = open(&store).await;
        let mut ids = Vec::new();
        for number in 1..=10 {
            ids.push(hub.publish(data(number)).await.unwrap());
        }
        ids
    };
    let hub = open_with(&store, |builder| builder.max_events(3).retain("a", 1)).await;
    assert_eq!(hub.stats().events, 3);
    assert_eq!(
        hub.publish(Publication::new("b", "11"))
            .await
            .unwrap()
            .offset(),
        11
    );
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    assert_eq!(at_once(&mut frames)[0], "data: 10\n\n", "retained");
    // Also from before the window.
    let resume = Subscribe::to(["a", "b"]).start(Start::After(ids[1].to_string()));
    let mut frames = hub.subscribe(resume).unwrap();
    let mut expected = vec!["mark 2".to_owned()];
    expected.extend((3..=11).map(|n| format!("{n} data: {n}")));
    assert_eq!(all(&mut frames).await, expected);
    let mut frames = hub
        .subscribe(Subscribe::to(["*"]).start(Start::Earliest))
        .unwrap();
    assert_eq!(all(&mut frames).await.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_has_lost_is_told() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| {
        builder.max_events(2).retry(Duration::from_secs(2))
    })
    .await;
    for number in 1..=9 {
        hub.publish(data(number)).await.unwrap();
    }
    store.forget_up_to(4);
    let epoch = hub.stats().last.epoch().to_owned();
    let resume = |id: String| {
        hub.subscribe(Subscribe::to(["a"]).start(Start::After(id)))
            .unwrap()
    };
    let frame = at_once_or_next(&mut resume(format!("{epoch}-1"))).await;
    assert_eq!(
        frame,
        format!(
            "retry: 2000\nid: {epoch}-4\nevent: eventwire.reset\ndata: {{\"first\":\"{epoch}-5\",\"reason\":\"evicted\",\
             \"requested\":\"{epoch}-1\"}}\n\n"
        )
    );
    for (id, first) in [
        (format!("{epoch}-4"), "mark 4"),
        (format!("{epoch}-99"), "reset 4"),
        ("aaaaaaaa-3".to_owned(), "reset 4"),
        ("?".to_owned(), "reset 4"),
    ] {
        let got = all(&mut resume(id)).await;
        assert_eq!(got[0], first);
        assert_eq!(
            got[1..],
            ["5", "6", "7", "8", "9"].map(|n| format!("{n} data: {n}"))
        );
    }
}

async fn at_once_or_next(frames: &mut Subscription) -> String {
    String::from_utf8(frames.next().await.unwrap().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_loses_nothing_that_the_store_has() {
    for (slow, told) in [(Slow::Disconnect, false), (Slow::Skip, true)] {
        let store = SlowStore::new();
        let hub = open_with(&store, |builder| builder.max_events(2).slow(slow)).await;
        let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
        assert_eq!(at_once(&mut frames).len(), 1);
        for number in 1..=8 {
            hub.publish(data(number)).await.unwrap();
        }
        let behind: Vec<_> = (1..=8).map(|n| format!("{n} data: {n}")).collect();
        assert_eq!(all(&mut frames).await, behind);
        for number in 9..=16 {
            hub.publish(data(number)).await.unwrap();
        }
        store.forget_up_to(12);
        let got = all(&mut frames).await;
        if told {
            assert_eq!(got[0], "reset 12");
            assert_eq!(got.len(), 5);
        } else {
            assert!(got.is_empty());
            assert_eq!(frames.next().await, None);
        }
        drop(frames);
        assert_eq!(hub.stats().ended.slow, u64::from(!told));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_ones_are_counted_in_the_store_where_the_window_has_fewer() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| {
        builder.max_events(4).retry(Duration::from_secs(2))
    })
    .await;
    // Of "a" the odd ones; the window has 11 and 9 of them.
    for number in 1..=12 {
        let topic = if number % 2 == 1 { "a" } else { "b/x" };
        let publication = Publication::new(topic, number.to_string());
        hub.publish(publication).await.unwrap();
    }
    store.forget_up_to(2);
    let last = |topic: &str, count| {
        let subscribe = Subscribe::to([topic]).start(Start::Last(count));
        hub.subscribe(subscribe).unwrap()
    };
    for (topic, held) in [("a", [3, 5, 7, 9, 11]), ("b/*", [4, 6, 8, 10, 12])] {
        for count in 0..=7 {
            let expected = &held[5 - count.min(5)..];
            let before = expected.first().map_or(12, |first| first - 1);
            let mut all_of_them = vec![format!("mark {before}")];
            all_of_them.extend(expected.iter().map(|n| format!("{n} data: {n}")));
            let mut frames = last(topic, count);
            assert_eq!(all(&mut frames).await, all_of_them, "{count} of {topic}");
        }
    }
    // What comes after the subscription does not count, however far the window has gone when it is read.
    let mut frames = last("a", 3);
    for number in 13..=20 {
        hub.publish(data(number)).await.unwrap();
    }
    let expected = [7, 9, 11, 13, 14, 15, 16, 17, 18, 19, 20].map(|n| format!("{n} data: {n}"));
    assert_eq!(all(&mut frames).await[1..], expected);
    // Nothing of it is held.
    let mut frames = last("c", 3);
    let first = at_once_or_next(&mut frames).await;
    let epoch = hub.stats().last.epoch().to_owned();
    assert_eq!(first, format!("retry: 2000\nid: {epoch}-20\n\n"));
    hub.publish(Publication::new("c", "x")).await.unwrap();
    assert_eq!(all(&mut frames).await, ["21 data: x"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_ends_only_who_needs_it() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| builder.max_events(2)).await;
    for number in 1..=5 {
        hub.publish(data(number)).await.unwrap();
    }
    store.fail_reads(true);
    let epoch = hub.stats().last.epoch().to_owned();
    let after = |offset: u64| Subscribe::to(["a"]).start(Start::After(format!("{epoch}-{offset}")));
    let mut far = hub.subscribe(after(0)).unwrap();
    let mut near = hub.subscribe(after(3)).unwrap();
    let last = Subscribe::to(["a"]).start(Start::Last(3));
    let mut last = hub.subscribe(last).unwrap();
    assert_eq!((far.next().await, last.next().await), (None, None));
    assert_eq!(all(&mut near).await, ["mark 3", "4 data: 4", "5 data: 5"]);
    drop((far, last));
    assert_eq!(hub.stats().ended.failed, 2);
    store.fail_reads(false);
    assert_eq!(all(&mut hub.subscribe(after(0)).unwrap()).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_needs_time_to_open_says_how() {
    let builder = Hub::builder().store_with(SlowStore::new());
    let error = builder.clone().build().unwrap_err();
    assert!(matches!(error, BuildError::StoreOpensLater), "{error}");
    assert!(builder.open().await.is_ok());
    let broken = SlowStore::new();
    broken.fail_reads(true);
    let error = Hub::builder().store_with(broken).open().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the store could not be opened: the disk is gone")
    );
}

#[tokio::test]
async fn over_a_socket_too_a_stream_comes_through_the_store_and_goes_on() {
    for shards in [1, 0] {
        let store = SlowStore::new();
        store.yield_only();
        let hub = open_with(&store, |builder| builder.max_events(2)).await;
        for number in 1..=9 {
            hub.publish(data(number)).await.unwrap();
        }
        let options = ServeOptions::new().threads(shards);
        let server = hub.serve("127.0.0.1:0", options).await.unwrap();
        let epoch = hub.stats().last.epoch().to_owned();
        let id = format!("Last-Event-ID: {epoch}-1\r\n");
        let mut raw = Raw::get(&server, "/events?topic=a", &id).await;
        let head = raw.take("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let mut body = raw.take("data: 9\n\n\r\n").await;
        hub.publish(data(10)).await.unwrap();
        hub.close();
        body.push_str(&raw.rest().await);
        let event = |n| format!("id: {epoch}-{n}\ndata: {n}\n\n");
        let expected = format!("id: {epoch}-1\n\n") + &(2..=10).map(event).collect::<String>();
        assert_eq!(unchunked(&body), (expected, true), "{shards} shards");
    }
}

/// Another hub has appended before each event of this one, and what it appended cannot be read.
#[derive(Debug)]
struct Unreadable(std::sync::atomic::AtomicU64);

impl Store for Unreadable {
    fn open(&self, _: Window) -> StoreFuture<Opened> {
        StoreFuture::ready(Ok(Opened::empty(Epoch::random())))
    }

    fn append(&self, batch: Batch) -> StoreFuture<Vec<Appended>> {
        let count = batch.len() as u64;
        let before = self.0.fetch_add(count + 1, Ordering::SeqCst);
        let offsets = before + 2..before + 2 + count;
        StoreFuture::ready(Ok(offsets.map(Appended::Stored).collect()))
    }

    fn read(&self, _: Query) -> StoreFuture<Page> {
        StoreFuture::ready(Err(StoreError::not_stored("the disk cannot be read")))
    }

    fn newest(&self, _: Newest) -> StoreFuture<Option<u64>> {
        StoreFuture::ready(Err(StoreError::not_stored("the disk cannot be read")))
    }
}

#[tokio::test]
async fn nobody_is_told_that_an_event_was_not_stored_where_what_came_before_it_cannot_be_read() {
    let store = Unreadable(Default::default());
    let hub = Hub::builder().store_with(store).build().unwrap();
    let Err(PublishError::Store(error)) = hub.publish(data(1)).await else {
        panic!("it was to fail");
    };
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(
        error.to_string().contains("the disk cannot be read"),
        "{error}"
    );
    // This one was not given to the store.
    let Err(PublishError::Store(error)) = hub.publish(data(2)).await else {
        panic!("it was to fail");
    };
    assert_eq!(error.outcome(), Outcome::NotStored, "{error}");
}

#[test]
fn whoever_publishes_after_the_runtime_has_ended_is_told_so_and_the_hub_goes_on() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let store = SlowStore::new();
    store.yield_only();
    let first = runtime();
    let hub = first.block_on(open(&store));
    drop(first);
    let (tell, told) = std::sync::mpsc::channel();
    let publishing = hub.clone();
    // On a thread, since a test that fails hangs.
    std::thread::spawn(move || {
        // The first is with the store when its runtime ends; then the hub finds out what became of it.
        for number in 1..=2 {
            let mut publishing = Box::pin(publishing.publish(data(number)));
            let mut cx = Context::from_waker(Waker::noop());
            tell.send(publishing.as_mut().poll(&mut cx)).unwrap();
        }
    });
    for outcome in [Outcome::Unknown, Outcome::NotStored] {
        let answer = told.recv_timeout(Duration::from_secs(20)).unwrap();
        let Poll::Ready(Err(PublishError::Store(error))) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(error.outcome(), outcome, "{error}");
    }
    let id = runtime().block_on(hub.publish(data(3))).unwrap();
    assert_eq!(id.offset(), 1);
    hub.close();
}
