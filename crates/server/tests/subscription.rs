//! What a subscription leaves behind, and how it is woken. The clock is virtual.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use eventwire_server::{Hub, Publication, Slow, Start, Subscribe, Subscription};
use http_body::Body;
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt};

/// Counts how often it is woken; who else holds it can be counted too.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(frames: &mut Subscription, bell: &Arc<Bell>) -> Poll<Option<String>> {
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    let text = |frame: bytes::Bytes| String::from_utf8(frame.to_vec()).unwrap();
    Pin::new(frames).poll_next(&mut cx).map(|f| f.map(text))
}

/// Reads to the end of what is there, so that it waits.
fn wait(frames: &mut Subscription, bell: &Arc<Bell>) -> Vec<String> {
    let mut all = Vec::new();
    while let Poll::Ready(frame) = poll(frames, bell) {
        all.push(frame.expect("the stream goes on"));
    }
    all
}

fn publish_now(hub: &Hub, topics: &[&str], data: &str) {
    let publication = Publication::to(topics.iter().copied(), data);
    let mut publishing = std::pin::pin!(hub.publish(publication));
    let mut cx = Context::from_waker(Waker::noop());
    let published = publishing.as_mut().poll(&mut cx);
    assert!(
        matches!(published, Poll::Ready(Ok(_))),
        "memory is ready at once"
    );
}

fn subscribe(hub: &Hub, topics: &[&str], start: Start) -> Subscription {
    let subscribe = Subscribe::to(topics.iter().copied()).start(start);
    hub.subscribe(subscribe).unwrap()
}

#[test]
fn without_a_runtime_a_reader_is_woken_once_per_wait() {
    let hub = Hub::new();
    let bell = Arc::new(Bell::default());
    let mut frames = subscribe(&hub, &["a", "b"], Start::Live);
    wait(&mut frames, &bell);
    publish_now(&hub, &["other"], "not its own");
    assert_eq!(bell.rung(), 0, "only its own topics wake it");
    publish_now(&hub, &["a"], "1");
    publish_now(&hub, &["a"], "2");
    assert_eq!(bell.rung(), 1, "nobody is woken who is awake");
    assert_eq!(wait(&mut frames, &bell).len(), 2);
    hub.close();
    assert!(bell.rung() > 1, "the end wakes too");
    assert_eq!(poll(&mut frames, &bell), Poll::Ready(None));
}

#[test]
fn who_goes_leaves_no_waker_behind() {
    let hub = Hub::new();
    let bell = Arc::new(Bell::default());
    let mut frames = subscribe(&hub, &["a", "b", "c"], Start::Live);
    for _ in 0..3 {
        wait(&mut frames, &bell);
        publish_now(&hub, &["b"], "x");
    }
    wait(&mut frames, &bell);
    assert!(Arc::strong_count(&bell) > 1, "it waits");
    drop(frames);
    assert_eq!(Arc::strong_count(&bell), 1);
    let rung = bell.rung();
    publish_now(&hub, &["a", "b", "c"], "x");
    assert_eq!(bell.rung(), rung);
    assert_eq!(hub.stats().subscribers, 0);
}

#[test]
fn a_reader_that_moves_to_another_task_is_woken_there() {
    let hub = Hub::new();
    let (one, two) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    wait(&mut frames, &one);
    wait(&mut frames, &two);
    assert_eq!(Arc::strong_count(&one), 1, "the old task is let go");
    publish_now(&hub, &["a"], "x");
    assert_eq!((one.rung(), two.rung()), (0, 1));
}

#[test]
fn a_publish_that_is_not_polled_publishes_nothing() {
    let hub = Hub::new();
    drop(hub.publish(Publication::new("a", "x")));
    assert_eq!(hub.stats().published, 0);
    publish_now(&hub, &["a"], "y");
    assert_eq!(hub.stats().last.offset(), 1);
}

#[test]
fn replay_and_live_delivery_are_one_sequence_wherever_the_reader_pauses() {
    const EVENTS: usize = 12;
    // It reads for the first time before event number `from`, and then after every `every`-th.
    for from in 0..EVENTS {
        for every in 1..5 {
            let hub = Hub::new();
            let bell = Arc::new(Bell::default());
            let mut frames = None;
            let mut got = Vec::new();
            for number in 0..EVENTS {
                if number == from {
                    frames = Some(subscribe(&hub, &["a", "b"], Start::Earliest));
                }
                publish_now(&hub, [&["a"][..], &["b"], &["b", "a"]][number % 3], "x");
                if let Some(frames) = frames.as_mut()
                    && number % every == 0
                {
                    got.extend(wait(frames, &bell));
                }
            }
            got.extend(wait(frames.as_mut().unwrap(), &bell));
            let epoch = hub.stats().last.epoch().to_owned();
            let mut expected = vec![format!("id: {epoch}-0\n\n")];
            expected.extend((1..=EVENTS).map(|n| format!("id: {epoch}-{n}\ndata: x\n\n")));
            assert_eq!(got, expected, "from {from}, every {every}");
        }
    }
}

#[test]
fn one_that_skips_is_told_again_only_of_a_new_loss() {
    let hub = Hub::builder()
        .max_events(2)
        .slow(Slow::Skip)
        .build()
        .unwrap();
    let bell = Arc::new(Bell::default());
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    wait(&mut frames, &bell);
    let epoch = hub.stats().last.epoch().to_owned();
    let reset = |at: u64, first: u64, requested: u64| {
        format!(
            "id: {epoch}-{at}\nevent: eventwire.reset\ndata: {{\"first\":\"{epoch}-{first}\",\
             \"reason\":\"evicted\",\"requested\":\"{epoch}-{requested}\"}}\n\n"
        )
    };
    let event = |offset: u64| format!("id: {epoch}-{offset}\ndata: x\n\n");
    for _ in 0..3 {
        publish_now(&hub, &["a"], "x");
    }
    assert_eq!(
        wait(&mut frames, &bell),
        [reset(1, 2, 0), event(2), event(3)]
    );
    publish_now(&hub, &["a"], "x");
    assert_eq!(wait(&mut frames, &bell), [event(4)]);
    for _ in 0..3 {
        publish_now(&hub, &["a"], "x");
    }
    assert_eq!(
        wait(&mut frames, &bell),
        [reset(5, 6, 4), event(6), event(7)]
    );
    assert_eq!(hub.stats().resets, 2);
}

#[tokio::test(start_paused = true)]
async fn expiry_needs_no_heartbeat_and_cuts_what_was_not_read() {
    let hub = Hub::builder().heartbeat(None).build().unwrap();
    let start = Instant::now();
    let expires = start + Duration::from_secs(60);
    let mut frames = hub
        .subscribe(Subscribe::to(["a"]).expires(expires))
        .unwrap();
    frames.next().await.unwrap();
    assert_eq!(frames.next().await, None);
    assert_eq!(start.elapsed().as_secs(), 60);

    publish_now(&hub, &["a"], "x");
    let past = Subscribe::to(["a"]).start(Start::Earliest).expires(start);
    assert_eq!(hub.subscribe(past).unwrap().next().await, None);
}

#[tokio::test(start_paused = true)]
async fn as_a_body_the_heartbeat_is_a_part_of_its_own() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    let epoch = hub.stats().last.epoch().to_owned();
    let start = Instant::now();
    for (expected, seconds) in [
        (format!("id: {epoch}-0\n\n"), 0),
        (format!(":\nid: {epoch}-0\n\n"), 15),
        (format!(":\nid: {epoch}-0\n\n"), 30),
    ] {
        let part = std::future::poll_fn(|cx| Pin::new(&mut frames).poll_frame(cx)).await;
        let part = part.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            (part, start.elapsed().as_secs()),
            (expected.into(), seconds)
        );
    }
}
