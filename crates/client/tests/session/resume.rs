//! The last event ID: what moves it, and what it does to the next request.

use eventwire_client::StreamItem;
use eventwire_client::session::Session;

use crate::script::*;

/// The `Last-Event-ID` of the request after a first connection that sent `body` and broke.
fn after(body: &str) -> Option<String> {
    let run = run(get(), secs(60), [stream().send(body).reset(), stream()]);
    run.last_event_ids().pop().unwrap()
}

#[test]
fn the_first_request_has_none_unless_one_was_given() {
    assert_eq!(run(get(), secs(1), []).last_event_ids(), [None]);
    assert_eq!(
        run(get().last_event_id("7"), secs(1), []).last_event_ids(),
        [Some("7".to_owned())]
    );
    assert_eq!(
        run(get().header("Last-Event-ID", "8"), secs(1), []).last_event_ids(),
        [Some("8".to_owned())]
    );
}

#[test]
fn it_is_that_of_the_last_event() {
    assert_eq!(
        after("id: 1\ndata: a\n\nid: 2\ndata: b\n\n").as_deref(),
        Some("2")
    );
    assert_eq!(after("id: 1\ndata: a\n\ndata: b\n\n").as_deref(), Some("1"));
}

#[test]
fn it_is_committed_at_the_blank_line_only() {
    assert_eq!(
        after("id: 1\ndata: a\n\nid: 2\ndata: b\n").as_deref(),
        Some("1")
    );
    assert_eq!(after("id: 2\n"), None);
}

#[test]
fn a_block_without_data_moves_it_too() {
    assert_eq!(after("id: 1\ndata: a\n\nid: 2\n\n").as_deref(), Some("2"));
    assert_eq!(after("id: 2\n\n").as_deref(), Some("2"));
}

#[test]
fn an_empty_id_resets_it_and_no_header_is_sent() {
    assert_eq!(after("id: 1\ndata: a\n\nid\ndata: b\n\n"), None);
    assert_eq!(after("id: 1\ndata: a\n\nid:\n\n"), None);
    let run = run(
        get().last_event_id("9"),
        secs(60),
        [stream().send("id:\n\n").reset(), stream()],
    );
    assert_eq!(run.last_event_ids(), [Some("9".to_owned()), None]);
}

#[test]
fn it_is_sent_as_utf8() {
    assert_eq!(after("id: …é\ndata: a\n\n").as_deref(), Some("…é"));
}

#[test]
fn one_that_no_header_can_carry_does_not_stop_the_stream() {
    assert_eq!(after("id: a\u{1}b\ndata: a\n\n"), None);
}

#[test]
fn it_outlives_connections_that_send_none() {
    let answers = [
        stream().send("id: 5\ndata: a\n\n").end(),
        stream().send("data: b\n\n").end(),
        refused(),
        status(503).end(),
        stream(),
    ];
    let run = run(get(), secs(600), answers);
    let five = Some("5".to_owned());
    assert_eq!(
        run.last_event_ids(),
        [None, five.clone(), five.clone(), five.clone(), five]
    );
    let Ok(StreamItem::Event(event)) = &run.items[4].1 else {
        panic!("{:?}", run.told())
    };
    assert_eq!((event.data(), event.id()), ("b", "5"));
}

#[test]
fn a_byte_order_mark_is_stripped_anew_on_each_connection() {
    let bom = "\u{feff}data: a\n\n";
    let run = run(
        get(),
        secs(600),
        [stream().send(bom).end(), stream().send(bom)],
    );
    assert_eq!(
        run.told(),
        ["open", "event a", "again Ended", "open", "event a"]
    );
}

#[test]
fn it_moves_as_items_are_taken_not_as_bytes_come() {
    let mut session = Session::new(get()).unwrap();
    session.next_request(secs(0)).unwrap();
    session.response(
        secs(0),
        head(200, &[("content-type", "text/event-stream".to_owned())]),
    );
    session.feed(secs(0), "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n");
    session.ended(secs(0));
    let mut ids = Vec::new();
    while session.next_item().is_some() {
        ids.push(session.last_event_id().to_owned());
        assert!(session.is_drained() || session.next_request(secs(99)).is_none());
    }
    // Opened, the two events, and Reconnecting: by then the mark was passed.
    assert_eq!(ids, ["", "1", "2", "3"]);
    assert_eq!(
        session.next_request(secs(99)).unwrap().headers["last-event-id"],
        "3"
    );
}
