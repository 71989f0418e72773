//! Runs tests/fixtures/server: what a hub answers, as data that every language runs. Each case is run without a socket, by shards, and
//! by hyper.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use eventwire_server::{Head, HttpOptions, Hub, Publication, ServeOptions};
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use serde_json::Value;

use support::{Raw, unchunked, within};

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

/// How a hub is asked: its replies as they are, or over a socket, with so many shards; without any, hyper writes the streams.
#[derive(Clone, Copy, Debug)]
enum Way {
    Reply,
    Socket { shards: usize },
}

const WAYS: [Way; 3] = [
    Way::Reply,
    Way::Socket { shards: 1 },
    Way::Socket { shards: 0 },
];

/// An answer, whichever way it came.
struct Answer {
    status: u64,
    headers: Vec<(String, String)>,
    body: String,
}

/// A request, and what is asked with it.
struct Ask<'a> {
    method: &'a str,
    target: String,
    headers: Vec<(&'a str, String)>,
    body: String,
}

async fn run(label: &str, case: &Value) {
    known(
        label,
        case,
        &[
            "name", "why", "skip", "hub", "publish", "request", "then", "expect",
        ],
    );
    for way in WAYS {
        run_by(&format!("{label} by {way:?}"), case, way).await;
    }
}

async fn run_by(label: &str, case: &Value, way: Way) {
    let hub = hub(label, case.get("hub").unwrap_or(&Value::Null));
    let placeholders = Placeholders::of(&hub);
    publish(label, &hub, &case["publish"]).await;

    let request = &case["request"];
    known(label, request, &["method", "query", "headers", "body"]);
    let query = placeholders.fill(text(&request["query"]));
    let mark = if query.is_empty() { "" } else { "?" };
    let headers = request.get("headers").and_then(Value::as_object);
    let ask = Ask {
        method: request.get("method").map_or("GET", text),
        target: format!("/events{mark}{query}"),
        headers: headers
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), placeholders.fill(text(value))))
            .collect(),
        body: placeholders.fill(request.get("body").map_or("", text)),
    };
    let none = Value::Array(Vec::new());
    let then = case.get("then").unwrap_or(&none);
    let answer = match way {
        Way::Reply => reply(label, &hub, ask, then).await,
        Way::Socket { shards } => over_a_socket(label, &hub, ask, then, shards).await,
    };

    let expect = &case["expect"];
    known(label, expect, &["status", "headers", "body"]);
    assert_eq!(Some(answer.status), expect["status"].as_u64(), "{label}");
    if let Some(headers) = expect.get("headers") {
        for (name, value) in headers.as_object().expect(label) {
            let given = answer.headers.iter();
            let given = given.filter(|(given, _)| given.eq_ignore_ascii_case(name));
            let given: Vec<_> = given.map(|(_, value)| value.as_str()).collect();
            assert_eq!(given, [text(value)], "{label}: {name}");
        }
    }
    let expected: String = list(&expect["body"]).iter().map(text).collect();
    assert_eq!(answer.body, placeholders.fill(&expected), "{label}");
}

async fn reply(label: &str, hub: &Hub, ask: Ask<'_>, then: &Value) -> Answer {
    let mut head = Head::get(&ask.target);
    head.method = ask.method.parse().expect(label);
    for (name, value) in ask.headers {
        let name: HeaderName = name.parse().expect(label);
        let value = HeaderValue::from_str(&value).expect(label);
        head.headers.append(name, value);
    }
    let endpoint = hub.endpoint(HttpOptions::new().open_publish(true));
    let reply = endpoint.respond(head, ask.body).await;
    publish(label, hub, then).await;
    hub.close();
    let whole = within(reply.body.collect()).await.expect(label).to_bytes();
    let headers = reply.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    });
    Answer {
        status: u64::from(reply.status.as_u16()),
        headers: headers.collect(),
        body: String::from_utf8(whole.to_vec()).expect(label),
    }
}

async fn over_a_socket(
    label: &str,
    hub: &Hub,
    ask: Ask<'_>,
    then: &Value,
    shards: usize,
) -> Answer {
    let options = ServeOptions::new().threads(shards);
    let server = hub.serve("127.0.0.1:0", options).await.expect(label);
    let mut raw = Raw::connect(&server).await;
    let mut request = format!(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
        ask.method, ask.target
    );
    for (name, value) in ask.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !ask.body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", ask.body.len()));
    }
    raw.send(&format!("{request}\r\n{}", ask.body)).await;
    let head = raw.take("\r\n\r\n").await;
    publish(label, hub, then).await;
    hub.close();
    let rest = raw.rest().await;

    let mut lines = head.trim_end().lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value == "chunked");
    let body = if chunked && !rest.is_empty() {
        let (body, whole) = unchunked(&rest);
        assert!(whole, "{label}: cut off");
        body
    } else {
        rest
    };
    Answer {
        status: status.expect(label).parse().expect(label),
        headers,
        body,
    }
}

fn hub(label: &str, options: &Value) -> Hub {
    known(
        label,
        options,
        &[
            "max_events",
            "max_bytes",
            "max_event",
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
    if let Some(bytes) = option("max_event") {
        builder = builder.max_event(bytes as usize);
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
