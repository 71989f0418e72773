//! What is read from the store, since the window has it no more.

use super::*;

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
