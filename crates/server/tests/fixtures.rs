//! Runs tests/fixtures/server: what a hub answers to a subscriber, as data that every language runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use eventwire_server::{Head, HttpOptions, Hub, Publication};
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use serde_json::Value;

const LANGUAGE: &str = "rust";

#[tokio::test]
async fn every_case() {
    let mut cases_held = 0;
    let mut cases_run = 0;
    let mut cases_skipped = 0;
    let mut names = BTreeSet::new();
    for (file, cases) in files() {
        cases_held += cases.len();
        for case in &cases {
            let name = text(&case["name"]);
            assert!(
                names.insert(name.to_owned()),
                "{file}: two cases of the name {name:?}"
            );
            let label = format!("{file}: {name:?} ({})", text(&case["why"]));
            if let Some(reason) = case.get("skip").and_then(|skip| skip.get(LANGUAGE)) {
                println!("skipped: {label}: {}", text(reason));
                cases_skipped += 1;
                continue;
            }
            run(&label, case).await;
            cases_run += 1;
        }
    }
    assert_eq!(
        cases_run + cases_skipped,
        cases_held,
        "not every case was run"
    );
    assert!(cases_run > 0, "no fixtures were found");
    println!("{cases_run} cases, {cases_skipped} skipped");
}

fn files() -> Vec<(String, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/server");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".json") && name != "schema.json"
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let content = std::fs::read(&path).unwrap();
            let file: Value = serde_json::from_slice(&content)
                .unwrap_or_else(|error| panic!("{name} is no JSON: {error}"));
            (name, list(&file["cases"]).to_vec())
        })
        .collect()
}

/// What a text of a case stands for.
struct Placeholders {
    epoch: String,
    other: &'static str,
}

impl Placeholders {
    fn of(hub: &Hub) -> Self {
        let epoch = hub.stats().last.epoch().to_owned();
        let other = ["aaaaaaaa", "bbbbbbbb"].into_iter().find(|o| *o != epoch);
        Self {
            epoch,
            other: other.unwrap(),
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{epoch}", &self.epoch)
            .replace("{other}", self.other)
    }
}

async fn run(label: &str, case: &Value) {
    known(
        label,
        case,
        &[
            "name", "why", "skip", "hub", "publish", "request", "then", "expect",
        ],
    );
    let hub = hub(label, case.get("hub").unwrap_or(&Value::Null));
    let placeholders = Placeholders::of(&hub);
    publish(label, &hub, &case["publish"]).await;

    known(
        label,
        &case["request"],
        &["method", "query", "headers", "body"],
    );
    let query = placeholders.fill(text(&case["request"]["query"]));
    let mut head = Head::get(&format!("/events?{query}"));
    if let Some(method) = case["request"].get("method") {
        head.method = text(method).parse().expect(label);
    }
    if let Some(headers) = case["request"].get("headers") {
        for (name, value) in headers.as_object().expect(label) {
            let name: HeaderName = name.parse().expect(label);
            let value = HeaderValue::from_str(&placeholders.fill(text(value))).expect(label);
            head.headers.append(name, value);
        }
    }
    let endpoint = hub.endpoint(HttpOptions::new().open_publish(true));
    let body = case["request"].get("body").map_or("", text);
    let reply = endpoint.respond(head, placeholders.fill(body)).await;

    if let Some(then) = case.get("then") {
        publish(label, &hub, then).await;
    }
    hub.close();

    let expect = &case["expect"];
    known(label, expect, &["status", "headers", "body"]);
    assert_eq!(
        Some(u64::from(reply.status.as_u16())),
        expect["status"].as_u64(),
        "{label}"
    );
    if let Some(headers) = expect.get("headers") {
        for (name, value) in headers.as_object().expect(label) {
            let got: Vec<_> = reply.headers.get_all(name.as_str()).iter().collect();
            assert_eq!(got, [text(value)], "{label}: {name}");
        }
    }
    let whole = tokio::time::timeout(Duration::from_secs(20), reply.body.collect()).await;
    let body = whole.expect(label).expect(label).to_bytes();
    let expected: String = list(&expect["body"]).iter().map(text).collect();
    assert_eq!(
        String::from_utf8_lossy(&body),
        placeholders.fill(&expected),
        "{label}"
    );
}

fn hub(label: &str, options: &Value) -> Hub {
    known(
        label,
        options,
        &[
            "max_events",
            "max_bytes",
            "max_topics",
            "max_retained_bytes",
            "retained",
            "retry",
        ],
    );
    let option = |name: &str| {
        let value = options.get(name)?;
        Some(value.as_u64().unwrap_or_else(|| panic!("{label}: {name}")))
    };
    let mut builder = Hub::builder().heartbeat(None);
    if let Some(count) = option("max_events") {
        builder = builder.max_events(count as usize);
    }
    if let Some(bytes) = option("max_bytes") {
        builder = builder.max_bytes(bytes as usize);
    }
    if let Some(count) = option("max_topics") {
        builder = builder.max_topics(count as usize);
    }
    if let Some(bytes) = option("max_retained_bytes") {
        builder = builder.max_retained_bytes(bytes as usize);
    }
    for (topic, count) in options
        .get("retained")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        builder = builder.retain(topic, count.as_u64().expect(label) as usize);
    }
    builder
        .retry(option("retry").map(Duration::from_millis))
        .build()
        .expect(label)
}

async fn publish(label: &str, hub: &Hub, publications: &Value) {
    for given in list(publications) {
        known(label, given, &["topic", "data", "event", "key"]);
        let topics: Vec<&str> = match &given["topic"] {
            Value::Array(topics) => topics.iter().map(text).collect(),
            topic => vec![text(topic)],
        };
        let mut publication = Publication::to(topics, text(&given["data"]));
        if let Some(event) = given.get("event") {
            publication = publication.event(text(event));
        }
        if let Some(key) = given.get("key") {
            publication = publication.key(text(key));
        }
        hub.publish(publication).await.expect(label);
    }
}

/// A member that the runner does not know would be a case that is not run as it is written.
fn known(label: &str, object: &Value, names: &[&str]) {
    for name in object.as_object().into_iter().flat_map(|o| o.keys()) {
        assert!(
            names.contains(&name.as_str()),
            "{label}: unknown member {name:?}"
        );
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
}
