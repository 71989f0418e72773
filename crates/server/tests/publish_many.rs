//! What is published in one go: all of it or nothing, in one batch, also where the store is slow and where it fails. The clock is virtual.

mod common;

use std::task::{Context, Poll, Waker};

use common::{Failing, SlowStore};
use eventwire_server::store::Outcome;
use eventwire_server::{
    EventId, Head, HttpOptions, Hub, Identity, Publication, PublishError, PublishManyError, Reply,
};
use http::{HeaderValue, Method, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

type Answer = Result<Vec<EventId>, PublishManyError>;

fn data(number: usize) -> Publication {
    Publication::new("a", number.to_string())
}

fn offsets(answer: Answer) -> Vec<u64> {
    answer.unwrap().iter().map(EventId::offset).collect()
}

async fn slow(store: &SlowStore) -> Hub {
    let builder = Hub::builder().heartbeat(None).store_with(store.clone());
    builder.max_events(3).open().await.unwrap()
}

/// Begins to publish, as a call does: in the order of the calls.
fn begin(hub: &Hub, publications: Vec<Publication>) -> tokio::task::JoinHandle<Answer> {
    let hub = hub.clone();
    let mut publishing = Box::pin(async move { hub.publish_many(publications).await });
    let first = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    match first {
        Poll::Ready(answer) => tokio::spawn(std::future::ready(answer)),
        Poll::Pending => tokio::spawn(publishing),
    }
}

/// The refused ones by index, and how many were stored all the same.
fn refused(answer: Answer) -> (Vec<usize>, usize) {
    match answer.unwrap_err() {
        PublishManyError::Refused {
            refused, stored, ..
        } => {
            let indexes = refused.iter().map(|(index, _)| *index);
            (indexes.collect(), stored.len())
        }
        other => panic!("{other}"),
    }
}

#[test]
fn many_are_published_in_their_order_without_a_runtime() {
    let hub = Hub::new();
    let mut publishing = Box::pin(hub.publish_many((1..=3).map(data)));
    let first = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(answer) = first else {
        panic!("memory is ready at once");
    };
    assert_eq!(offsets(answer), [1, 2, 3]);
}

#[test]
fn the_topics_of_one_call_are_within_max_topics_together() {
    let hub = Hub::builder().max_topics(3).build().unwrap();
    let publish = |publications: Vec<Publication>| {
        let mut publishing = Box::pin(hub.publish_many(publications));
        let Poll::Ready(answer) = publishing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("memory answers at once");
        };
        answer
    };
    let four = vec![data(1), Publication::to(["b", "c", "d"], "2")];
    assert_eq!(refused(publish(four)), (vec![1], 0));
    // What the refused call had reserved makes room.
    let three = vec![Publication::new("x", "1"), Publication::to(["y", "z"], "2")];
    assert_eq!(offsets(publish(three)), [1, 2]);
    assert_eq!(hub.stats().topics, 3);
}

#[tokio::test]
async fn one_that_is_wrong_refuses_all() {
    let hub = Hub::builder().max_bytes(1000).build().unwrap();
    hub.publish(data(1).key("k")).await.unwrap();
    for (wrong, says) in [
        (data(2).key("k"), "use a key once per event"),
        (data(2).event("eventwire.x"), "the hub's own"),
        (Publication::new("", "x"), "a topic's name is empty"),
        (Publication::new("a", "x".repeat(1000)), "the log holds"),
    ] {
        let error = hub
            .publish_many([data(7), wrong, data(8)])
            .await
            .unwrap_err();
        assert_eq!(error.index(), Some(1), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("the event at index 1 of 3: ")
                && text.contains(says)
                && text.ends_with("; none was stored"),
            "{text}"
        );
    }
    assert_eq!(hub.stats().published, 1);
    assert_eq!(offsets(hub.publish_many([]).await), [0; 0]);
}

#[tokio::test]
async fn a_key_gives_the_id_that_its_event_has() {
    let hub = Hub::new();
    hub.publish(data(1).key("k")).await.unwrap();
    let many = || {
        [
            data(2),
            data(1).key("k"),
            data(3).key("l"),
            data(3).key("l"),
        ]
    };
    assert_eq!(offsets(hub.publish_many(many()).await), [2, 1, 3, 3]);
    // All of it known: nothing is left to be stored.
    let known = [data(3).key("l"), data(1).key("k")];
    assert_eq!(offsets(hub.publish_many(known).await), [3, 1]);
    assert_eq!(hub.stats().published, 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_published_in_one_go_is_one_batch_also_from_the_queue() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    let first = begin(&hub, vec![data(1), data(2)]);
    let small = begin(&hub, vec![data(3)]);
    let large = begin(&hub, (4..=700).map(data).collect());
    let last = begin(&hub, vec![data(701)]);
    assert_eq!(offsets(first.await.unwrap()), [1, 2]);
    assert_eq!(offsets(small.await.unwrap()), [3]);
    assert_eq!(
        offsets(large.await.unwrap()),
        (4..=700).collect::<Vec<u64>>()
    );
    assert_eq!(offsets(last.await.unwrap()), [701]);
    assert_eq!(store.batches(), [2, 1, 697, 1]);
}

#[tokio::test(start_paused = true)]
async fn keys_in_flight_are_waited_for() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    let first = begin(&hub, vec![data(1).key("k")]);
    let same = begin(&hub, vec![data(1).key("k"), data(2)]);
    let other = begin(&hub, vec![data(3), data(4).key("k")]);
    assert_eq!(offsets(first.await.unwrap()), [1]);
    assert_eq!(offsets(same.await.unwrap()), [1, 2]);
    assert_eq!(refused(other.await.unwrap()), (vec![1], 0));
    assert_eq!(hub.stats().published, 2);
}

#[tokio::test(start_paused = true)]
async fn what_only_the_store_can_refuse_is_told_with_what_it_stored() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    let first: Vec<_> = (0..6).map(|n| data(n).key(n.to_string())).collect();
    hub.publish_many(first).await.unwrap();
    // The window holds three; that the first key had other content only the store knows.
    let answer = hub
        .publish_many([data(7), data(9).key("0"), Publication::new("refused", "x")])
        .await;
    let text = answer.as_ref().unwrap_err().to_string();
    assert!(text.ends_with("; the others were stored"), "{text}");
    assert_eq!(refused(answer), (vec![1, 2], 1));
    assert_eq!(hub.stats().published, 7);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_fails_all_alike() {
    for (failing, outcome) in [
        (Failing::NotStored, Outcome::NotStored),
        (Failing::UnknownLost, Outcome::Unknown),
        (Failing::Panic, Outcome::Unknown),
    ] {
        let store = SlowStore::new();
        let hub = slow(&store).await;
        let known = data(0).key("k");
        hub.publish(known.clone()).await.unwrap();
        store.fail_next(failing);
        let answer = hub.publish_many([data(1), known, data(2)]).await;
        let Err(PublishManyError::All(PublishError::Store(error))) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(error.outcome(), outcome);
        assert_eq!(offsets(hub.publish_many([data(3)]).await), [2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_closed_takes_none() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    let given = begin(&hub, vec![data(1), data(2)]);
    let queued = begin(&hub, vec![data(3)]);
    hub.close();
    let closed = |answer| matches!(answer, Err(PublishManyError::All(PublishError::Closed)));
    assert!(closed(queued.await.unwrap()));
    assert!(closed(hub.publish_many([data(4)]).await));
    assert_eq!(offsets(given.await.unwrap()), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_is_published_whole_if_it_was_accepted() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    begin(&hub, vec![data(1)]).abort();
    begin(&hub, vec![data(2), data(3)]).abort();
    assert_eq!(offsets(hub.publish_many([data(4)]).await), [4]);
}

async fn post(hub: &Hub, options: HttpOptions, body: &Value) -> (u16, Value) {
    let mut head = Head::get("/events");
    head.method = Method::POST;
    let json = HeaderValue::from_static("application/json");
    head.headers.insert(header::CONTENT_TYPE, json);
    let reply: Reply = hub.endpoint(options).respond(head, body.to_string()).await;
    let status = reply.status.as_u16();
    let body = reply.body.collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn an_array_is_authorized_for_every_topic() {
    let options = || {
        HttpOptions::new()
            .authorizer(|_| async { Ok(Identity::new("somebody").may_publish(["orders/*"])) })
    };
    let hub = Hub::new();
    let event = |topic: &str| json!({ "topic": ["orders/1", topic], "data": "x" });
    let mixed = json!([
        event("orders/2"),
        event("news"),
        event("orders/1"),
        event("other")
    ]);
    let (status, said) = post(&hub, options(), &mixed).await;
    assert_eq!((status, &said["index"]), (403, &json!(1)));
    assert_eq!(
        said["errors"],
        json!([
            { "error": "not allowed to publish \"news\"", "index": 1, "status": 403 },
            { "error": "not allowed to publish \"other\"", "index": 3, "status": 403 },
        ])
    );
    assert_eq!(hub.stats().published, 0);
    let (status, said) = post(&hub, options(), &json!([event("orders/2")])).await;
    assert_eq!((status, said["ids"].as_array().unwrap().len()), (200, 1));
}

#[tokio::test]
async fn the_number_of_an_array_is_bounded() {
    let hub = Hub::new();
    let options = || HttpOptions::new().open_publish(true);
    let many = |count| Value::from(vec![json!({ "topic": "a", "data": "x" }); count]);
    let (status, said) = post(&hub, options(), &many(1001)).await;
    assert_eq!(status, 413);
    assert_eq!(
        said["error"],
        "1001 events at once: at most 1000 are allowed; publish them in several calls"
    );
    assert_eq!(hub.stats().published, 0);
    let (status, said) = post(&hub, options(), &many(1000)).await;
    assert_eq!((status, said["ids"].as_array().unwrap().len()), (200, 1000));
}

#[tokio::test]
async fn what_is_said_of_each_wrong_event_is_short() {
    let hub = Hub::new();
    let long = format!("eventwire.{}", "é".repeat(1000));
    let event = json!({ "topic": "a", "data": "x", "event": long });
    let options = HttpOptions::new().open_publish(true);
    let (status, said) = post(&hub, options, &Value::from(vec![event; 1000])).await;
    assert_eq!(
        (status, said["errors"].as_array().unwrap().len()),
        (400, 1000)
    );
    assert!(said.to_string().len() < 1 << 19);
}

#[tokio::test(start_paused = true)]
async fn over_http_a_store_that_fails_says_whether_it_stored() {
    let store = SlowStore::new();
    let hub = slow(&store).await;
    let options = || HttpOptions::new().open_publish(true);
    for (failing, outcome) in [
        (Failing::NotStored, "not_stored"),
        (Failing::UnknownStored, "unknown"),
    ] {
        let event = json!({ "topic": "a", "data": "x" });
        for body in [event.clone(), json!([event, event])] {
            store.fail_next(failing);
            let (status, said) = post(&hub, options(), &body).await;
            assert_eq!((status, &said["outcome"]), (503, &json!(outcome)), "{said}");
        }
    }
    hub.close();
    let (status, said) = post(&hub, options(), &json!({ "topic": "a", "data": "x" })).await;
    assert_eq!((status, &said["outcome"]), (503, &json!("not_stored")));
}
