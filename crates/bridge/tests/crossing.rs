//! The handles as a binding uses them: from plain threads, without a runtime of their own.
#![cfg(not(loom))]

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use eventwire_bridge::failure::{Failure, FailureKind};
use eventwire_bridge::hub::{Hub, HubOptions, Message, ServeOptions, Server, SubscribeOptions};
use eventwire_bridge::mailbox::{Drained, Waited};
use eventwire_bridge::notifier::Notifier;
use eventwire_bridge::packed::Kind;
use eventwire_bridge::publisher::{Publisher, PublisherOptions};
use eventwire_bridge::stream::{RetryPolicy, Stream, StreamOptions};
use eventwire_bridge::task::Task;
use eventwire_bridge::transport::Transport;

/// Turns a hang into a failure; nothing here takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(60);

fn answer<T: Send + 'static>(task: Task<T>) -> Result<T, Failure> {
    assert!(task.wait(PATIENCE), "no answer in {PATIENCE:?}");
    task.take().expect("the answer is there, and was not taken")
}

#[test]
fn a_task_always_has_an_answer() {
    let panics = Task::<()>::start(async {
        tokio::task::yield_now().await;
        panic!("of the operation");
    });
    let error = answer(panics.unwrap()).unwrap_err();
    assert!(error.message().contains("without an answer"), "{error:?}");

    let task = Task::start(async { Ok("once") }).unwrap();
    assert_eq!(task.take().unwrap().unwrap(), "once");
    // Asked again, nobody waits for what will not come.
    assert!(task.wait(PATIENCE));
    assert_eq!(
        task.take().unwrap().unwrap_err().kind(),
        FailureKind::Closed
    );
}

fn serve(hub: &Hub) -> Server {
    let options = ServeOptions {
        address: "127.0.0.1:0".to_owned(),
        ..ServeOptions::default()
    };
    answer(hub.serve(options).unwrap()).unwrap()
}

fn message(data: &str) -> Message {
    Message {
        topics: vec!["a".to_owned()],
        data: data.to_owned(),
        ..Message::default()
    }
}

fn publish(hub: &Hub, data: &str) -> String {
    answer(hub.publish(message(data)).unwrap()).unwrap()
}

/// Drains until `count` events have come, or the end.
fn events(
    count: usize,
    wait: impl Fn(Duration) -> Waited,
    drain: impl Fn() -> Drained<Failure>,
) -> Vec<String> {
    let mut got = Vec::new();
    while got.len() < count {
        assert_eq!(
            wait(PATIENCE),
            Waited::Ready,
            "only {got:?} in {PATIENCE:?}"
        );
        let drained = drain();
        let events = drained
            .batch
            .items()
            .filter(|item| item.kind == Kind::Event);
        got.extend(events.map(|item| item.data.to_owned()));
        if drained.end.is_some() {
            break;
        }
    }
    got
}

#[test]
fn what_is_published_crosses_and_a_close_ends_the_wait() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let server = serve(&hub);
    let first = publish(&hub, "one");
    let url = format!("{}/events?topic=a&start=earliest", server.url());
    let stream = Arc::new(Stream::new(StreamOptions::new(url)).unwrap());
    assert_eq!(stream.state(), "connecting");
    stream.open().unwrap();
    stream.open().unwrap();
    publish(&hub, "two");
    assert_eq!(
        events(2, |t| stream.wait(t), || stream.drain()),
        ["one", "two"]
    );
    assert_eq!(stream.state(), "open");
    assert!(stream.last_event_id() > first);

    let waiting = Arc::new(Barrier::new(2));
    let reader = {
        let (stream, waiting) = (stream.clone(), waiting.clone());
        std::thread::spawn(move || {
            waiting.wait();
            let waited = stream.wait(PATIENCE);
            (waited, stream.drain())
        })
    };
    waiting.wait();
    stream.close();
    publish(&hub, "too late");
    let (waited, drained) = reader.join().unwrap();
    assert_eq!(waited, Waited::Ready);
    assert!(drained.batch.is_empty());
    assert!(matches!(drained.end, Some(Ok(()))));
    assert_eq!(stream.state(), "closed");
}

#[test]
fn a_restart_connects_again_without_a_wait_and_loses_nothing() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let server = serve(&hub);
    let mut options = StreamOptions::new(format!("{}/events?topic=a", server.url()));
    // So patient that only a restart can connect again.
    options.retry = Some(RetryPolicy::new().min(Duration::from_secs(3600)));
    let stream = Arc::new(Stream::new(options).unwrap());
    stream.restart().unwrap();
    stream.open().unwrap();
    let mut told = Vec::new();
    let mut next = |until: usize| {
        while told.len() < until {
            assert_eq!(
                stream.wait(PATIENCE),
                Waited::Ready,
                "only {told:?} in {PATIENCE:?}"
            );
            for item in stream.drain().batch.items() {
                told.push(match item.kind {
                    Kind::Event => item.data.to_owned(),
                    other => format!("{other:?}"),
                });
            }
        }
        told.clone()
    };
    next(1);
    publish(&hub, "one");
    next(2);
    let elsewhere = stream.clone();
    std::thread::spawn(move || elsewhere.restart())
        .join()
        .unwrap()
        .unwrap();
    // Whether it comes before the new connection or after: the one resumes, the other is live.
    publish(&hub, "two");
    assert_eq!(next(4), ["Opened", "one", "Opened", "two"]);
    stream.close();
    stream.restart().unwrap();
    assert_eq!(stream.state(), "closed");
}

#[test]
fn one_notifier_serves_many_handles_and_wakes_once_for_all_that_is_ready() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let (woken, wakes) = mpsc::channel();
    let notifier = Arc::new(Notifier::new(move || {
        woken.send(()).expect("the test waits")
    }));
    let subscriptions: Vec<_> = (0..3)
        .map(|token| {
            let options = SubscribeOptions {
                topics: vec!["a".to_owned()],
                ..SubscribeOptions::default()
            };
            let subscription = hub.subscribe(options).unwrap();
            subscription.listen(notifier.clone(), token);
            subscription.open(false).unwrap();
            subscription
        })
        .collect();
    publish(&hub, "x");
    let mut told = Vec::new();
    let mut got = [0; 3];
    while told.len() < 3 {
        wakes
            .recv_timeout(PATIENCE)
            .expect("a wake for what is ready");
        for token in notifier.take() {
            got[token as usize] += subscriptions[token as usize].drain().batch.len();
            told.push(token);
        }
    }
    assert_eq!(got, [1, 1, 1]);
}

#[test]
fn a_consumer_that_does_not_fetch_holds_no_more_than_its_mailbox_and_loses_nothing() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let options = SubscribeOptions {
        topics: vec!["a".to_owned()],
        mailbox: 64,
        ..SubscribeOptions::default()
    };
    let subscription = hub.subscribe(options).unwrap();
    subscription.open(false).unwrap();
    let data: Vec<String> = (0..500).map(|n| format!("event number {n}")).collect();
    for data in &data {
        publish(&hub, data);
    }
    assert_eq!(subscription.wait(PATIENCE), Waited::Ready);
    let drained = subscription.drain();
    assert!(
        drained.batch.size() <= 128,
        "{} bytes in a mailbox of 64",
        drained.batch.size()
    );
    let mut got: Vec<String> = drained
        .batch
        .items()
        .map(|item| item.data.to_owned())
        .collect();
    got.extend(events(
        500 - got.len(),
        |t| subscription.wait(t),
        || subscription.drain(),
    ));
    assert_eq!(got, data);
    assert_eq!(subscription.last_event_id().rsplit('-').next(), Some("500"));
}

#[test]
fn frames_are_the_bytes_that_a_socket_would_get() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let id = publish(&hub, "x\ny");
    let options = SubscribeOptions {
        topics: vec!["a".to_owned()],
        start: "earliest".to_owned(),
        ..SubscribeOptions::default()
    };
    let subscription = hub.subscribe(options).unwrap();
    subscription.open(true).unwrap();
    let mut bytes = String::new();
    let expected = format!(
        "id: {}-0\n\nid: {id}\ndata: x\ndata: y\n\n",
        id.split('-').next().unwrap()
    );
    while bytes.len() < expected.len() {
        assert_eq!(subscription.wait(PATIENCE), Waited::Ready);
        for item in subscription.drain().batch.items() {
            assert_eq!(item.kind, Kind::Frame);
            bytes.push_str(item.data);
        }
    }
    assert_eq!(bytes, expected);
}

#[test]
fn a_publisher_keeps_the_order_of_the_calls() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let server = serve(&hub);
    let options = PublisherOptions {
        url: server.url(),
        headers: Vec::new(),
        retry: None,
        timeout: None,
        connect_timeout: None,
        transport: Transport::default(),
    };
    let publisher = Publisher::new(options).unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|n| publisher.publish(message(&n.to_string())).unwrap())
        .collect();
    let offsets: Vec<u64> = tasks
        .into_iter()
        .map(|task| {
            answer(task)
                .unwrap()
                .rsplit('-')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(offsets, (1..=50).collect::<Vec<_>>());
    let many = vec![message("x"), message("y")];
    let ids = answer(publisher.publish_many(many).unwrap()).unwrap();
    assert!(ids[1].ends_with("-52"), "{ids:?}");
    assert!(answer(publisher.flush().unwrap()).unwrap());
    assert!(answer(publisher.close(Duration::from_secs(60)).unwrap()).unwrap());
    let closed = answer(publisher.publish(message("x")).unwrap()).unwrap_err();
    assert_eq!(closed.kind(), FailureKind::Closed);
}

#[test]
fn one_of_many_that_is_refused_is_named() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let wrong = Message {
        event: Some("eventwire.x".to_owned()),
        ..message("x")
    };
    let refused = |wrong| {
        let many = vec![message("x"), wrong];
        answer(hub.publish_many(many).unwrap()).unwrap_err()
    };
    let failure = refused(wrong);
    assert_eq!(failure.kind(), FailureKind::Argument);
    assert!(
        failure.message().starts_with("the event at index 1 of 2: "),
        "{failure}"
    );
    let keyed = |data| Message {
        key: Some("k".to_owned()),
        ..message(data)
    };
    answer(hub.publish(keyed("x")).unwrap()).unwrap();
    let failure = refused(keyed("y"));
    assert_eq!(failure.kind(), FailureKind::Publish);
    let json: serde_json::Value = serde_json::from_str(&failure.to_json()).unwrap();
    assert_eq!(
        (&json["index"], &json["outcome"]),
        (&1.into(), &"not_stored".into())
    );
}

#[test]
fn failures_say_what_was_wrong() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let server = serve(&hub);

    let wrong = Hub::new(HubOptions {
        store: "floppy:".to_owned(),
        ..HubOptions::default()
    })
    .unwrap_err();
    assert_eq!(wrong.kind(), FailureKind::Argument);
    assert!(wrong.message().contains("floppy"), "{wrong}");

    let wrong = answer(hub.publish(Message::default()).unwrap()).unwrap_err();
    assert_eq!(wrong.kind(), FailureKind::Argument);

    let missing = StreamOptions::new(format!("{}/nothing-here", server.url()));
    let failure = end_of(missing);
    assert_eq!(failure.kind(), FailureKind::Status);
    let json: serde_json::Value = serde_json::from_str(&failure.to_json()).unwrap();
    assert_eq!(
        (&json["kind"], &json["status"]),
        (&"StatusError".into(), &404.into())
    );
    assert!(
        json["body"].as_str().unwrap().contains("/events"),
        "the body of the answer is there: {json}"
    );

    let health = StreamOptions::new(format!("{}/health", server.url()));
    assert_eq!(end_of(health).kind(), FailureKind::ContentType);

    let not_a_url = Stream::new(StreamOptions::new("not a url")).unwrap_err();
    assert_eq!(not_a_url.kind(), FailureKind::Argument);
}

/// The error that a stream ends with.
fn end_of(options: StreamOptions) -> Failure {
    let stream = Stream::new(options).unwrap();
    stream.open().unwrap();
    loop {
        assert_eq!(stream.wait(PATIENCE), Waited::Ready);
        if let Some(end) = stream.drain().end {
            return end.unwrap_err();
        }
    }
}

#[test]
fn a_drain_ends_the_streams_of_others() {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let server = serve(&hub);
    let url = format!("{}/events?topic=a", server.url());
    let stream = Stream::new(StreamOptions {
        retry: None,
        ..StreamOptions::new(url)
    })
    .unwrap();
    stream.open().unwrap();
    while stream.state() != "open" {
        assert_eq!(stream.wait(PATIENCE), Waited::Ready);
        stream.drain();
    }
    answer(server.drain(PATIENCE).unwrap()).unwrap();
    loop {
        assert_eq!(stream.wait(PATIENCE), Waited::Ready);
        if let Some(end) = stream.drain().end {
            assert!(
                end.is_ok(),
                "a clean end that is not retried is no error: {end:?}"
            );
            return;
        }
    }
}
