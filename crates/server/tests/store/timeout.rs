//! A store that does not answer: nobody waits for it for longer than `store_timeout` says.

use std::time::Duration;

use bytes::Bytes;
use eventwire_server::{Head, HttpOptions, PublishManyError};
use http_body_util::{BodyExt, Full};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of a publish, and how long it took.
type Answer = (Result<EventId, PublishError>, Duration);

/// Publishes, and is with the hub when this returns.
async fn publishing(hub: &Hub, publication: Publication) -> JoinHandle<Answer> {
    let hub = hub.clone();
    let task = tokio::spawn(async move {
        let began = Instant::now();
        (hub.publish(publication).await, began.elapsed())
    });
    tokio::task::yield_now().await;
    task
}

#[track_caller]
fn outcome(answer: &Result<EventId, PublishError>) -> Outcome {
    match answer {
        Err(PublishError::Store(error)) => error.outcome(),
        other => panic!("the store was to fail: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_in_time_is_unknown_and_found_out_before_the_next() {
    for stored in [true, false] {
        let store = SlowStore::new();
        let hub = open(&store).await;
        let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
        if stored {
            store.fail_next(Failing::SilentlyStored);
        } else {
            store.stick(true);
        }
        let (answer, took) = publishing(&hub, data(1).key("k")).await.await.unwrap();
        assert_eq!((outcome(&answer), took), (Outcome::Unknown, TIMEOUT));
        assert_eq!(
            answer.unwrap_err().to_string(),
            "the store did not answer within 10s (store_timeout): whether the event was stored is not known; with a key, \
             publishing it again is harmless"
        );
        store.stick(false);
        let id = hub.publish(data(1).key("k")).await.unwrap();
        assert_eq!(hub.publish(data(2)).await.unwrap().offset(), 2);
        frames.next().await.unwrap();
        let frame = frames.next().await.unwrap();
        assert_eq!(frame, format!("id: {id}\ndata: 1\n\n"), "{stored}");
        assert_eq!(hub.stats().published, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_queues_behind_a_store_that_is_stuck_has_an_answer_in_time_too() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    store.stick(true);
    let given = publishing(&hub, data(0)).await;
    let mut queued = vec![publishing(&hub, data(1)).await];
    // While it is found out what the store holds, which it does not say either; and more than the queue accepts.
    for number in 0..5000 {
        let pause = Duration::from_millis(5);
        tokio::time::advance(pause * u32::from(number % 4 == 0)).await;
        queued.push(publishing(&hub, data(number)).await);
    }
    let (answer, took) = given.await.unwrap();
    assert_eq!((outcome(&answer), took), (Outcome::Unknown, TIMEOUT));
    for publishing in queued {
        let (answer, took) = publishing.await.unwrap();
        assert_eq!(outcome(&answer), Outcome::NotStored);
        // The clock of the runtime rounds up to milliseconds.
        assert!(took <= TIMEOUT + Duration::from_millis(2), "{took:?}");
    }
    assert_eq!(store.batches(), [1], "nothing more was given to it");
    store.stick(false);
    let (answer, _) = publishing(&hub, data(2)).await.await.unwrap();
    assert_eq!(answer.unwrap().offset(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_only_slow_is_waited_for_and_turns_away_who_waits_for_too_long() {
    let store = SlowStore::new();
    let timeout = store.delay() * 3 / 2;
    let hub = open_with(&store, |builder| builder.store_timeout(timeout)).await;
    let given = publishing(&hub, data(0)).await;
    // Two batches more: the second would have to wait for two answers.
    let mut queued = Vec::new();
    for number in 1..=600 {
        queued.push(publishing(&hub, data(number)).await);
    }
    assert_eq!(given.await.unwrap().0.unwrap().offset(), 1);
    let (mut stored, mut refused) = (0, 0);
    for publishing in queued {
        match publishing.await.unwrap().0 {
            Ok(_) => stored += 1,
            answer => {
                assert_eq!(outcome(&answer), Outcome::NotStored);
                let message = answer.unwrap_err().to_string();
                assert_eq!(
                    message,
                    "the store was busy with earlier events for 150ms (store_timeout): nothing was stored"
                );
                refused += 1;
            }
        }
    }
    assert_eq!((stored, refused), (512, 88));
    assert_eq!(store.batches(), [1, 512]);
    assert_eq!(hub.publish(data(0)).await.unwrap().offset(), 514);
}

#[tokio::test(start_paused = true)]
async fn what_is_published_in_one_go_fails_as_one() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    store.stick(true);
    let (first, second) = tokio::join!(
        hub.publish_many([data(1), data(2)]),
        hub.publish_many([data(3), data(4)])
    );
    for (answer, expected) in [(first, Outcome::Unknown), (second, Outcome::NotStored)] {
        let Err(PublishManyError::All(PublishError::Store(error))) = answer else {
            panic!("the store was to fail: {answer:?}");
        };
        assert_eq!(error.outcome(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_waits_for_a_page_in_vain_ends_and_no_other() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| builder.max_events(2)).await;
    for number in 1..=5 {
        hub.publish(data(number)).await.unwrap();
    }
    store.stick(true);
    let mut far = hub
        .subscribe(Subscribe::to(["a"]).start(Start::Earliest))
        .unwrap();
    let mut near = hub.subscribe(Subscribe::to(["a"])).unwrap();
    near.next().await.unwrap();
    let began = Instant::now();
    assert_eq!(far.next().await, None);
    assert_eq!(began.elapsed(), TIMEOUT);
    drop(far);
    assert_eq!((hub.stats().ended.failed, hub.stats().subscribers), (1, 1));
    store.stick(false);
    hub.publish(data(6)).await.unwrap();
    assert!(near.next().await.unwrap().ends_with(b"data: 6\n\n"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_open_makes_no_hub() {
    let store = SlowStore::new();
    store.stick(true);
    let error = Hub::builder().store_with(store).open().await.unwrap_err();
    assert!(matches!(error, BuildError::Store(_)));
    assert!(
        error.to_string().starts_with(
            "the store could not be opened: the store did not answer within 10s (store_timeout)"
        ),
        "{error}"
    );
    let error = Hub::builder()
        .store_timeout(Duration::ZERO)
        .build()
        .unwrap_err();
    assert!(error.to_string().starts_with("store_timeout is 0"));
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_closed_ends_though_its_store_does_not_answer() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    frames.next().await.unwrap();
    store.stick(true);
    let given = publishing(&hub, data(1)).await;
    hub.close();
    assert_eq!(frames.next().await, None);
    assert_eq!(outcome(&given.await.unwrap().0), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn over_http_the_answer_says_that_it_is_not_known() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let endpoint = hub.endpoint(HttpOptions::new().open_publish(true));
    let post = async |data: &str| {
        let mut head = Head::get("/events");
        head.method = http::Method::POST;
        let json = http::HeaderValue::from_static("application/json");
        head.headers.insert("content-type", json);
        let body = format!("{{\"topic\":\"a\",\"data\":\"{data}\",\"key\":\"{data}\"}}");
        let reply = endpoint.respond(head, Full::new(Bytes::from(body))).await;
        let body = reply.body.collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        (reply.status.as_u16(), body["outcome"].clone())
    };
    store.stick(true);
    let (first, second) = tokio::join!(post("x"), post("y"));
    assert_eq!(first, (503, "unknown".into()));
    assert_eq!(second, (503, "not_stored".into()));
    store.stick(false);
    assert_eq!(post("x").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_publisher_waits_and_may_go() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| builder.store_timeout(None)).await;
    store.stick(true);
    let waiting = tokio::time::timeout(1000 * TIMEOUT, hub.publish(data(1))).await;
    assert!(waiting.is_err(), "{waiting:?}");
}
