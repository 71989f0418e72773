//! The two clocks of an open connection, and that they count only the time in which somebody reads.

use eventwire_client::session::Session;
use eventwire_client::{Clock, RetryPolicy};

use crate::script::*;

#[test]
fn a_half_open_peer_is_noticed() {
    let run = run(
        get().idle_timeout(secs(30)),
        secs(40),
        [stream().send("data: a\n\n"), stream()],
    );
    assert_eq!(
        run.told(),
        ["open", "event a", "again Timeout(Idle)", "open"]
    );
    assert_eq!(run.items[2].0, secs(30) + millis(1));
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_noticed() {
    let run = run(
        get().idle_timeout(secs(30)),
        secs(40),
        [silence(), stream()],
    );
    assert_eq!(run.told(), ["again Timeout(Idle)", "open"]);
}

#[test]
fn any_byte_keeps_the_connection() {
    let mut answer = stream();
    for _ in 0..50 {
        answer = answer.send_after(secs(29), ":\n");
    }
    let run = run(get().idle_timeout(secs(30)), secs(29 * 50), [answer]);
    assert_eq!(run.told(), ["open"]);
}

#[test]
fn a_stalled_producer_behind_heartbeats_is_noticed() {
    let mut answer = stream().send("data: a\n\n");
    for _ in 0..50 {
        answer = answer.send_after(secs(10), ":\n\n");
    }
    let options = get().idle_timeout(secs(30)).event_timeout(secs(60));
    let run = run(options, secs(70), [answer, stream()]);
    assert_eq!(
        run.told(),
        ["open", "event a", "again Timeout(Event)", "open"]
    );
    assert_eq!(run.reconnects()[0].reason.clock(), Some(Clock::Event));
}

#[test]
fn one_byte_a_second_still_makes_an_event() {
    let mut answer = stream();
    for byte in "data: slow\n\n".chars() {
        answer = answer.send_after(secs(1), byte.to_string());
    }
    let run = run(get().idle_timeout(secs(2)).no_retry(), secs(13), [answer]);
    assert_eq!(run.told(), ["open", "event slow"]);
}

#[test]
fn a_clock_without_a_policy_is_an_error() {
    let run = run(get().no_retry().idle_timeout(secs(3)), secs(40), [stream()]);
    assert_eq!(run.told(), ["open", "closed failed", "error Timeout(Idle)"]);
    assert!(run.error().is_timeout());
    assert!(run.error().to_string().contains("idle_timeout"));
}

#[test]
fn a_slow_consumer_is_no_dead_server() {
    let mut session = Session::new(get().idle_timeout(secs(5)).event_timeout(secs(5))).unwrap();
    session.next_request(secs(0)).unwrap();
    session.response(
        secs(1),
        head(200, &[("content-type", "text/event-stream".to_owned())]),
    );
    assert!(session.next_item().is_some());
    session.skip(secs(100));
    session.tick(secs(101));
    assert!(session.next_item().is_none());
    assert_eq!(session.wake_at(), Some(secs(106)));
    session.tick(secs(106));
    assert!(session.next_item().is_some());
}

#[test]
fn the_deadline_gives_up_an_attempt_that_gets_no_answer() {
    let policy = RetryPolicy::new().deadline(secs(5)).attempts(1);
    let first = run(get().retry(policy.clone()), secs(60), [silence()]);
    assert_eq!(first.told(), ["closed gave_up", "error Timeout(Deadline)"]);
    assert_eq!(first.items[0].0, secs(5));
    // Redirects are of the same attempt, and what failed before is of the same streak.
    let policy = policy.min(secs(1)).base(secs(1));
    let moved = status(302).with("location", "/elsewhere");
    let later = run(get().retry(policy), secs(60), [refused(), moved, silence()]);
    assert_eq!(
        later.told(),
        ["again Connect", "closed gave_up", "error Timeout(Deadline)"]
    );
    assert_eq!(later.items[1].0, secs(5) + millis(1));
}

#[test]
fn the_deadline_does_not_count_while_nobody_reads() {
    let policy = RetryPolicy::new().deadline(secs(5));
    let mut session = Session::new(get().retry(policy)).unwrap();
    session.next_request(secs(0)).unwrap();
    session.skip(secs(60));
    session.tick(secs(64));
    assert!(session.next_item().is_none());
    assert_eq!(session.wake_at(), Some(secs(65)));
    session.tick(secs(65));
    assert!(session.next_item().is_some());
}
