//! Attempts that the application prepares, on a clock that only the test moves.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use eventwire_client::session::{Failure, Session};
use eventwire_client::{Attempt, ConnectOptions, ErrorKind, RetryPolicy, State, StreamItem};
use http::Method;

use crate::script::*;

fn session(options: ConnectOptions) -> Session {
    let mut session = Session::with_seed(options, 1).unwrap();
    session.set_preparing(true);
    session
}

/// Takes all items, and gives the reason of the last `Reconnecting`.
fn reason(session: &mut Session) -> eventwire_client::Error {
    let mut reason = None;
    while let Some(item) = session.next_item() {
        match item {
            Ok(StreamItem::Reconnecting(again)) => reason = Some(again.reason),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
    reason.expect("it is tried again")
}

fn next_attempt(session: &mut Session) -> (Duration, Attempt) {
    let at = session.wake_at().unwrap();
    assert!(
        session.next_request(at).is_none(),
        "it is to be asked first"
    );
    (at, session.next_attempt(at).unwrap())
}

#[test]
fn what_is_changed_is_what_is_asked() {
    let mut session = session(get().header("x-kept", "1").header("x-dropped", "2"));
    let (at, mut attempt) = next_attempt(&mut session);
    assert_eq!(attempt.url, "http://example.com/events");
    assert_eq!((attempt.attempt, attempt.last_event_id.as_str()), (1, ""));
    assert!(attempt.error.is_none() && attempt.body.is_none());
    assert!(session.is_preparing() && session.next_request(at).is_none());
    assert!(
        session.next_attempt(at).is_none(),
        "one attempt is one question"
    );
    attempt.url = "http://other.example/stream?token=t".to_owned();
    attempt.headers.remove("x-dropped");
    attempt.set_header("authorization", "Bearer t").unwrap();
    attempt.body = Some(Bytes::from_static(b"{}"));
    session.prepared(at, Ok(attempt));
    assert_eq!(session.wake_at(), Some(Duration::ZERO));
    let request = session.next_request(at).unwrap();
    assert_eq!(request.url.as_str(), "http://other.example/stream?token=t");
    assert_eq!(request.headers["x-kept"], "1");
    assert_eq!(request.headers["authorization"], "Bearer t");
    assert!(!request.headers.contains_key("x-dropped"));
    assert_eq!(request.body.as_deref(), Some(&b"{}"[..]));
    assert!(!format!("{request:?}").contains("Bearer"), "{request:?}");
}

#[test]
fn each_attempt_begins_with_the_options_again_and_knows_what_was_wrong_before() {
    let mut session = session(get());
    let (at, mut attempt) = next_attempt(&mut session);
    attempt.set_header("x-once", "1").unwrap();
    session.prepared(at, Ok(attempt));
    session.next_request(at).unwrap();
    session.response(at, head(503, &[]));
    session.ended(at);
    let told = reason(&mut session);
    let (at, attempt) = next_attempt(&mut session);
    assert_eq!(attempt.attempt, 2);
    assert_eq!(attempt.error.as_ref().unwrap().status(), Some(503));
    assert_eq!(
        attempt.error.as_ref().unwrap().to_string(),
        told.to_string()
    );
    assert!(attempt.headers.is_empty());
    session.prepared(at, Ok(attempt));
    session.next_request(at).unwrap();
    session.response(
        at,
        head(200, &[("content-type", "text/event-stream".to_owned())]),
    );
    session.feed(at, "id: 7\ndata: x\n\n");
    session.failed(at, Failure::disconnected("gone"));
    reason(&mut session);
    let (_, attempt) = next_attempt(&mut session);
    assert_eq!(attempt.last_event_id, "7");
    assert_eq!(attempt.error.unwrap().kind(), ErrorKind::Disconnected);
}

#[test]
fn a_redirect_is_of_the_same_attempt_and_keeps_what_it_may() {
    let mut session = session(get());
    let (at, mut attempt) = next_attempt(&mut session);
    attempt.set_header("authorization", "Bearer t").unwrap();
    attempt.set_header("x-mine", "1").unwrap();
    session.prepared(at, Ok(attempt));
    session.next_request(at).unwrap();
    session.response(at, head(307, &[("location", "/moved".to_owned())]));
    assert!(session.next_attempt(at).is_none());
    let request = session.next_request(at).unwrap();
    assert_eq!(request.headers["authorization"], "Bearer t");
    session.response(
        at,
        head(307, &[("location", "http://elsewhere/".to_owned())]),
    );
    assert!(session.next_attempt(at).is_none());
    let request = session.next_request(at).unwrap();
    assert!(!request.headers.contains_key("authorization"));
    assert_eq!(request.headers["x-mine"], "1");
}

#[test]
fn an_error_is_an_attempt_that_failed_and_says_why() {
    let mut session = session(get());
    for number in 1..=3 {
        let (at, attempt) = next_attempt(&mut session);
        assert_eq!(attempt.attempt, number);
        session.prepared(at, Err(io::Error::other("no token to be had").into()));
        let told = reason(&mut session);
        assert_eq!((told.kind(), told.attempt()), (ErrorKind::Prepare, number));
        assert_eq!(told.kind().name(), "PrepareError");
        assert!(told.to_string().contains("no token to be had"), "{told}");
        assert!(
            session.wake_at().unwrap() > at,
            "it waits as the policy says"
        );
    }
}

#[test]
fn a_url_that_cannot_be_asked_is_an_attempt_that_failed() {
    let mut session = session(get());
    for url in ["nonsense", "ftp://example.com/"] {
        let (at, mut attempt) = next_attempt(&mut session);
        attempt.url = url.to_owned();
        session.prepared(at, Ok(attempt));
        assert!(session.next_request(at).is_none());
        assert_eq!(reason(&mut session).kind(), ErrorKind::Prepare);
    }
}

#[test]
fn no_answer_in_30_s_is_an_attempt_that_failed() {
    let mut session = session(get());
    let (at, attempt) = next_attempt(&mut session);
    // It was 20 s until the application had the question.
    session.asked(at + secs(20));
    session.tick(at + secs(49));
    assert!(session.is_preparing());
    assert_eq!(session.wake_at(), Some(at + secs(50)));
    session.tick(at + secs(50));
    let told = reason(&mut session);
    assert_eq!(told.kind(), ErrorKind::Prepare);
    assert!(told.to_string().contains("30s"), "{told}");
    // What comes too late is for nobody.
    session.prepared(at + secs(50), Ok(attempt));
    assert!(session.next_request(at + secs(50)).is_none());
    assert_eq!(next_attempt(&mut session).1.attempt, 2);
}

#[test]
fn a_failure_to_prepare_sends_nothing_so_a_body_may_still_go() {
    let options = get().method(Method::POST).body("{}");
    let mut session = session(options);
    let (at, _) = next_attempt(&mut session);
    session.prepared(at, Err("not yet".into()));
    reason(&mut session);
    let (at, attempt) = next_attempt(&mut session);
    session.prepared(at, Ok(attempt));
    assert!(session.next_request(at).unwrap().body.is_some());
    // Sent once: not again.
    session.failed(at, Failure::disconnected("gone"));
    let ends: Vec<_> = std::iter::from_fn(|| session.next_item()).collect();
    assert!(matches!(ends.last(), Some(Err(error)) if error.kind() == ErrorKind::Disconnected));
}

#[test]
fn a_body_that_was_put_in_is_not_sent_twice_either() {
    let mut session = session(get());
    let (at, mut attempt) = next_attempt(&mut session);
    attempt.body = Some(Bytes::from_static(b"{}"));
    session.prepared(at, Ok(attempt));
    session.next_request(at).unwrap();
    session.failed(at, Failure::disconnected("gone"));
    let ends: Vec<_> = std::iter::from_fn(|| session.next_item()).collect();
    assert!(matches!(ends.last(), Some(Err(_))), "{ends:?}");
}

#[test]
fn the_policy_bounds_attempts_that_cannot_be_prepared() {
    for options in [
        get().no_retry(),
        get().retry(RetryPolicy::new().attempts(0)),
    ] {
        let mut session = session(options);
        let (at, _) = next_attempt(&mut session);
        session.prepared(at, Err("never".into()));
        let ends: Vec<_> = std::iter::from_fn(|| session.next_item()).collect();
        assert!(matches!(ends.last(), Some(Err(error)) if error.kind() == ErrorKind::Prepare));
        assert!(session.is_finished());
    }
}

#[test]
fn a_restart_asks_anew_without_an_error_but_not_while_it_is_asked() {
    let mut session = session(get());
    let (at, attempt) = next_attempt(&mut session);
    session.restart(at);
    assert!(
        session.is_preparing(),
        "the attempt is about to be made already"
    );
    session.prepared(at, Ok(attempt));
    session.next_request(at).unwrap();
    session.failed(at, Failure::connect("refused"));
    reason(&mut session);
    session.restart(at);
    let attempt = session.next_attempt(at).unwrap();
    assert!(attempt.error.is_none());
    assert_eq!(attempt.attempt, 2, "it ends no streak of failures");
}

#[test]
fn a_close_while_it_is_asked_is_the_end() {
    let mut session = session(get());
    let (at, attempt) = next_attempt(&mut session);
    assert_eq!(session.state(), State::Connecting);
    session.close();
    session.prepared(at, Ok(attempt));
    assert!(session.is_finished() && session.next_request(at).is_none());
    assert_eq!(session.wake_at(), None);
}
