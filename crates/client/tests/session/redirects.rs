//! Redirects are the session's, not the transport's.

use eventwire_client::ConnectOptions;
use http::Method;

use crate::script::*;

fn to(status_code: u16, location: &str) -> Answer {
    status(status_code).with("location", location)
}

#[test]
fn all_five_are_followed_and_location_may_be_relative() {
    for code in [301, 302, 303, 307, 308] {
        let run = run(
            get().last_event_id("4"),
            secs(60),
            [to(code, "../other?a=b"), stream()],
        );
        assert_eq!(run.told(), ["open"], "{code}");
        assert_eq!(
            run.requests[1].1.url.as_str(),
            "http://example.com/other?a=b"
        );
        assert_eq!(run.requests[1].1.headers["last-event-id"], "4");
        let Ok(eventwire_client::StreamItem::Opened(opened)) = &run.items[0].1 else {
            panic!()
        };
        assert_eq!(opened.url, "http://example.com/other?a=b");
    }
}

#[test]
fn a_reconnect_begins_at_the_first_address_again() {
    let run = run(get(), secs(60), [to(308, "/b"), stream().end(), silence()]);
    let urls: Vec<_> = run
        .requests
        .iter()
        .map(|(_, request)| request.url.path().to_owned())
        .collect();
    assert_eq!(urls, ["/events", "/b", "/events"]);
}

#[test]
fn a_location_that_is_missing_empty_or_no_url_is_an_error() {
    for answer in [status(301), to(307, ""), to(302, "http://[")] {
        let run = run(get(), secs(60), [answer]);
        assert_eq!(run.told(), ["closed failed", "error Status"]);
        assert!(
            run.error().to_string().contains("redirects"),
            "{}",
            run.error()
        );
    }
}

#[test]
fn never_from_https_to_http_nor_to_another_scheme() {
    let https = || ConnectOptions::new("https://example.com/events");
    for location in [
        "http://example.com/events",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:text/event-stream,",
    ] {
        let run = run(https(), secs(60), [to(302, location)]);
        assert_eq!(run.told(), ["closed failed", "error Status"], "{location}");
        assert_eq!(run.requests.len(), 1);
    }
    let up = run(
        get(),
        secs(60),
        [to(302, "https://example.com/events"), stream()],
    );
    assert_eq!(up.told(), ["open"]);
}

#[test]
fn an_endless_chain_ends() {
    let run = run(
        get(),
        secs(60),
        std::iter::repeat_with(|| to(302, "/again")),
    );
    assert_eq!(run.told(), ["closed failed", "error Status"]);
    assert_eq!(run.requests.len(), 21);
}

#[test]
fn secrets_stay_with_their_origin() {
    let options = || {
        get()
            .header("Authorization", "Bearer x")
            .header("cookie", "a=b")
            .header("x-own", "kept")
    };
    let same = run(options(), secs(60), [to(302, "/b"), stream()]);
    assert_eq!(same.requests[1].1.headers["authorization"], "Bearer x");
    for elsewhere in [
        "http://example.org/events",
        "https://example.com/events",
        "http://example.com:81/events",
    ] {
        // And they do not come back when the chain returns to where it began.
        let answers = [
            to(302, elsewhere),
            to(302, "https://example.com/back"),
            stream(),
        ];
        let run = run(options(), secs(60), answers);
        assert_eq!(run.told(), ["open"], "{elsewhere}");
        for (_, request) in &run.requests[1..] {
            assert!(
                !request.headers.contains_key("authorization")
                    && !request.headers.contains_key("cookie")
            );
            assert_eq!(request.headers["x-own"], "kept");
        }
    }
}

#[test]
fn a_body_survives_only_the_redirects_that_keep_the_method() {
    let post = || {
        get()
            .method(Method::POST)
            .header("content-type", "application/json")
            .body("{}")
    };
    for code in [301, 302, 303] {
        let run = run(post(), secs(60), [to(code, "/b"), stream()]);
        let request = &run.requests[1].1;
        assert_eq!(
            (&request.method, &request.body),
            (&Method::GET, &None),
            "{code}"
        );
        assert!(!request.headers.contains_key("content-type"));
    }
    for code in [307, 308] {
        let run = run(post(), secs(60), [to(code, "/b"), stream()]);
        let request = &run.requests[1].1;
        assert_eq!(request.method, Method::POST, "{code}");
        assert_eq!(request.body.as_deref(), Some(&b"{}"[..]));
        assert_eq!(request.headers["content-type"], "application/json");
    }
}

#[test]
fn they_can_be_switched_off() {
    let run = run(get().follow_redirects(false), secs(60), [to(302, "/b")]);
    assert_eq!(run.told(), ["closed failed", "error Status"]);
    assert_eq!(run.error().status(), Some(302));
}
