//! Calls that share requests: the order, each call's own answer, retries, and the end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use eventwire_client::{Error, ErrorKind, Outcome, PublishMessage, Publisher, PublisherOptions};
use serde_json::{Value, json};

use crate::server::{Connection, Deserted, Server, hasty};

pub(crate) fn publisher(server: &Server) -> Publisher {
    Publisher::new(server.url(), PublisherOptions::new().retry(hasty())).unwrap()
}

pub(crate) type Publishing = tokio::task::JoinHandle<Result<String, Error>>;

/// Begins to publish, as a call does: in the order of the calls.
pub(crate) fn begin(publisher: &Publisher, message: impl Into<PublishMessage>) -> Publishing {
    let (publisher, message) = (publisher.clone(), message.into());
    let mut publishing: Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(async move { publisher.publish("a", message).await });
    let first = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending());
    tokio::spawn(publishing)
}

/// The data of a request's events.
pub(crate) fn datas(connection: &Connection) -> Vec<String> {
    let data = |event: &Value| event["data"].as_str().unwrap().to_owned();
    match connection.body() {
        Value::Array(events) => events.iter().map(data).collect(),
        event => vec![data(&event)],
    }
}

/// Answers as a hub: the ids are the data.
pub(crate) async fn take(connection: Connection) {
    let datas = datas(&connection);
    let body = match connection.body() {
        Value::Array(_) => json!({ "ids": datas }),
        _ => json!({ "id": datas[0] }),
    };
    connection.answer("200 OK", "", &body.to_string()).await;
}

/// Answers that some are refused.
async fn refuse(connection: Connection, status: u16, indexes: &[usize]) {
    let errors: Vec<_> = indexes
        .iter()
        .map(|index| json!({ "index": index, "status": status, "error": format!("wrong {index}") }))
        .collect();
    let body = json!({ "error": "the first", "index": indexes[0], "errors": errors });
    let status = format!("{status} Whatever");
    connection.answer(&status, "", &body.to_string()).await;
}

pub(crate) async fn ids(publishing: impl IntoIterator<Item = Publishing>) -> Vec<String> {
    let mut ids = Vec::new();
    for publishing in publishing {
        ids.push(publishing.await.unwrap().unwrap());
    }
    ids
}

#[tokio::test]
async fn what_is_published_while_a_request_is_under_way_goes_in_the_next_one() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    assert_eq!(datas(&only), ["0"]);
    let others: Vec<_> = (1..1200)
        .map(|n| begin(&publisher, n.to_string()))
        .collect();
    take(only).await;
    for batch in [1..501, 501..1001, 1001..1200] {
        let next = server.accept().await;
        assert!(next.body().is_array());
        assert_eq!(
            datas(&next),
            batch.map(|n| n.to_string()).collect::<Vec<_>>()
        );
        take(next).await;
    }
    assert_eq!(ids([first]).await, ["0"]);
    let expected: Vec<_> = (1..1200).map(|n| n.to_string()).collect();
    assert_eq!(ids(others).await, expected);
}

#[tokio::test]
async fn a_call_for_many_is_one_request_and_has_their_ids() {
    let server = Server::start();
    let publisher = publisher(&server);
    let serve = tokio::spawn(async move {
        let only = server.accept().await;
        let events = only.body();
        assert_eq!(events[0]["topic"], json!(["a"]));
        assert_eq!(events[1]["topic"], json!(["b", "c"]));
        assert_eq!(
            (&events[1]["event"], &events[1]["key"]),
            (&json!("tick"), &json!("k"))
        );
        assert_ne!(events[0]["key"], Value::Null);
        take(only).await;
        let next = server.accept().await;
        assert_eq!(next.body().as_array().unwrap().len(), 1);
        take(next).await;
    });
    let many = [
        (vec!["a"], PublishMessage::new("x")),
        (
            vec!["b", "c"],
            PublishMessage::new("y").event("tick").key("k"),
        ),
    ];
    assert_eq!(publisher.publish_many(many).await.unwrap(), ["x", "y"]);
    assert_eq!(publisher.publish_many([("a", "z")]).await.unwrap(), ["z"]);
    serve.await.unwrap();
    // Nobody is asked for nothing.
    let nothing: [(&str, &str); 0] = [];
    assert_eq!(publisher.publish_many(nothing).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn each_call_of_a_batch_has_its_own_error_and_the_others_go_on() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let others: Vec<_> = (1..6).map(|n| begin(&publisher, n.to_string())).collect();
    take(only).await;
    let batch = server.accept().await;
    let keys = |connection: &Connection| -> Vec<Value> {
        let body = connection.body();
        let events = body.as_array().unwrap().iter();
        events.map(|event| event["key"].clone()).collect()
    };
    let mut sent = keys(&batch);
    refuse(batch, 409, &[1, 4]).await;
    let again = server.accept().await;
    assert_eq!(datas(&again), ["1", "3", "4"]);
    sent.remove(4);
    sent.remove(1);
    assert_eq!(keys(&again), sent);
    take(again).await;
    assert_eq!(ids([first]).await, ["0"]);
    for (place, publishing) in others.into_iter().enumerate() {
        let answer = publishing.await.unwrap();
        if place == 1 || place == 4 {
            let error = answer.unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (ErrorKind::Status, Some(409))
            );
            assert_eq!(error.outcome(), Some(Outcome::NotStored));
            // Of a call for one there is nothing to count.
            assert_eq!(error.index(), None);
            assert!(
                error.to_string().contains(&format!("wrong {place}")),
                "{error}"
            );
        } else {
            assert_eq!(answer.unwrap(), (place + 1).to_string());
        }
    }
}

#[tokio::test]
async fn a_call_for_many_is_refused_whole_and_told_of_its_own_index() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let one = begin(&publisher, "1");
    let mut many = Box::pin(publisher.publish_many([("a", "2"), ("a", "3"), ("a", "4")]));
    assert!(
        many.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let last = begin(&publisher, "5");
    take(only).await;
    let batch = server.accept().await;
    assert_eq!(datas(&batch), ["1", "2", "3", "4", "5"]);
    refuse(batch, 400, &[2]).await;
    let again = server.accept().await;
    assert_eq!(datas(&again), ["1", "5"]);
    take(again).await;
    let error = many.await.unwrap_err();
    assert_eq!(error.index(), Some(1));
    assert!(
        error.to_string().contains("the event at index 1: wrong 2"),
        "{error}"
    );
    assert_eq!(ids([first, one, last]).await, ["0", "1", "5"]);
}

#[tokio::test]
async fn what_may_be_taken_later_waits_alone_and_keeps_the_order() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let others: Vec<_> = (1..5).map(|n| begin(&publisher, n.to_string())).collect();
    take(only).await;
    // The third has no room for now.
    refuse(server.accept().await, 503, &[2]).await;
    let before = server.accept().await;
    assert_eq!(datas(&before), ["1", "2"]);
    take(before).await;
    let rest = server.accept().await;
    assert_eq!(datas(&rest), ["3", "4"]);
    refuse(rest, 503, &[0]).await;
    for _ in 0..2 {
        let alone = server.accept().await;
        assert_eq!(datas(&alone), ["3"]);
        let body = json!({ "error": "later", "outcome": "not_stored" });
        alone.answer("503 Busy", "", &body.to_string()).await;
    }
    let alone = server.accept().await;
    assert_eq!(datas(&alone), ["3"]);
    take(alone).await;
    let last = server.accept().await;
    assert_eq!(datas(&last), ["4"]);
    take(last).await;
    assert_eq!(ids([first]).await, ["0"]);
    assert_eq!(ids(others).await, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_batch_that_is_lost_is_sent_again_as_it_was() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let others = [begin(&publisher, "1"), begin(&publisher, "2")];
    take(only).await;
    let lost = server.accept().await;
    let body = lost.body();
    lost.reset();
    let again = server.accept().await;
    assert_eq!(again.body(), body);
    take(again).await;
    assert_eq!(ids([first]).await, ["0"]);
    assert_eq!(ids(others).await, ["1", "2"]);
}

#[tokio::test]
async fn the_outcome_is_unknown_as_soon_as_one_attempt_may_have_been_stored() {
    let server = Server::start();
    let options = PublisherOptions::new().retry(hasty().attempts(1));
    let publisher = Publisher::new(server.url(), options).unwrap();
    let publishing = begin(&publisher, "x");
    server.accept().await.reset();
    // Whatever is said of the second attempt, the first one may have been stored.
    server.accept().await.answer("403 Forbidden", "", "").await;
    let error = publishing.await.unwrap().unwrap_err();
    assert_eq!((error.status(), error.attempt()), (Some(403), 2));
    assert_eq!(error.outcome(), Some(Outcome::Unknown));
}

#[tokio::test]
async fn an_error_says_whether_the_event_was_stored() {
    for (status, body, outcome) in [
        ("400 Bad Request", "", Outcome::NotStored),
        ("429 Too Many Requests", "", Outcome::NotStored),
        ("502 Bad Gateway", "<html>", Outcome::Unknown),
        (
            "503 Busy",
            r#"{"error": "x", "outcome": "not_stored"}"#,
            Outcome::NotStored,
        ),
        (
            "503 Busy",
            r#"{"error": "x", "outcome": "unknown"}"#,
            Outcome::Unknown,
        ),
        ("200 OK", "<html>", Outcome::Unknown),
    ] {
        let server = Server::start();
        let publisher = Publisher::new(server.url(), PublisherOptions::new().no_retry()).unwrap();
        let publishing = begin(&publisher, "x");
        server.accept().await.answer(status, "", body).await;
        let error = publishing.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Some(outcome), "{status}: {error}");
    }
    let deserted = Deserted::new();
    let publisher = Publisher::new(deserted.url(), PublisherOptions::new().no_retry()).unwrap();
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Connect, Some(Outcome::NotStored))
    );
}

#[tokio::test]
async fn a_server_that_asks_to_wait_beyond_the_deadline_is_told_at_once() {
    let server = Server::start();
    let publisher = publisher(&server);
    let publishing = begin(&publisher, "x");
    let only = server.accept().await;
    only.answer("429 Too Many Requests", "Retry-After: 3600\r\n", "")
        .await;
    let error = publishing.await.unwrap().unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(error.attempt(), 1);
}

#[tokio::test]
async fn a_call_that_was_accepted_goes_on_without_its_caller() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    begin(&publisher, "1").abort();
    let last = begin(&publisher, "2");
    take(only).await;
    let batch = server.accept().await;
    assert_eq!(datas(&batch), ["1", "2"]);
    take(batch).await;
    assert_eq!(ids([first, last]).await, ["0", "2"]);
}

#[tokio::test]
async fn flush_waits_for_all_that_was_published_before() {
    let server = Server::start();
    let publisher = publisher(&server);
    publisher.flush().await;
    let one = begin(&publisher, "0");
    let first = server.accept().await;
    let two = begin(&publisher, "1");
    let mut flushing = Box::pin(publisher.flush());
    let mut poll = || {
        flushing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    };
    assert!(poll().is_pending());
    take(first).await;
    let second = server.accept().await;
    assert!(poll().is_pending());
    take(second).await;
    flushing.await;
    assert_eq!(ids([one, two]).await, ["0", "1"]);
}

#[tokio::test]
async fn close_lets_go_out_what_was_accepted_and_takes_nothing_more() {
    let server = Server::start();
    let publisher = publisher(&server);
    assert_eq!(
        publisher.publish_many::<&str, &str>([]).await.unwrap(),
        [""; 0]
    );
    let one = begin(&publisher, "0");
    let first = server.accept().await;
    let two = begin(&publisher, "1");
    let closing = tokio::spawn({
        let publisher = publisher.clone();
        async move { publisher.close(Duration::from_secs(60)).await }
    });
    take(first).await;
    take(server.accept().await).await;
    assert!(closing.await.unwrap());
    assert_eq!(ids([one, two]).await, ["0", "1"]);
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Closed, Some(Outcome::NotStored))
    );
    assert!(publisher.close(Duration::ZERO).await);
}

#[tokio::test]
async fn what_has_no_answer_when_close_gives_up_fails_by_what_became_of_it() {
    let server = Server::start();
    let publisher = publisher(&server);
    let sent = begin(&publisher, "0");
    let stuck = server.accept().await;
    let queued = begin(&publisher, "1");
    assert!(!publisher.close(Duration::ZERO).await);
    for (publishing, outcome) in [(sent, Outcome::Unknown), (queued, Outcome::NotStored)] {
        let error = publishing.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Closed, Some(outcome))
        );
    }
    stuck.gone().await;
}

#[tokio::test]
async fn dropped_it_sends_nothing_more() {
    let server = Server::start();
    let publisher = publisher(&server);
    begin(&publisher, "0").abort();
    let stuck = server.accept().await;
    begin(&publisher, "1").abort();
    tokio::task::yield_now().await;
    drop(publisher);
    stuck.gone().await;
}

#[tokio::test]
async fn a_runtime_that_ends_ends_what_it_was_sending_and_another_goes_on() {
    let server = Server::start();
    let publisher = publisher(&server);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let elsewhere = {
        let _in = runtime.enter();
        begin(&publisher, "0")
    };
    let stuck = server.accept().await;
    let here = begin(&publisher, "1");
    runtime.shutdown_background();
    stuck.gone().await;
    assert!(elsewhere.await.is_err(), "its task went with its runtime");
    let error = here.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Closed, Some(Outcome::NotStored))
    );
    let next = begin(&publisher, "2");
    take(server.accept().await).await;
    assert_eq!(ids([next]).await, ["2"]);
}

#[tokio::test]
async fn of_what_is_wrong_with_one_call_that_decides_which_no_wait_can_mend() {
    let server = Server::start();
    let publisher = publisher(&server);
    let serve = tokio::spawn(async move {
        let only = server.accept().await;
        let error = |index, status| json!({ "index": index, "status": status, "error": "x" });
        let body = json!({ "error": "x", "index": 0, "errors": [error(0, 503), error(1, 409)] });
        only.answer("503 Busy", "", &body.to_string()).await;
    });
    let many = publisher.publish_many([("a", "1"), ("a", "2")]).await;
    let error = many.unwrap_err();
    assert_eq!((error.status(), error.index()), (Some(409), Some(1)));
    assert_eq!(error.attempt(), 1);
    serve.await.unwrap();
}
