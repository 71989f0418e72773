//! What a request carries.

use eventwire_client::session::Session;
use eventwire_client::{ConnectOptions, ErrorKind};

use crate::script::*;

#[test]
fn every_request_asks_for_an_event_stream_past_all_caches() {
    let run = run(get(), secs(60), [stream().end(), stream()]);
    assert_eq!(run.requests.len(), 2);
    for (_, request) in &run.requests {
        assert_eq!(request.method, http::Method::GET);
        assert_eq!(request.headers["accept"], "text/event-stream");
        assert_eq!(request.headers["cache-control"], "no-cache");
        assert!(request.body.is_none());
    }
}

#[test]
fn given_headers_are_sent_each_time_and_win_over_the_defaults() {
    let options = get()
        .header("Authorization", "Bearer x")
        .header("accept", "text/event-stream, text/plain");
    let run = run(options, secs(60), [stream().end(), stream()]);
    for (_, request) in &run.requests {
        assert_eq!(request.headers["authorization"], "Bearer x");
        assert_eq!(request.headers["accept"], "text/event-stream, text/plain");
    }
}

#[test]
fn what_carries_secrets_is_not_printed() {
    let url = "http://user:hunter2@example.com/events";
    let options =
        eventwire_client::ConnectOptions::new(url).header("authorization", "Bearer hunter2");
    assert!(!format!("{options:?}").contains("hunter2"));
    let map = http::HeaderMap::from_iter([(http::header::COOKIE, "a=hunter2".parse().unwrap())]);
    let as_map = options.clone().headers(map);
    assert!(!format!("{as_map:?}").contains("hunter2"));
    let run = run(options, secs(1), [status(403).end()]);
    assert!(!format!("{:?}", run.requests).contains("hunter2"));
    assert!(!format!("{:?} {}", run.error(), run.error()).contains("hunter2"));
    assert_eq!(run.error().url(), Some("http://example.com/events"));
}

#[test]
fn the_idle_stream_of_a_session_without_clocks_wakes_never() {
    let mut session = eventwire_client::session::Session::new(get()).unwrap();
    assert!(session.next_request(secs(0)).is_some());
    assert_eq!(session.wake_at(), None);
    assert!(
        session.next_request(secs(9)).is_none(),
        "one request at a time"
    );
}

#[test]
fn a_body_in_json_has_its_type_and_parameters_come_behind_those_of_the_url() {
    let options = ConnectOptions::new("http://example.com/events?a=1")
        .method(http::Method::POST)
        .query("topic", "orders/eu & more")
        .json(&serde_json::json!({ "stream": true }));
    let mut session = Session::with_seed(options.clone(), 1).unwrap();
    let request = session.next_request(secs(0)).unwrap();
    assert_eq!(
        request.url.as_str(),
        "http://example.com/events?a=1&topic=orders%2Feu+%26+more"
    );
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.body.as_deref(), Some(&br#"{"stream":true}"#[..]));

    let of_ones_own = options.header("content-type", "application/vnd.api+json");
    let no_json = std::collections::HashMap::from([((), 1)]);
    let error = of_ones_own.json(&no_json).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}

#[test]
fn a_method_goes_in_upper_case() {
    let method = http::Method::from_bytes(b"post").unwrap();
    let mut session = Session::new(get().method(method)).unwrap();
    assert_eq!(
        session.next_request(secs(0)).unwrap().method,
        http::Method::POST
    );
}

#[test]
fn of_authorization_there_is_one_the_last() {
    for (options, sent) in [
        (
            get().header("Authorization", "a").basic_auth("b", "c"),
            "Basic Yjpj",
        ),
        (get().basic_auth("b", "c").header("authorization", "a"), "a"),
        (
            get()
                .header("authorization", "a")
                .header("authorization", "b"),
            "b",
        ),
    ] {
        let request = Session::new(options)
            .unwrap()
            .next_request(secs(0))
            .unwrap();
        let values = request.headers.get_all("authorization");
        assert_eq!(values.iter().collect::<Vec<_>>(), [sent]);
    }
}

#[test]
fn what_is_zero_is_refused_with_what_to_give() {
    let zero = std::time::Duration::ZERO;
    for (options, name) in [
        (get().connect_timeout(zero), "connect_timeout is 0"),
        (get().idle_timeout(zero), "idle_timeout is 0"),
        (get().event_timeout(zero), "event_timeout is 0"),
        (get().max_line(0), "max_line is 0"),
        (get().max_event(0), "max_event is 0"),
    ] {
        let error = options.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.to_string().contains(": "), "{error}");
    }
}

#[test]
fn a_larger_event_may_be_of_one_line() {
    let line = 20 * 1024 * 1024;
    let large = format!("data: {}\n\n", "x".repeat(line));
    let larger = get().max_event(2 * line).no_retry();
    let run = run(larger.clone(), secs(60), [stream().send(&large)]);
    assert_eq!(run.told().len(), 2, "opened, and an event");
    let limited = larger.max_line(line);
    let run = crate::script::run(limited, secs(60), [stream().send(&large)]);
    assert_eq!(run.told(), ["open", "closed failed", "error Decode"]);
}
