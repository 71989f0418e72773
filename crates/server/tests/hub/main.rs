//! Subscriptions in the hub's own process: where they begin, what they are told, when they end. The clock is virtual.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use eventwire_codec::{Decoder, Event};
use eventwire_server::{
    EventId, Hub, HubBuilder, Publication, PublishError, Slow, Start, Subscribe, SubscribeError,
    Subscription, SubscriptionEnd,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt};

async fn publish(hub: &Hub, topic: &str, data: &str) -> EventId {
    hub.publish(Publication::new(topic, data)).await.unwrap()
}

fn subscribe(hub: &Hub, topics: &[&str], start: Start) -> Subscription {
    let subscribe = Subscribe::to(topics.iter().copied()).start(start);
    hub.subscribe(subscribe).unwrap()
}

async fn next(frames: &mut Subscription) -> String {
    let frame = frames.next().await.expect("the stream goes on");
    String::from_utf8(frame.to_vec()).unwrap()
}

/// What is there without waiting.
fn at_once(frames: &mut Subscription) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(frame)) = std::pin::Pin::new(&mut *frames).poll_next(&mut cx) {
        all.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    all
}

fn id(hub: &Hub, offset: u64) -> String {
    format!("{}-{offset}", hub.stats().last.epoch())
}

fn mark(hub: &Hub, offset: u64) -> String {
    format!("id: {}\n\n", id(hub, offset))
}

fn event(hub: &Hub, offset: u64, data: &str) -> String {
    format!("id: {}\ndata: {data}\n\n", id(hub, offset))
}

fn small(change: impl FnOnce(HubBuilder) -> HubBuilder) -> Hub {
    change(Hub::builder().max_events(3)).build().unwrap()
}

/// A reset as a client sees it: its id, and what its data says.
fn read_reset(frame: &str) -> (String, Value) {
    let mut decoder = Decoder::new();
    let mut items = decoder.feed(frame.as_bytes());
    let event: Event = items.next_event().unwrap().unwrap().to_event();
    assert_eq!(event.event(), "eventwire.reset");
    (
        event.id().to_owned(),
        serde_json::from_str(event.data()).unwrap(),
    )
}

#[tokio::test]
async fn live_delivery_begins_with_a_mark_and_knows_only_its_topics() {
    let hub = Hub::new();
    publish(&hub, "a", "before").await;
    let mut frames = subscribe(&hub, &["a", "b"], Start::Live);
    assert_eq!(next(&mut frames).await, mark(&hub, 1));
    publish(&hub, "other", "not for it").await;
    publish(&hub, "b", "1").await;
    hub.publish(Publication::to(["b", "a"], "2\r\n3").event("tick"))
        .await
        .unwrap();
    assert_eq!(next(&mut frames).await, event(&hub, 3, "1"));
    let twice = format!("id: {}\nevent: tick\ndata: 2\ndata: 3\n\n", id(&hub, 4));
    assert_eq!(next(&mut frames).await, twice);
    assert!(
        at_once(&mut frames).is_empty(),
        "under two of its topics, it comes once"
    );
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_a_publish_of_another_task() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let publisher = hub.clone();
    let reader = tokio::spawn(async move { next(&mut frames).await });
    tokio::task::yield_now().await;
    publish(&publisher, "a", "x").await;
    assert_eq!(reader.await.unwrap(), event(&hub, 1, "x"));
}

#[tokio::test]
async fn starts() {
    let hub = small(|builder| builder);
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    let frames = |topics: &[&str], start| at_once(&mut subscribe(&hub, topics, start));
    assert_eq!(frames(&["a"], Start::Live), [mark(&hub, 5)]);
    let (three, four, five) = (
        event(&hub, 3, "3"),
        event(&hub, 4, "4"),
        event(&hub, 5, "5"),
    );
    let earliest = frames(&["a"], Start::Earliest);
    assert_eq!(earliest, [mark(&hub, 2), three.clone(), four.clone()]);
    assert_eq!(
        frames(&["a"], Start::Last(1)),
        [mark(&hub, 3), four.clone()]
    );
    assert_eq!(
        frames(&["a", "b"], Start::Last(2)),
        [mark(&hub, 3), four.clone(), five.clone()]
    );
    assert_eq!(frames(&["a"], Start::Last(0)), [mark(&hub, 5)]);
    assert_eq!(frames(&["a"], Start::Last(usize::MAX)).len(), 3);
    assert_eq!(frames(&["none"], Start::Last(9)), [mark(&hub, 5)]);
    let after = |offset| Start::After(id(&hub, offset));
    assert_eq!(frames(&["a"], after(3)), [mark(&hub, 3), four.clone()]);
    assert_eq!(
        frames(&["a", "b"], after(3)),
        [mark(&hub, 3), four, five.clone()]
    );
    // The event before it is gone, and was not its own.
    assert_eq!(frames(&["b"], after(1)), [mark(&hub, 1), five]);
    assert_eq!(frames(&["a"], after(5)), [mark(&hub, 5)]);
    assert_eq!(frames(&["a"], Start::After(String::new())), [mark(&hub, 5)]);
}

#[tokio::test]
async fn every_resume_that_cannot_be_is_told_once_in_band() {
    let hub = small(|builder| builder);
    for data in ["1", "2", "3", "4", "5"] {
        publish(&hub, "a", data).await;
    }
    let foreign = if id(&hub, 0).starts_with("aaaaaaaa") {
        "bbbbbbbb-4"
    } else {
        "aaaaaaaa-4"
    };
    for (requested, reason) in [
        (id(&hub, 1), "evicted"),
        (id(&hub, 6), "ahead"),
        (foreign.to_owned(), "epoch"),
        ("…\u{1}\"".to_owned(), "malformed"),
    ] {
        let mut frames = subscribe(&hub, &["a"], Start::After(requested.clone()));
        let all = at_once(&mut frames);
        assert!(!all[0].starts_with("retry"));
        let (told_id, told) = read_reset(&all[0]);
        assert_eq!(
            told,
            json!({ "requested": requested, "reason": reason, "first": id(&hub, 3) })
        );
        assert_eq!(told_id, id(&hub, 2), "just before what follows");
        assert_eq!(
            all[1..],
            [
                event(&hub, 3, "3"),
                event(&hub, 4, "4"),
                event(&hub, 5, "5")
            ]
        );
        // Cut right after the reset, it resumes without another.
        let again = at_once(&mut subscribe(&hub, &["a"], Start::After(told_id)));
        assert_eq!(again[0], mark(&hub, 2));

        let all = at_once(&mut subscribe(&hub, &["quiet"], Start::After(requested)));
        if reason == "evicted" {
            assert_eq!(all, [mark(&hub, 1)], "nothing of this topic is gone");
        } else {
            let (told_id, told) = read_reset(&all[0]);
            assert_eq!((told_id, &told["first"]), (id(&hub, 5), &json!("")));
        }
    }
    assert_eq!(hub.stats().resets, 7);
}

#[tokio::test]
async fn the_reconnection_time_comes_first() {
    let hub = small(|builder| builder.retry(Duration::from_millis(2500)));
    let all = at_once(&mut subscribe(&hub, &["a"], Start::Live));
    assert_eq!(all, [format!("retry: 2500\n{}", mark(&hub, 0))]);
    let all = at_once(&mut subscribe(&hub, &["a"], Start::After("?".into())));
    assert!(all[0].starts_with(&format!(
        "retry: 2500\nid: {}\nevent: eventwire.reset\n",
        id(&hub, 0)
    )));
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_a_comment_and_a_mark_of_the_end_and_only_when_nothing_else_was_sent() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let start = Instant::now();
    publish(&hub, "other", "x").await;
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 1)));
    assert_eq!(start.elapsed().as_secs(), 15);

    tokio::time::sleep(Duration::from_secs(10)).await;
    publish(&hub, "a", "y").await;
    assert_eq!(next(&mut frames).await, event(&hub, 2, "y"));
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 2)));
    assert_eq!(start.elapsed().as_secs(), 40, "15 s after the event");
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 2)));
    assert_eq!(start.elapsed().as_secs(), 55);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_can_be_turned_off_and_take_any_interval() {
    let silent = |frames: Subscription| async move {
        let mut frames = frames;
        next(&mut frames).await;
        let wait = tokio::time::timeout(Duration::from_secs(1_000_000), frames.next());
        assert!(wait.await.is_err());
    };
    silent(subscribe(
        &small(|builder| builder.heartbeat(None)),
        &["a"],
        Start::Live,
    ))
    .await;
    silent(subscribe(
        &small(|builder| builder.heartbeat(Duration::MAX)),
        &["a"],
        Start::Live,
    ))
    .await;
    let hub = Hub::new();
    silent(
        hub.subscribe(Subscribe::to(["a"]).heartbeat(false))
            .unwrap(),
    )
    .await;
}

#[test]
fn without_a_runtime_frames_come_and_heartbeats_do_not() {
    let hub = Hub::new();
    let mut publication = std::pin::pin!(hub.publish(Publication::new("a", "x")));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(publication.as_mut().poll(&mut cx).is_ready());
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    assert_eq!(at_once(&mut frames), [mark(&hub, 0), event(&hub, 1, "x")]);
    hub.close();
    assert!(at_once(&mut frames).is_empty());
}

#[tokio::test(start_paused = true)]
async fn age_bounds_what_is_held_also_without_a_publish() {
    let hub = small(|builder| builder.max_age(Duration::from_secs(60)));
    publish(&hub, "a", "1").await;
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(
        (hub.stats().events, hub.stats().bytes, hub.stats().first),
        (0, 0, None)
    );
    let all = at_once(&mut subscribe(&hub, &["a"], Start::After(id(&hub, 0))));
    assert_eq!(read_reset(&all[0]).1["reason"], "evicted");

    // The key goes with its event.
    let keyed = || Publication::new("a", "2").key("k");
    let held = hub.publish(keyed()).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(hub.publish(keyed()).await.unwrap(), held);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_ne!(hub.publish(keyed()).await.unwrap(), held);
}

#[tokio::test]
async fn a_slow_reader_is_disconnected_only_for_a_loss_of_its_own() {
    let hub = small(|builder| builder);
    let mut slow = subscribe(&hub, &["a"], Start::Live);
    let mut quiet = subscribe(&hub, &["quiet"], Start::Live);
    let mut lucky = subscribe(&hub, &["b"], Start::Live);
    for frames in [&mut slow, &mut quiet, &mut lucky] {
        next(frames).await;
    }
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    assert_eq!(slow.end(), None);
    assert_eq!(slow.next().await, None);
    assert_eq!(slow.next().await, None, "an end is an end");
    assert_eq!(slow.end(), Some(SubscriptionEnd::Slow));
    assert!(at_once(&mut quiet).is_empty());
    assert_eq!(next(&mut lucky).await, event(&hub, 5, "5"));
    drop((slow, quiet, lucky));
    let ended = hub.stats().ended;
    assert_eq!((ended.slow, ended.gone), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_are_cut_again_and_again_miss_nothing_of_many_publishers() {
    const EACH: usize = 400;
    let hub = Hub::new();
    let publishers: Vec<_> = (0..4)
        .map(|which| {
            let hub = hub.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let topic = ["a", "b", "other"][number % 3];
                    publish(&hub, topic, &format!("{which} {number}")).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let readers: Vec<_> = (1..4)
        .map(|every: usize| {
            let hub = hub.clone();
            let own = 4 * (0..EACH).filter(|number| number % 3 != 2).count();
            tokio::spawn(async move {
                let mut decoder = Decoder::new();
                let mut got: Vec<(u64, String)> = Vec::new();
                while got.len() < own {
                    let last = decoder.last_event_id().to_owned();
                    let start = if last.is_empty() {
                        Start::Earliest
                    } else {
                        Start::After(last)
                    };
                    let mut frames = subscribe(&hub, &["a", "b"], start);
                    decoder.reset();
                    for _ in 0..=every {
                        if got.len() == own {
                            break;
                        }
                        let frame = next(&mut frames).await;
                        let mut items = decoder.feed(frame.as_bytes());
                        while let Some(event) = items.next_event().unwrap() {
                            let id: EventId = event.id().parse().unwrap();
                            got.push((id.offset(), event.data().to_owned()));
                        }
                    }
                }
                got
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let mut all = Vec::new();
    for reader in readers {
        let got = reader.await.unwrap();
        assert!(
            got.is_sorted_by(|one, two| one.0 < two.0),
            "in order, each once"
        );
        all.push(got);
    }
    assert!(all.iter().all(|got| *got == all[0]));
    assert_eq!(hub.stats().last.offset(), 4 * EACH as u64);
}

#[tokio::test]
async fn one_reader_may_skip_where_the_hub_disconnects() {
    let hub = small(|builder| builder);
    let mut slow = subscribe(&hub, &["a"], Start::Live);
    slow.set_slow(Slow::Skip);
    next(&mut slow).await;
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    assert!(next(&mut slow).await.contains("event: eventwire.reset\n"));
    assert_eq!(next(&mut slow).await, event(&hub, 2, "2"));
    hub.close();
    assert_eq!(next(&mut slow).await, event(&hub, 3, "3"));
    assert_eq!(next(&mut slow).await, event(&hub, 4, "4"));
    assert_eq!(
        (slow.next().await, slow.end()),
        (None, Some(SubscriptionEnd::Closed))
    );
}

#[tokio::test]
async fn a_slow_reader_may_skip_and_is_told() {
    let hub = small(|builder| builder.slow(Slow::Skip));
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    let (told_id, told) = read_reset(&next(&mut frames).await);
    assert_eq!(told_id, id(&hub, 2));
    assert_eq!(
        told,
        json!({ "requested": id(&hub, 0), "reason": "evicted", "first": id(&hub, 3) })
    );
    assert_eq!(
        at_once(&mut frames),
        [event(&hub, 3, "3"), event(&hub, 4, "4")]
    );
    publish(&hub, "a", "6").await;
    assert_eq!(next(&mut frames).await, event(&hub, 6, "6"));
    assert_eq!(hub.stats().resets, 1);
}

#[tokio::test]
async fn a_large_replay_is_read_in_bounded_batches() {
    use http_body::Body;

    let hub = Hub::new();
    let large = "x".repeat(1000);
    for _ in 0..1000 {
        publish(&hub, "a", &large).await;
    }
    publish(&hub, "a", &"y".repeat(1 << 20)).await;
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    let mut cx = Context::from_waker(Waker::noop());
    let (mut parts, mut bytes) = (0, 0);
    while let Poll::Ready(Some(Ok(part))) = std::pin::Pin::new(&mut frames).poll_frame(&mut cx) {
        let length = part.into_data().unwrap().len();
        assert!(length <= 64 << 10 || length > 1 << 20, "{length}");
        parts += 1;
        bytes += length;
    }
    assert_eq!(bytes, hub.stats().bytes + mark(&hub, 0).len());
    assert!(
        (17..25).contains(&parts),
        "{parts} parts: frames are sent together"
    );
    assert_eq!(hub.stats().delivered, 1001);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_expires_also_while_it_is_busy() {
    let hub = Hub::new();
    let in_a_minute = || Subscribe::to(["a"]).expires(Instant::now() + Duration::from_secs(60));
    let mut idle = hub.subscribe(in_a_minute()).unwrap();
    let mut busy = hub.subscribe(in_a_minute()).unwrap();
    let start = Instant::now();
    next(&mut busy).await;
    while idle.next().await.is_some() {}
    assert_eq!(start.elapsed().as_secs(), 60);
    publish(&hub, "a", "too late").await;
    assert_eq!(busy.next().await, None);
    drop((idle, busy));
    assert_eq!(hub.stats().ended.expired, 2);
}

#[tokio::test]
async fn a_handle_ends_it_from_another_thread_and_nothing_follows() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let handle = frames.close_handle();
    let reader = tokio::spawn(async move { frames.next().await });
    tokio::task::yield_now().await;
    std::thread::spawn(move || handle.close()).join().unwrap();
    assert_eq!(reader.await.unwrap(), None);

    publish(&hub, "a", "x").await;
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    next(&mut frames).await;
    frames.close_handle().close();
    assert_eq!(frames.next().await, None);
    drop(frames);
    assert_eq!(hub.stats().ended.closed, 2);
}

#[tokio::test]
async fn a_closed_hub_gives_what_was_published_and_ends() {
    let hub = Hub::new();
    let mut behind = subscribe(&hub, &["a"], Start::Live);
    let mut waiting = subscribe(&hub, &["b"], Start::Live);
    next(&mut waiting).await;
    let waiter = tokio::spawn(async move { waiting.next().await });
    tokio::task::yield_now().await;
    publish(&hub, "a", "x").await;
    hub.close();
    hub.close();
    assert!(hub.is_closed());
    assert_eq!(waiter.await.unwrap(), None);
    assert_eq!(at_once(&mut behind), [mark(&hub, 0), event(&hub, 1, "x")]);
    assert_eq!(behind.next().await, None);
    let error = hub.publish(Publication::new("a", "y")).await.unwrap_err();
    assert!(matches!(error, PublishError::Closed));
    let error = hub.subscribe(Subscribe::to(["a"])).unwrap_err();
    assert_eq!(error, SubscribeError::Closed);
}

#[tokio::test]
async fn the_last_clone_of_a_hub_closes_it() {
    let hub = Hub::new();
    let clone = hub.clone();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    drop(hub);
    publish(&clone, "a", "x").await;
    let (first, event) = (mark(&clone, 0), event(&clone, 1, "x"));
    drop(clone);
    assert_eq!(at_once(&mut frames), [first, event]);
    assert_eq!(frames.next().await, None);
}

#[tokio::test]
async fn who_goes_is_no_subscriber_any_more() {
    let hub = Hub::new();
    let some: Vec<_> = (0..10)
        .map(|n| subscribe(&hub, &[&n.to_string(), "all"], Start::Live))
        .collect();
    assert_eq!((hub.stats().subscribers, hub.stats().topics), (10, 11));
    drop(some);
    assert_eq!((hub.stats().subscribers, hub.stats().topics), (0, 0));
    assert_eq!(hub.stats().ended.gone, 10);
}

#[tokio::test]
async fn wrong_options_and_names_are_errors_that_say_what_to_do() {
    let error = |builder: HubBuilder| builder.build().unwrap_err().to_string();
    for (builder, says) in [
        (Hub::builder().store("redis://localhost"), "use \"memory:\""),
        (Hub::builder().max_bytes(0), "max_bytes is 0"),
        (Hub::builder().max_topics(0), "max_topics is 0"),
        (Hub::builder().max_age(Duration::ZERO), "max_age is 0"),
        (Hub::builder().heartbeat(Duration::ZERO), "heartbeat is 0"),
        (
            Hub::builder().retain("a*", 1),
            "retained values: the topic \"a*\"",
        ),
    ] {
        let message = error(builder);
        assert!(message.contains(says), "{message}");
    }
    let hub = Hub::new();
    let error = hub.subscribe(Subscribe::to([] as [&str; 0])).unwrap_err();
    assert!(error.to_string().contains("name at least one"));
    let error = hub.subscribe(Subscribe::to(["orders*"])).unwrap_err();
    assert!(error.to_string().contains("as in \"orders/*\""));
    let error = hub.publish(Publication::new("orders/*", "x")).await;
    assert!(error.unwrap_err().to_string().contains("names each topic"));
    let reserved = Publication::new("a", "x").event("eventwire.reset");
    let error = hub.publish(reserved).await.unwrap_err();
    assert!(matches!(error, PublishError::ReservedType(_)));
    assert_eq!(hub.stats().published, 0);
}
