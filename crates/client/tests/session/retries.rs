//! How often, how long, and until when.

use std::iter::repeat_with;

use eventwire_client::session::Session;
use eventwire_client::{CloseReason, ErrorKind, Profile, RetryPolicy};

use crate::script::*;

/// The requests in ten seconds to a server that answers each as `answer` says, for many seeds.
fn most_requests(profile: Profile, answer: impl Fn() -> Answer) -> usize {
    let requests = |seed| {
        let session = Session::with_seed(get().profile(profile), seed).unwrap();
        run_with(session, secs(10), |_| answer()).requests.len()
    };
    (0..50).map(requests).max().unwrap()
}

#[test]
fn no_server_makes_a_request_storm() {
    for profile in [Profile::Connect, Profile::EventSource] {
        for body in [
            "retry: 0\n\n",
            "retry: 99999999999\n\n",
            "",
            "data: a\n\n",
            "retry: 0\ndata: a\n\n",
        ] {
            let most = most_requests(profile, || stream().send(body).end());
            assert!(most <= 20, "{profile:?} {body:?}: {most} requests");
        }
        let most = most_requests(profile, refused);
        assert!(most <= 20, "{profile:?} refused: {most} requests");
    }
}

#[test]
fn a_retry_beyond_measure_is_clamped() {
    let run = run(
        get(),
        secs(100),
        [stream().send("retry: 99999999999\n\n").end(), stream()],
    );
    assert_eq!(run.requests.len(), 2);
    assert!(run.requests[1].0 <= secs(31));
}

#[test]
fn the_servers_retry_sets_the_base() {
    for seed in 0..50 {
        let session = Session::with_seed(get(), seed).unwrap();
        let mut answers = [stream().send("retry: 8000\n").end(), stream()].into_iter();
        let run = run_with(session, secs(100), |_| {
            answers.next().unwrap_or_else(silence)
        });
        assert!(run.reconnects()[0].delay <= secs(8));
        if run.reconnects()[0].delay > secs(1) {
            return;
        }
    }
    panic!("never more than the default base");
}

#[test]
fn the_waits_begin_anew_only_after_a_stable_connection_with_an_event() {
    let attempts = |answer: fn() -> Answer| {
        let session = Session::with_seed(get(), 3).unwrap();
        let run = run_with(session, secs(300), |_| answer());
        run.reconnects()
            .iter()
            .map(|again| again.attempt)
            .take(4)
            .collect::<Vec<_>>()
    };
    let stable = || stream().send("data: a\n\n").end_after(secs(11));
    assert_eq!(attempts(stable), [1, 1, 1, 1]);
    let short = || stream().send("data: a\n\n").end_after(secs(9));
    assert_eq!(attempts(short), [1, 2, 3, 4]);
    let mute = || stream().send(": only a comment\n\n").end_after(secs(11));
    assert_eq!(attempts(mute), [1, 2, 3, 4]);
}

#[test]
fn attempts_run_out_with_the_last_error() {
    let options = get().retry(RetryPolicy::new().attempts(3));
    let run = run(options, secs(600), repeat_with(refused));
    assert_eq!(run.requests.len(), 4);
    assert_eq!(
        run.told(),
        [
            "again Connect",
            "again Connect",
            "again Connect",
            "closed gave_up",
            "error Connect"
        ]
    );
    assert_eq!(run.error().attempt(), 4);
}

#[test]
fn attempts_run_out_on_clean_ends_too() {
    let options = get().retry(RetryPolicy::new().attempts(2));
    let run = run(options, secs(600), repeat_with(|| stream().end()));
    assert_eq!(run.requests.len(), 3);
    assert_eq!(run.error_kind(), ErrorKind::Ended);
    assert_eq!(run.close_reason(), Some(CloseReason::GaveUp));
}

#[test]
fn the_deadline_counts_from_the_first_failure() {
    let options = get().retry(RetryPolicy::new().deadline(secs(20)));
    let stable = stream().send("data: a\n\n").end_after(secs(1000));
    let answers = std::iter::once(stable).chain(repeat_with(refused));
    let run = run(options, secs(5000), answers);
    assert_eq!(run.close_reason(), Some(CloseReason::GaveUp));
    let last = run.requests.last().unwrap().0;
    assert!(last > secs(1000) && last <= secs(1021), "{last:?}");
    assert!(run.requests.len() > 2);
}

#[test]
fn retry_after_wins_over_a_shorter_wait_only() {
    let run = run(
        get(),
        secs(600),
        [status(503).with("retry-after", "0").end(), stream()],
    );
    assert!(run.reconnects()[0].delay >= millis(500));
}

#[test]
fn retry_after_beyond_the_deadline_gives_up_at_once() {
    let options = get().retry(RetryPolicy::new().deadline(secs(20)));
    let run = run(
        options,
        secs(600),
        [status(503).with("retry-after", "3600").end()],
    );
    assert_eq!(run.told(), ["closed gave_up", "error Status"]);
    assert_eq!(run.error().retry_after(), Some(secs(3600)));
}

#[test]
fn a_base_of_nothing_reconnects_at_once() {
    let policy = RetryPolicy::new().base(secs(0)).min(secs(0));
    let run = run(get().retry(policy), secs(1), [stream().end(), stream()]);
    assert_eq!(run.reconnects()[0].delay, secs(0));
    assert_eq!(run.requests.len(), 2);
}
