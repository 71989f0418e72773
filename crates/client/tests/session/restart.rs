//! A restart that was asked for: again at once, and no failure.

use std::time::Duration;

use eventwire_client::session::{Request, Session};
use eventwire_client::{ConnectOptions, RetryPolicy, StreamItem};

use crate::script::*;

/// A session whose first connection is open, and was sent `body`.
fn opened(options: ConnectOptions, body: impl AsRef<str>) -> Session {
    let mut session = Session::with_seed(options, 1).unwrap();
    session.next_request(secs(0)).unwrap();
    open(&mut session, secs(0), body.as_ref());
    session
}

fn open(session: &mut Session, now: Duration, body: &str) {
    let stream = [("content-type", "text/event-stream".to_owned())];
    session.response(now, head(200, &stream));
    session.feed(now, body.to_owned());
}

/// What is in the queue, in a word or two each.
fn told(session: &mut Session) -> Vec<String> {
    let mut run = Run::default();
    while let Some(item) = session.next_item() {
        run.items.push((secs(0), item));
    }
    run.told()
}

fn last_event_id(request: &Request) -> Option<&str> {
    let value = request.headers.get("last-event-id")?;
    Some(value.to_str().unwrap())
}

#[test]
fn it_connects_again_at_once_after_the_last_event_and_reports_nothing_but_the_opening() {
    let mut session = opened(get(), "id: 1\ndata: a\n\n");
    assert_eq!(told(&mut session), ["open", "event a"]);
    session.restart(secs(1));
    assert!(!session.reading(), "the connection is to be dropped");
    assert_eq!(session.wake_at(), Some(secs(1)));
    let request = session.next_request(secs(1)).unwrap();
    assert_eq!(last_event_id(&request), Some("1"));
    open(&mut session, secs(1), "data: b\n\n");
    assert_eq!(told(&mut session), ["open", "event b"]);
}

#[test]
fn what_has_arrived_is_given_out_first_and_what_had_not_arrived_whole_is_not() {
    let body = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\nid: 4\ndata: half";
    let mut session = opened(get(), body);
    session.restart(secs(1));
    assert!(session.next_request(secs(1)).is_none(), "not yet all taken");
    assert_eq!(told(&mut session), ["open", "event a", "event b"]);
    let request = session.next_request(secs(1)).unwrap();
    assert_eq!(last_event_id(&request), Some("3"));
    open(&mut session, secs(1), " of another\n\ndata: c\n\n");
    assert_eq!(told(&mut session), ["open", "event c"]);
}

#[test]
fn what_has_arrived_is_decoded_no_further_than_it_is_taken() {
    const EVENTS: usize = 10_000;
    let mut session = opened(get(), format!("id: {}\n\n", "x".repeat(100_000)));
    assert_eq!(told(&mut session), ["open"]);
    session.feed(secs(0), "data\n\n".repeat(EVENTS));
    session.restart(secs(1));
    assert!(!session.reading());
    assert_eq!(session.stats(secs(1)).events, 0);
    for taken in 1..=EVENTS as u64 {
        assert!(matches!(
            session.next_item(),
            Some(Ok(StreamItem::Event(_)))
        ));
        let decoded = session.stats(secs(1)).events;
        assert!(decoded <= taken + 1, "{decoded} are decoded, {taken} taken");
        // What comes late changes nothing.
        session.tick(secs(1));
        assert!(session.next_request(secs(1)).is_none());
    }
    assert!(session.next_item().is_none());
    let request = session.next_request(secs(1)).unwrap();
    assert_eq!(last_event_id(&request).map(str::len), Some(100_000));
}

#[test]
fn what_still_comes_from_the_old_connection_is_ignored() {
    let mut session = opened(get(), "");
    session.restart(secs(1));
    session.feed(secs(1), "data: late\n\n");
    session.ended(secs(1));
    session.tick(secs(1));
    assert_eq!(told(&mut session), ["open"]);
    assert!(session.next_request(secs(1)).is_some());
}

#[test]
fn it_ends_a_wait_between_two_attempts_and_counts_none() {
    let patient = get().retry(RetryPolicy::new().min(secs(3600)).max(secs(3600)));
    let mut session = Session::with_seed(patient, 1).unwrap();
    let attempt = |session: &mut Session| {
        session.failed(
            secs(0),
            eventwire_client::session::Failure::connect("refused"),
        );
        let Some(Ok(StreamItem::Reconnecting(again))) = session.next_item() else {
            panic!("no wait");
        };
        again.attempt
    };
    session.next_request(secs(0)).unwrap();
    assert_eq!(attempt(&mut session), 1);
    assert!(session.next_request(secs(0)).is_none());
    for _ in 0..5 {
        session.restart(secs(0));
        assert!(session.next_request(secs(0)).is_some());
    }
    assert_eq!(attempt(&mut session), 2);
}

#[test]
fn it_is_done_whatever_the_policy_says_with_the_body_too() {
    let post = get().method(http::Method::POST).body("{}");
    for options in [post.clone(), post.no_retry()] {
        let mut session = opened(options, "data: a\n\n");
        told(&mut session);
        session.restart(secs(1));
        let request = session.next_request(secs(1)).unwrap();
        assert_eq!(request.body.as_deref(), Some(&b"{}"[..]));
    }
}

#[test]
fn it_begins_anew_at_the_address_that_was_given_not_where_a_redirect_led() {
    let mut session = Session::with_seed(get(), 1).unwrap();
    let redirect = [("location", "/elsewhere".to_owned())];
    session.next_request(secs(0)).unwrap();
    session.response(secs(0), head(302, &redirect));
    for halfway in [true, false] {
        if !halfway {
            session.response(secs(0), head(302, &redirect));
            assert_eq!(
                session.next_request(secs(0)).unwrap().url.path(),
                "/elsewhere"
            );
            open(&mut session, secs(0), "");
            told(&mut session);
        }
        session.restart(secs(0));
        let request = session.next_request(secs(0)).unwrap();
        assert_eq!(request.url.path(), "/events");
    }
}

#[test]
fn a_stable_connection_that_was_restarted_ends_the_streak_like_any_other() {
    let attempts = |stood: Duration| {
        let mut session = Session::with_seed(get(), 1).unwrap();
        session.next_request(secs(0)).unwrap();
        session.failed(
            secs(0),
            eventwire_client::session::Failure::connect("refused"),
        );
        told(&mut session);
        session.next_request(secs(60)).unwrap();
        open(&mut session, secs(60), "data: a\n\n");
        told(&mut session);
        session.restart(secs(60) + stood);
        session.next_request(secs(60) + stood).unwrap();
        session.failed(
            secs(60) + stood,
            eventwire_client::session::Failure::connect("refused"),
        );
        match session.next_item() {
            Some(Ok(StreamItem::Reconnecting(again))) => again.attempt,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(attempts(secs(11)), 1);
    assert_eq!(attempts(secs(9)), 2);
}

#[test]
fn before_the_first_request_and_at_the_end_it_does_nothing() {
    let mut session = Session::with_seed(get().last_event_id("7"), 1).unwrap();
    session.restart(secs(0));
    let request = session.next_request(secs(0)).unwrap();
    assert_eq!(last_event_id(&request), Some("7"));
    session.response(secs(0), head(204, &[]));
    session.restart(secs(0));
    assert_eq!(told(&mut session), ["closed no_content"]);
    assert!(session.is_finished());
    assert!(session.next_request(secs(0)).is_none());
}
