//! A stream whose bytes somebody else moves: here, a test.

use std::sync::Arc;
use std::time::Duration;

use eventwire_bridge::mailbox::Waited;
use eventwire_bridge::notifier::Notifier;
use eventwire_bridge::packed::Kind;
use eventwire_bridge::session::{Broken, Order, Outgoing, Session};
use eventwire_bridge::stream::{Stream, StreamOptions};

/// The other language's side, in which a thread waits for orders.
struct Other {
    session: Session,
    woken: std::sync::mpsc::Receiver<()>,
    orders: Vec<Order>,
}

impl Other {
    fn new(stream: &Stream) -> Other {
        let session = Session::new(stream);
        let (wake, woken) = std::sync::mpsc::channel();
        let notifier = Arc::new(Notifier::new(move || {
            let _ = wake.send(());
        }));
        // Its tokens are never taken, so that it wakes once only: the orders are looked for below.
        session.listen(notifier, 1);
        Other {
            session,
            woken,
            orders: Vec::new(),
        }
    }

    fn order(&mut self) -> Order {
        while self.orders.is_empty() {
            let _ = self.woken.recv_timeout(Duration::from_millis(5));
            self.orders = self.session.take();
        }
        self.orders.remove(0)
    }

    fn request(&mut self) -> (u64, Outgoing) {
        match self.order() {
            Order::Send(number, outgoing) => (number, *outgoing),
            other => panic!("no request but {other:?}"),
        }
    }

    fn answer(&self, number: u64) {
        let headers = [("content-type".to_owned(), b"text/event-stream".to_vec())];
        self.session.response(number, 200, &headers, None);
    }
}

fn open(options: StreamOptions) -> (Stream, Other) {
    let stream = Stream::new(options).unwrap();
    let other = Other::new(&stream);
    stream.open().unwrap();
    (stream, other)
}

/// Kinds, with the data of events, until there are so many.
fn items(stream: &Stream, count: usize) -> Vec<(Kind, String)> {
    let mut items = Vec::new();
    while items.len() < count {
        while stream.wait(Duration::from_secs(1)) == Waited::TimedOut {}
        let drained = stream.drain();
        items.extend(
            drained
                .batch
                .items()
                .map(|item| (item.kind, item.data.to_owned())),
        );
        if drained.end.is_some() {
            break;
        }
    }
    items
}

#[test]
fn a_chunk_is_ordered_only_once_the_one_before_was_taken() {
    let mut options = StreamOptions::new("http://test/events");
    options.mailbox = 1;
    options.last_event_id = "é".to_owned();
    let (stream, mut other) = open(options);
    let (number, request) = other.request();
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("GET", "http://test/events")
    );
    // One character for each byte.
    let id = ("last-event-id".to_owned(), "\u{c3}\u{a9}".to_owned());
    assert!(request.headers.contains(&id), "{:?}", request.headers);
    other.answer(number);
    assert_eq!(items(&stream, 1)[0].0, Kind::Opened);
    assert_eq!(other.order(), Order::Read(number));
    other
        .session
        .feed(number, b"data: 1\n\ndata: 2\n\n".to_vec());
    // One event fills the mailbox, so that the second one waits before it: nothing more is read.
    assert_eq!(items(&stream, 1), [(Kind::Event, "1".to_owned())]);
    assert_eq!(items(&stream, 1), [(Kind::Event, "2".to_owned())]);
    assert_eq!(other.order(), Order::Read(number));
    stream.close();
    assert_eq!(other.order(), Order::Abort(number));
    assert_eq!(other.order(), Order::Over);
}

#[test]
fn what_fails_is_tried_again_and_tells_the_cause() {
    let mut options = StreamOptions::new("http://test/events");
    options.retry = Some(
        eventwire_bridge::stream::RetryPolicy::new()
            .base(Duration::ZERO)
            .min(Duration::ZERO),
    );
    let (stream, mut other) = open(options);
    let (first, _) = other.request();
    other
        .session
        .failed(first, Broken::Lost, "it rains".to_owned(), Some(7));
    let again = items(&stream, 1).remove(0);
    assert_eq!(again.0, Kind::Reconnecting);
    assert!(
        again.1.contains("it rains") && again.1.contains("\"cause\":7"),
        "{}",
        again.1
    );
    let (second, _) = other.request();
    // What comes of the first is not wanted.
    other.answer(first);
    other.session.feed(first, b"data: stale\n\n".to_vec());
    other
        .session
        .failed(second, Broken::Unusable, "hidden".to_owned(), None);
    let end = items(&stream, 2);
    assert_eq!(end[0].0, Kind::Closed);
    assert!(end[0].1.contains("ConnectError"), "{}", end[0].1);
    assert_eq!(other.order(), Order::Over);
}

#[test]
fn a_redirect_drops_the_request_and_asks_elsewhere() {
    let (stream, mut other) = open(StreamOptions::new("http://test/events"));
    let (first, _) = other.request();
    let location = [("location".to_owned(), b"/there".to_vec())];
    other.session.response(first, 302, &location, None);
    assert_eq!(other.order(), Order::Abort(first));
    let (second, request) = other.request();
    assert_eq!(request.url, "http://test/there");
    other.answer(second);
    assert_eq!(items(&stream, 1)[0].0, Kind::Opened);
}

#[test]
fn a_stream_that_is_never_opened_gives_no_order_but_the_end() {
    let stream = Stream::new(StreamOptions::new("http://test/events")).unwrap();
    let mut other = Other::new(&stream);
    drop(stream);
    assert_eq!(other.order(), Order::Over);
}
