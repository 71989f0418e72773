//! `GET /metrics`: the figures, in the format of Prometheus, and who may see them.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use eventwire_server::{
    Access, Action, Denied, Endpoint, Head, HttpOptions, Hub, Identity, Reply, ServeOptions,
};
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use support::{Raw, publish, serve, until};

async fn ask(endpoint: &Endpoint, method: Method) -> Reply {
    let mut head = Head::get("/metrics");
    head.method = method;
    endpoint.respond(head, String::new()).await
}

async fn body(reply: Reply) -> String {
    let bytes = reply.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Each sample by its name with its labels; each must be of a metric that is described just before.
fn samples(text: &str) -> BTreeMap<String, u64> {
    assert!(text.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let (mut described, mut kind) = ("", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            described = name;
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            kind = of.strip_prefix(described).unwrap().trim_start();
            assert!(["counter", "gauge"].contains(&kind), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            assert_eq!(name, described);
            assert!(name.starts_with("eventwire_"), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            let before = samples.insert(sample.to_owned(), value.parse().unwrap());
            assert_eq!(before, None, "{sample} is there twice");
        }
    }
    samples
}

#[tokio::test]
async fn every_figure_of_the_hub_is_there() {
    let hub = Hub::builder().heartbeat(None).retain("a", 2).build();
    let hub = hub.unwrap();
    let endpoint = hub.endpoint(HttpOptions::new().loopback(true));
    let open = endpoint.respond(Head::get("/events?topic=a"), String::new());
    let mut open = open.await;
    let gone = endpoint.respond(Head::get("/events?topic=b"), String::new());
    drop(gone.await);
    for data in ["x", "yy", "zzz"] {
        publish(&hub, "a", data).await;
    }
    // The mark, and then all three events at once or one after another.
    while hub.stats().delivered < 2 {
        open.body.frame().await.unwrap().unwrap();
    }

    let reply = ask(&endpoint, Method::GET).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        reply.headers[header::CONTENT_TYPE],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    let stats = hub.stats();
    let mut expected: BTreeMap<_, _> = [
        ("subscribers", 1),
        ("topics", stats.topics as u64),
        ("published_total", 3),
        ("delivered_total", stats.delivered),
        ("delivered_bytes_total", stats.delivered_bytes),
        ("lag_events", stats.lag),
        ("resets_total", 0),
        ("log_events", 3),
        ("log_bytes", stats.bytes as u64),
        ("retained_events", 2),
        ("retained_bytes", stats.retained_bytes as u64),
        ("ended_total{reason=\"gone\"}", 1),
    ]
    .map(|(name, value)| (format!("eventwire_{name}"), value))
    .into();
    for reason in [
        "vanished", "slow", "stalled", "failed", "expired", "drained", "closed",
    ] {
        expected.insert(format!("eventwire_ended_total{{reason=\"{reason}\"}}"), 0);
    }
    assert_eq!(samples(&body(reply).await), expected);

    let head = ask(&endpoint, Method::HEAD).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(body(head).await, "");
    let post = ask(&endpoint, Method::POST).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_server_adds_its_connections() {
    let hub = Hub::new();
    let options = ServeOptions::new().threads(1).max_connections(2);
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    let mut stream = Raw::get(&server, "/events?topic=a", "").await;
    stream.take("\n\n").await;
    until("a shard has it", || server.sharded() == 1).await;
    let mut asking = Raw::connect(&server).await;
    until("it is open", || server.connections() == 2).await;
    let mut one_more = Raw::get(&server, "/health", "").await;
    assert!(one_more.rest().await.starts_with("HTTP/1.1 503 "));

    asking
        .send("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .await;
    let answer = asking.rest().await;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{head}");
    let samples = samples(text);
    for (name, value) in [
        ("connections", 2),
        ("sharded_connections", 1),
        ("refused_connections_total", 1),
        ("subscribers", 1),
    ] {
        assert_eq!(samples[&format!("eventwire_{name}")], value, "{name}");
    }
}

#[tokio::test]
async fn elsewhere_than_on_loopback_the_authorizer_is_asked_for_everything() {
    let hub = Hub::new();
    for options in [HttpOptions::new(), HttpOptions::new().open_publish(true)] {
        let refused = ask(&hub.endpoint(options), Method::GET).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(body(refused).await.contains("authorizer"));
    }

    let asked = Arc::new(Mutex::new(Vec::new()));
    for (allowed, status) in [
        (Ok("*"), 200),
        (Ok("orders/*"), 403),
        (Err(StatusCode::UNAUTHORIZED), 401),
    ] {
        let asked = asked.clone();
        let authorizer = move |access: Access| {
            asked.lock().unwrap().push((access.action, access.topics));
            let answer = allowed.map(|topic| Identity::new("x").may_subscribe([topic]));
            std::future::ready(answer.map_err(Denied))
        };
        let endpoint = hub.endpoint(HttpOptions::new().authorizer(authorizer));
        for method in [Method::GET, Method::HEAD] {
            let reply = ask(&endpoint, method).await;
            assert_eq!(reply.status.as_u16(), status);
        }
    }
    let expected = (Action::Subscribe, vec!["*".to_owned()]);
    assert_eq!(*asked.lock().unwrap(), vec![expected; 6]);
}

#[tokio::test]
async fn on_a_loopback_address_a_server_shows_them_to_all_but_other_names() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    for (host, status) in [("localhost", 200), ("example.org", 421)] {
        let mut raw = Raw::connect(&server).await;
        raw.send(&format!(
            "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
        .await;
        let answer = raw.rest().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}
