//! The WHATWG rules.

use eventwire_client::{ConnectOptions, Profile, RetryPolicy};

use crate::script::*;

fn event_source() -> ConnectOptions {
    get().profile(Profile::EventSource)
}

#[test]
fn lost_connections_and_clean_ends_reconnect() {
    let answers = [
        refused(),
        broken(),
        stream().reset(),
        stream().end(),
        stream(),
    ];
    let run = run(event_source(), secs(600), answers);
    assert_eq!(
        run.told(),
        [
            "again Connect",
            "again Disconnected",
            "open",
            "again Disconnected",
            "open",
            "again Ended",
            "open"
        ]
    );
}

#[test]
fn any_status_but_200_fails_for_good() {
    for code in [201, 204, 205, 400, 404, 408, 429, 500, 503] {
        let run = run(
            event_source(),
            secs(60),
            [status(code).with("retry-after", "1").end()],
        );
        assert_eq!(run.told(), ["closed failed", "error Status"], "{code}");
        assert_eq!(run.error().status(), Some(code));
    }
}

#[test]
fn a_wrong_content_type_fails_for_good() {
    let run = run(
        event_source(),
        secs(60),
        [status(200).with("content-type", "text/plain")],
    );
    assert_eq!(run.told(), ["closed failed", "error ContentType"]);
}

#[test]
fn the_reconnection_time_is_never_cut_short() {
    let run = run(
        event_source(),
        secs(600),
        [stream().send("retry: 60000\ndata: a\n\n").end(), stream()],
    );
    assert_eq!(run.reconnects()[0].delay, secs(60));
    assert!(run.requests[1].0 >= secs(60));
}

#[test]
fn it_is_never_under_half_a_second() {
    let run = run(
        event_source(),
        secs(600),
        [stream().send("retry: 0\ndata: a\n\n").end(), stream()],
    );
    assert_eq!(run.reconnects()[0].delay, millis(500));
}

#[test]
fn only_failures_make_it_wait_longer() {
    let polled = || stream().send("retry: 2000\ndata: a\n\n").end();
    let run_polled = run(event_source(), secs(60), std::iter::repeat_with(polled));
    assert!(
        run_polled
            .reconnects()
            .iter()
            .all(|again| again.delay == secs(2) && again.attempt == 1)
    );
    let run_refused = run(event_source(), secs(600), std::iter::repeat_with(refused));
    assert!(
        run_refused
            .reconnects()
            .iter()
            .any(|again| again.delay > secs(4))
    );
}

#[test]
fn a_policy_can_still_bound_it() {
    let options = event_source().retry(RetryPolicy::new().attempts(1));
    let run = run(options, secs(600), [refused(), refused()]);
    assert_eq!(
        run.told(),
        ["again Connect", "closed gave_up", "error Connect"]
    );
}
