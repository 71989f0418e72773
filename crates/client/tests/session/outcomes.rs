//! How a connection can end, and what comes of it.

use eventwire_client::{Clock, CloseReason, ErrorKind, RetryPolicy};

use crate::script::*;

#[test]
fn a_clean_end_reconnects() {
    let run = run(
        get(),
        secs(60),
        [
            stream().send("data: a\n\n").end(),
            stream().send("data: b\n\n"),
        ],
    );
    assert_eq!(
        run.told(),
        ["open", "event a", "again Ended", "open", "event b"]
    );
}

#[test]
fn a_clean_end_without_a_policy_is_the_end() {
    let run = run(
        get().no_retry(),
        secs(60),
        [stream().send("data: a\n\n").end()],
    );
    assert_eq!(run.told(), ["open", "event a", "closed ended"]);
    assert_eq!(run.requests.len(), 1);
}

#[test]
fn a_break_without_a_policy_is_an_error() {
    let run = run(
        get().no_retry(),
        secs(60),
        [stream().send("data: a\n\ndata: half").reset()],
    );
    assert_eq!(
        run.told(),
        ["open", "event a", "closed failed", "error Disconnected"]
    );
}

#[test]
fn a_reset_inside_an_event_drops_that_event_and_reconnects() {
    let answers = [
        stream().send("data: a\n\ndata: hal").reset(),
        stream().send("data: b\n\n"),
    ];
    let run = run(get(), secs(60), answers);
    assert_eq!(
        run.told(),
        ["open", "event a", "again Disconnected", "open", "event b"]
    );
}

#[test]
fn a_refused_connection_is_tried_again() {
    let run = run(get(), secs(60), [refused(), refused(), stream()]);
    assert_eq!(run.told(), ["again Connect", "again Connect", "open"]);
    assert!(
        run.reconnects()[0]
            .reason
            .to_string()
            .contains("http://example.com/events")
    );
}

#[test]
fn a_connection_that_takes_too_long_is_tried_again() {
    let run = run(get(), secs(60), [connect_timeout(secs(10)), stream()]);
    assert_eq!(run.told(), ["again Timeout(Connect)", "open"]);
    assert_eq!(run.reconnects()[0].reason.clock(), Some(Clock::Connect));
}

#[test]
fn a_break_before_the_head_is_tried_again() {
    let run = run(get(), secs(60), [broken(), stream()]);
    assert_eq!(run.told(), ["again Disconnected", "open"]);
}

#[test]
fn no_content_ends_it_without_an_error() {
    let run = run(get(), secs(60), [status(204)]);
    assert_eq!(run.told(), ["closed no_content"]);
    assert_eq!(run.requests.len(), 1);
}

#[test]
fn not_found_is_an_error_at_once_with_all_that_is_known() {
    let answer = status(404)
        .with("x-why", "gone")
        .send(format!("no such stream\n{}", "x".repeat(5000)));
    let run = run(get(), secs(60), [answer]);
    assert_eq!(run.told(), ["closed failed", "error Status"]);
    let error = run.error();
    assert_eq!(error.status(), Some(404));
    assert_eq!(error.headers()["x-why"], "gone");
    assert_eq!(error.url(), Some("http://example.com/events"));
    assert_eq!(error.attempt(), 1);
    assert_eq!(error.body().len(), 1024);
    assert!(error.body().starts_with(b"no such stream\n"));
    let text = error.to_string();
    assert!(
        text.contains("404") && text.contains("no such stream"),
        "{text}"
    );
}

#[test]
fn an_errors_body_that_never_comes_does_not_hold_the_error_back_for_long() {
    let run = run(get(), secs(60), [status(404).send("half")]);
    assert_eq!(run.told(), ["closed failed", "error Status"]);
    assert_eq!(run.error().body().as_ref(), b"half");
    assert!(run.items[0].0 < secs(5));
}

#[test]
fn too_many_requests_waits_as_long_as_asked() {
    let answers = [status(429).with("retry-after", "77").end(), stream()];
    let run = run(get(), secs(600), answers);
    assert_eq!(run.told(), ["again Status", "open"]);
    assert_eq!(run.reconnects()[0].delay, secs(77));
    assert_eq!(run.reconnects()[0].reason.retry_after(), Some(secs(77)));
    assert!(run.requests[1].0 >= secs(77));
}

#[test]
fn unavailable_is_tried_again() {
    for code in [408, 425, 429, 500, 502, 503, 504] {
        let run = run(get(), secs(60), [status(code).send("busy").end(), stream()]);
        assert_eq!(run.told(), ["again Status", "open"], "{code}");
        assert_eq!(run.reconnects()[0].reason.status(), Some(code));
        assert_eq!(run.reconnects()[0].reason.body().as_ref(), b"busy");
    }
}

#[test]
fn a_wrong_content_type_is_an_error_at_once() {
    let run = run(
        get(),
        secs(60),
        [status(200).with("content-type", "text/html").send("<html>")],
    );
    assert_eq!(run.told(), ["closed failed", "error ContentType"]);
    assert!(run.error().to_string().contains("text/html"));
    assert_eq!(run.error().status(), Some(200));
}

#[test]
fn an_endless_line_is_an_error_at_once() {
    let run = run(
        get().max_line(1000),
        secs(60),
        [stream().send("data: a\n\n").send("x".repeat(2000))],
    );
    assert_eq!(
        run.told(),
        ["open", "event a", "closed failed", "error Decode"]
    );
    let limit = run.error().decode_error().expect("the limit is told");
    assert_eq!(limit.max(), 1000);
    assert!(
        run.error().to_string().contains("max_line"),
        "{}",
        run.error()
    );
}

#[test]
fn an_event_that_is_too_large_is_an_error_at_once() {
    let lines = format!("data: {}\n", "x".repeat(90)).repeat(20);
    let run = run(get().max_event(1000), secs(60), [stream().send(lines)]);
    assert_eq!(run.told(), ["open", "closed failed", "error Decode"]);
}

#[test]
fn a_body_is_not_sent_twice() {
    let post = || get().method(http::Method::POST).body("{}");
    let ended = run(post(), secs(60), [stream().send("data: a\n\n").end()]);
    assert_eq!(ended.told(), ["open", "event a", "closed ended"]);
    let cut = run(post(), secs(60), [stream().send("data: a\n\n").reset()]);
    assert_eq!(
        cut.told(),
        ["open", "event a", "closed failed", "error Disconnected"]
    );
    let busy = run(post(), secs(60), [status(503).end()]);
    assert_eq!(busy.told(), ["closed failed", "error Status"]);
    assert_eq!(busy.close_reason(), Some(CloseReason::Failed));
    for run in [ended, cut, busy] {
        assert_eq!(run.requests.len(), 1);
        assert_eq!(run.requests[0].1.body.as_deref(), Some(&b"{}"[..]));
    }
}

#[test]
fn a_body_that_was_certainly_not_sent_may_be_sent() {
    let run = run(
        get().method(http::Method::POST).body("{}"),
        secs(60),
        [refused(), stream()],
    );
    assert_eq!(run.told(), ["again Connect", "open"]);
}

#[test]
fn a_body_is_sent_again_where_that_is_allowed() {
    let options = get()
        .method(http::Method::POST)
        .body("{}")
        .retry(RetryPolicy::new().resend_body(true));
    let run = run(
        options,
        secs(60),
        [stream().end(), stream().reset(), stream()],
    );
    assert_eq!(
        run.told(),
        ["open", "again Ended", "open", "again Disconnected", "open"]
    );
    assert!(
        run.requests
            .iter()
            .all(|(_, request)| request.body.is_some())
    );
}

#[test]
fn a_chunk_of_any_size_comes_out_whole() {
    let body: String = (0..20_000).map(|n| format!("data: {n}\n\n")).collect();
    let run = run(get().no_retry(), secs(60), [stream().send(body).end()]);
    let told = run.told();
    assert_eq!(told.len(), 20_002);
    assert_eq!(told[20_000], "event 19999");
    assert_eq!(told[20_001], "closed ended");
}

#[test]
fn a_reset_of_a_hub_is_an_item_of_its_own() {
    let data = r#"{"requested":"x-9","reason":"epoch","first":"y-1"}"#;
    let frame = format!("event: eventwire.reset\nid: y-0\ndata: {data}\n\nid: y-1\ndata: a\n\n");
    let run = run(get(), secs(60), [stream().send(frame)]);
    assert_eq!(run.told(), ["open", "reset epoch", "event a"]);
    let Ok(eventwire_client::StreamItem::Reset(reset)) = &run.items[1].1 else {
        panic!()
    };
    assert_eq!(
        (
            reset.requested.as_str(),
            reset.first.as_str(),
            reset.id.as_str()
        ),
        ("x-9", "y-1", "y-0")
    );
    assert_eq!(reset.event().data(), data);
}

#[test]
fn what_only_looks_like_a_reset_is_an_event() {
    let run = run(
        get(),
        secs(60),
        [stream().send("event: eventwire.reset\ndata: nonsense\n\n")],
    );
    assert_eq!(run.told(), ["open", "event nonsense"]);
}

#[test]
fn comments_come_where_they_are_wanted() {
    let body = ": one\ndata: a\n\n: two\n";
    let with = run(get().comments(true), secs(60), [stream().send(body)]);
    assert_eq!(
        with.told(),
        ["open", "comment one", "event a", "comment two"]
    );
    let without = run(get(), secs(60), [stream().send(body)]);
    assert_eq!(without.told(), ["open", "event a"]);
}

#[test]
fn after_close_nothing_is_delivered() {
    let mut session = eventwire_client::session::Session::new(get()).unwrap();
    session.next_request(secs(0)).unwrap();
    session.response(
        secs(0),
        head(200, &[("content-type", "text/event-stream".to_owned())]),
    );
    session.feed(secs(0), "data: a\n\ndata: b\n\n");
    assert!(session.next_item().is_some());
    session.close();
    assert!(session.next_item().is_none() && session.is_finished());
    session.feed(secs(1), "data: c\n\n");
    session.tick(secs(100));
    assert!(session.next_item().is_none() && session.next_request(secs(100)).is_none());
}

#[test]
fn wrong_options_are_told_before_anything_is_sent() {
    use eventwire_client::ConnectOptions;
    let kind = |options: ConnectOptions| options.open().unwrap_err().kind();
    assert_eq!(kind(ConnectOptions::new("no url")), ErrorKind::InvalidUrl);
    assert_eq!(
        kind(ConnectOptions::new("ftp://example.com/")),
        ErrorKind::InvalidUrl
    );
    assert_eq!(kind(ConnectOptions::new("http://")), ErrorKind::InvalidUrl);
    assert_eq!(kind(get().header("a b", "c")), ErrorKind::InvalidOption);
    assert_eq!(
        kind(get().header("a", "b\r\nc: d")),
        ErrorKind::InvalidOption
    );
    assert_eq!(kind(get().last_event_id("a\nb")), ErrorKind::InvalidOption);
}

#[test]
fn comments_are_given_out_at_the_end_of_their_line() {
    let answer = stream().send(": no blank line follows\n");
    let run = run(get().comments(true), secs(1), [answer]);
    assert_eq!(run.told(), ["open", "comment no blank line follows"]);
}
