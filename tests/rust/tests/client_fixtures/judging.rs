//! The comparison finds what is wrong: else all the runners would pass whatever they tell.

use eventwire_tests::client_fixtures::{Asked, Filled, Told, all, judge};
use serde_json::{Value, json};

use crate::session::addresses;

/// A case with a reconnect, what a client tells of it, and what it asks.
fn good() -> (Filled, Told, Vec<Asked>) {
    let cases = all().unwrap();
    let case = cases
        .iter()
        .find(|case| case.name == "the next request goes on after the last event");
    let told = json!({
        "items": [
            {"opened": 200},
            {"event": "message", "data": "a", "id": "1"},
            {"event": "message", "data": "b", "id": "2"},
            {"reconnecting": {"kind": "ConnectError"}, "attempt": 1, "delay": 3.5},
            {"opened": 200},
            {"event": "message", "data": "c", "id": "3"},
        ],
        "error": null,
        "ended": false,
        "last_event_id": "3",
    });
    let asked = |id: Option<&str>| {
        let mut headers = vec![
            ("accept", "text/event-stream"),
            ("cache-control", "no-cache"),
        ];
        headers.extend(id.map(|id| ("last-event-id", id)));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Asked {
            at: None,
            method: "GET".into(),
            url: "http://origin.test/events".into(),
            headers: headers.into_iter().map(owned).collect(),
            body: String::new(),
        }
    };
    (
        case.unwrap().at(&addresses()).unwrap(),
        serde_json::from_value(told).unwrap(),
        vec![asked(None), asked(Some("2"))],
    )
}

/// What it says of this with one thing changed.
fn wrong(change: impl FnOnce(&mut Told, &mut Vec<Asked>)) -> String {
    let (case, mut told, mut asked) = good();
    change(&mut told, &mut asked);
    judge("rust", &case, &told, &asked).unwrap_err().to_string()
}

#[test]
fn what_is_right_passes() {
    let (case, told, asked) = good();
    judge("rust", &case, &told, &asked).unwrap();
}

#[test]
fn every_item_counts() {
    let text = wrong(|told, _| told.items.truncate(5));
    assert!(text.starts_with("item 5 is missing"), "{text}");
    let text = wrong(|told, _| told.items[2]["id"] = json!("1"));
    assert!(text.contains("id is \"1\", not \"2\""), "{text}");
    let text = wrong(|told, _| told.items[1]["event"] = json!("tick"));
    assert!(text.contains("event is \"tick\""), "{text}");
    let text = wrong(|told, _| told.items[3]["reconnecting"]["kind"] = json!("StatusError"));
    assert!(text.contains("kind is \"StatusError\""), "{text}");
    let text = wrong(|told, _| told.items.push(json!({"comment": ""})));
    assert!(text.starts_with("there are more items"), "{text}");
}

#[test]
fn the_end_counts() {
    let text = wrong(|told, _| told.ended = true);
    assert!(text.starts_with("the stream has ended"), "{text}");
    let text = wrong(|told, _| told.error = Some(json!({"kind": "ConnectError"})));
    assert!(text.starts_with("the stream failed"), "{text}");
    let text = wrong(|told, _| told.last_event_id = Some("2".into()));
    assert!(text.starts_with("the last event ID is"), "{text}");
}

#[test]
fn every_request_counts() {
    let text = wrong(|_, asked| asked.truncate(1));
    assert!(text.starts_with("request 1 was not made"), "{text}");
    let text = wrong(|_, asked| asked.push(asked[1].clone()));
    assert!(text.starts_with("there were more requests"), "{text}");
    let text = wrong(|_, asked| drop(asked[1].headers.remove("last-event-id")));
    assert!(text.contains("last_event_id is null, not \"2\""), "{text}");
    let text = wrong(|_, asked| drop(asked[1].headers.remove("accept")));
    assert!(text.contains("Accept is null"), "{text}");
    let text = wrong(|_, asked| asked[0].method = "POST".into());
    assert!(text.contains("method is \"POST\""), "{text}");
    let text = wrong(|_, asked| asked[1].body = "x".into());
    assert!(text.contains("body is \"x\""), "{text}");
}

#[test]
fn a_delay_out_of_its_bounds_counts() {
    let (mut case, told, asked) = good();
    let items = case.expect["items"].as_array_mut().unwrap();
    items[3]["delay"] = json!([4, 10]);
    let text = judge("rust", &case, &told, &asked).unwrap_err().to_string();
    assert!(text.contains("the delay is not in [4,10]"), "{text}");
    let again = case.expect["items"][3].as_object_mut().unwrap();
    again.insert("delay".into(), Value::from(vec![3, 4]));
    judge("rust", &case, &told, &asked).unwrap();
}
