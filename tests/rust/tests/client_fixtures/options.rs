//! Options and items of the fixtures, in Rust.

use std::time::Duration;

use eventwire::{ConnectOptions, Error, Profile, RetryPolicy, StreamItem};
use serde_json::{Map, Value, json};

pub(crate) fn profile(name: &str) -> Profile {
    match name {
        "connect" => Profile::Connect,
        "event_source" => Profile::EventSource,
        other => panic!("{other:?} is no profile"),
    }
}

pub(crate) fn connect(options: &Map<String, Value>, profile: Profile) -> ConnectOptions {
    let mut built = ConnectOptions::new(text(&options["url"]))
        .comments(true)
        .profile(profile);
    for (name, value) in options {
        built = match name.as_str() {
            "url" => built,
            "method" => built.method(text(value).parse().unwrap()),
            "headers" => value
                .as_object()
                .unwrap()
                .iter()
                .fold(built, |built, (name, value)| {
                    built.header(name, text(value))
                }),
            "body" => built.body(text(value).to_owned()),
            "last_event_id" => built.last_event_id(text(value)),
            "retry" if value.is_null() => built.no_retry(),
            "retry" => built.retry(policy(value)),
            "connect_timeout" => built.connect_timeout(millis(value)),
            "idle_timeout" => built.idle_timeout(millis(value)),
            "event_timeout" => built.event_timeout(millis(value)),
            "max_line" => built.max_line(number(value)),
            "max_event" => built.max_event(number(value)),
            "follow_redirects" => built.follow_redirects(value.as_bool().unwrap()),
            other => panic!("there is no option {other}"),
        };
    }
    built
}

fn policy(value: &Value) -> RetryPolicy {
    let mut built = RetryPolicy::new();
    for (name, value) in value.as_object().unwrap() {
        built = match name.as_str() {
            "base" => built.base(millis(value)),
            "max" => built.max(millis(value)),
            "min" => built.min(millis(value)),
            "attempts" => built.attempts(u32::try_from(number(value)).unwrap()),
            "deadline" => built.deadline(millis(value)),
            "resend_body" => built.resend_body(value.as_bool().unwrap()),
            "stable_after" => built.stable_after(millis(value)),
            other => panic!("there is no {other} in a policy"),
        };
    }
    built
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn millis(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap())
}

pub(crate) fn item(item: &StreamItem) -> Value {
    match item {
        StreamItem::Opened(opened) => json!({"opened": opened.status, "url": opened.url}),
        StreamItem::Event(event) => {
            json!({"event": event.event(), "data": event.data(), "id": event.id()})
        }
        StreamItem::Comment(text) => json!({"comment": text}),
        StreamItem::Reset(reset) => json!({
            "reset": reset.reason,
            "requested": reset.requested,
            "first": reset.first,
            "id": reset.id,
        }),
        StreamItem::Reconnecting(again) => json!({
            "reconnecting": error(&again.reason),
            "attempt": again.attempt,
            "delay": again.delay.as_secs_f64() * 1000.0,
        }),
        StreamItem::Closed(closed) => json!({
            "closed": closed.reason.name(),
            "error": closed.error.as_ref().map(error),
        }),
        other => panic!("{other:?} is new"),
    }
}

pub(crate) fn error(error: &Error) -> Value {
    let decode = error.decode_error();
    json!({
        "kind": error.kind().name(),
        "message": error.to_string(),
        "status": error.status(),
        "attempt": error.attempt(),
        "clock": error.clock().map(|clock| clock.name()),
        "retry_after": error.retry_after().map(|after| after.as_secs_f64() * 1000.0),
        "body": String::from_utf8_lossy(error.body()),
        "limit": decode.map(|decode| decode.limit().name()),
        "max": decode.map(|decode| decode.max()),
    })
}
