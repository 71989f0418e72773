//! A stream that asks before it connects, and one that has a place, as a binding drives them.
#![cfg(not(loom))]

use std::time::Duration;

use eventwire_bridge::failure::{Failure, FailureKind};
use eventwire_bridge::hub::{Hub, HubOptions, Message, ServeOptions, Server};
use eventwire_bridge::mailbox::Waited;
use eventwire_bridge::packed::Kind;
use eventwire_bridge::question::Prepared;
use eventwire_bridge::stream::{Stream, StreamOptions};
use eventwire_bridge::task::Task;

/// Turns a hang into a failure; nothing here takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(60);

fn answer<T: Send + 'static>(task: Task<T>) -> Result<T, Failure> {
    assert!(task.wait(PATIENCE), "no answer in {PATIENCE:?}");
    task.take().expect("the answer is there, and was not taken")
}

/// A hub with one event, its server, and the URL that gives it.
fn hub() -> (Hub, Server, String) {
    let hub = Hub::new(HubOptions::default()).unwrap();
    let options = ServeOptions {
        address: "127.0.0.1:0".to_owned(),
        ..ServeOptions::default()
    };
    let server = answer(hub.serve(options).unwrap()).unwrap();
    let message = Message {
        topics: vec!["a".to_owned()],
        data: "hello".to_owned(),
        ..Message::default()
    };
    answer(hub.publish(message).unwrap()).unwrap();
    let url = format!("{}/events?topic=a&start=earliest", server.url());
    (hub, server, url)
}

/// The kinds, ids and data that come until one is of the last kind asked for.
fn until(stream: &Stream, last: Kind) -> Vec<(Kind, String, String)> {
    let mut got = Vec::new();
    while got.last().is_none_or(|(kind, _, _)| *kind != last) {
        assert_eq!(stream.wait(PATIENCE), Waited::Ready, "only {got:?}");
        let drained = stream.drain();
        let items = drained.batch.items();
        got.extend(items.map(|item| (item.kind, item.id.to_owned(), item.data.to_owned())));
        assert!(drained.end.is_none(), "{got:?} {:?}", drained.end);
    }
    got
}

fn kinds(items: &[(Kind, String, String)]) -> Vec<Kind> {
    items.iter().map(|(kind, _, _)| *kind).collect()
}

fn question(stream: &Stream) -> (u64, serde_json::Value) {
    let (_, _, data) = until(stream, Kind::Prepare).pop().unwrap();
    let json: serde_json::Value = serde_json::from_str(&data).unwrap();
    (json["question"].as_u64().unwrap(), json)
}

#[test]
fn a_question_crosses_and_is_answered_by_its_number() {
    let (_hub, _server, url) = hub();
    let mut options = StreamOptions::new("http://127.0.0.1:9/");
    options.prepare = true;
    options.headers = vec![("X-Key".to_owned(), "k".to_owned())];
    let stream = Stream::new(options).unwrap();
    stream.open().unwrap();
    let (first, json) = question(&stream);
    assert_eq!(
        (&json["url"], &json["attempt"]),
        (&"http://127.0.0.1:9/".into(), &1.into())
    );
    assert_eq!(json["headers"], serde_json::json!([["x-key", "k"]]));
    assert!(json["error"].is_null());
    stream.asked(first);
    stream.answer(first + 1, Err("a number that nobody knows".to_owned()));
    stream.answer(first, Err("no token".to_owned()));
    let again = until(&stream, Kind::Reconnecting);
    assert!(again[0].2.contains("no token"), "{again:?}");
    let (second, json) = question(&stream);
    assert_eq!(json["error"]["kind"], "PrepareError");
    // The answer to the first is for nobody now.
    stream.answer(first, Err("too late".to_owned()));
    let headers = vec![("X-New".to_owned(), "n".to_owned())];
    let prepared = Prepared {
        url,
        headers,
        body: None,
    };
    stream.answer(second, Ok(prepared));
    let items = until(&stream, Kind::Event);
    assert_eq!(kinds(&items), [Kind::Opened, Kind::Event]);
    assert_eq!(stream.place(), None);
}

#[test]
fn a_close_while_a_question_is_open_wakes_the_reader() {
    let mut options = StreamOptions::new("http://127.0.0.1:9/");
    options.prepare = true;
    let stream = Stream::new(options).unwrap();
    stream.open().unwrap();
    let (number, _) = question(&stream);
    stream.asked(number);
    stream.close();
    assert_eq!(stream.wait(PATIENCE), Waited::Ready);
    assert!(matches!(stream.drain().end, Some(Ok(()))));
    stream.answer(number, Err("too late".to_owned()));
}

#[test]
fn marks_cross_where_there_is_a_place_and_only_there() {
    let (_hub, _server, url) = hub();
    let stream = Stream::new(StreamOptions::new(&url)).unwrap();
    stream.open().unwrap();
    assert_eq!(
        kinds(&until(&stream, Kind::Event)),
        [Kind::Opened, Kind::Event]
    );
    assert!(!stream.has_place());
    assert_eq!(stream.ack("1").unwrap_err().kind(), FailureKind::Argument);

    let mut options = StreamOptions::new(&url);
    options.manual_ack = true;
    let stream = Stream::new(options).unwrap();
    stream.open().unwrap();
    let items = until(&stream, Kind::Event);
    assert_eq!(kinds(&items), [Kind::Opened, Kind::Mark, Kind::Event]);
    assert_eq!(
        stream.place().as_deref(),
        Some(""),
        "nothing was handed out yet"
    );
    stream.marked(&items[1].2);
    stream.delivered(&items[2].1).unwrap();
    assert_eq!(stream.place().as_deref(), Some(items[1].2.as_str()));
    stream.ack(&items[2].1).unwrap();
    assert_eq!(stream.place().as_deref(), Some(items[2].1.as_str()));
}
