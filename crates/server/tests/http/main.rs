//! All of the HTTP behaviour, without a socket. The clock is virtual.

use std::time::Duration;

use eventwire_server::{
    Access, Action, Cors, Denied, Endpoint, Head, HttpOptions, Hub, Identity, Publication, Reply,
};
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request, put together by value.
#[derive(Clone)]
struct Request(Head, Vec<u8>);

fn get(target: &str) -> Request {
    Request(Head::get(target), Vec::new())
}

fn post(content_type: &str, body: impl Into<Vec<u8>>) -> Request {
    let mut request = get("/events").method(Method::POST);
    request.1 = body.into();
    request.with("content-type", content_type)
}

fn post_json(value: &Value) -> Request {
    post(JSON, value.to_string())
}

impl Request {
    fn method(mut self, method: Method) -> Self {
        self.0.method = method;
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.0.headers.append(name, value);
        self
    }

    async fn ask(self, endpoint: &Endpoint) -> Reply {
        let body = String::from_utf8(self.1).unwrap();
        endpoint.respond(self.0, body).await
    }

    /// The status, and the body that says why.
    async fn refused(self, endpoint: &Endpoint) -> (u16, String) {
        let reply = self.ask(endpoint).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], JSON);
        assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
        let status = reply.status.as_u16();
        let said: Value = serde_json::from_str(&body(reply).await).unwrap();
        (status, said["error"].as_str().unwrap().to_owned())
    }
}

async fn body(reply: Reply) -> String {
    let bytes = reply.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The next bytes of a stream.
async fn next(reply: &mut Reply) -> String {
    let frame = reply.body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

fn open(hub: &Hub) -> Endpoint {
    hub.endpoint(HttpOptions::new().open_publish(true))
}

fn id(hub: &Hub, offset: u64) -> String {
    format!("{}-{offset}", hub.stats().last.epoch())
}

async fn publish(hub: &Hub, topic: &str, data: &str) {
    hub.publish(Publication::new(topic, data)).await.unwrap();
}

#[tokio::test]
async fn a_stream_has_exactly_its_headers_and_begins_at_once() {
    let hub = Hub::new();
    let mut reply = get("/events?topic=a&topic=b%2Fc").ask(&open(&hub)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            ("cache-control", "no-cache, no-transform"),
            ("content-type", "text/event-stream"),
            ("x-accel-buffering", "no"),
        ]
    );
    assert!(reply.body.is_stream());
    assert_eq!(next(&mut reply).await, format!("id: {}\n\n", id(&hub, 0)));
    publish(&hub, "b/c", "x").await;
    publish(&hub, "b/c", "y").await;
    let (one, two) = (id(&hub, 1), id(&hub, 2));
    assert_eq!(
        next(&mut reply).await,
        format!("id: {one}\ndata: x\n\nid: {two}\ndata: y\n\n")
    );
    assert_eq!(hub.stats().subscribers, 1);
    drop(reply);
    assert_eq!(hub.stats().subscribers, 0);
}

#[tokio::test]
async fn the_header_of_a_reconnect_wins_over_the_address_and_both_over_start() {
    let hub = Hub::new();
    for data in ["1", "2", "3"] {
        publish(&hub, "a", data).await;
    }
    let endpoint = open(&hub);
    let starts_at = async |request: Request, offset: u64| {
        let mut reply = request.ask(&endpoint).await;
        let all = next(&mut reply).await;
        assert!(
            all.starts_with(&format!("id: {}\n\n", id(&hub, offset))),
            "{all}"
        );
    };
    let (one, two) = (id(&hub, 1), id(&hub, 2));
    let target = |more: &str| get(&format!("/events?topic=a{more}"));
    starts_at(target(""), 3).await;
    starts_at(target("&start=live"), 3).await;
    starts_at(target("&start=earliest"), 0).await;
    starts_at(target("&start=last:2"), 1).await;
    starts_at(target("&start=last%3A2"), 1).await;
    starts_at(target(&format!("&last_event_id={one}")), 1).await;
    starts_at(target(&format!("&last_event_id={one}&start=earliest")), 1).await;
    starts_at(
        target(&format!("&last_event_id={one}")).with("last-event-id", &two),
        2,
    )
    .await;
    starts_at(
        target(&format!("&last_event_id={one}")).with("last-event-id", ""),
        1,
    )
    .await;
    starts_at(target("&start=earliest").with("last-event-id", ""), 0).await;
    starts_at(target("&last_event_id=&start=earliest"), 0).await;
}

#[tokio::test]
async fn an_id_that_is_none_of_ours_is_told_in_band_also_when_it_is_no_text() {
    let hub = Hub::new();
    let mut request = get("/events?topic=a");
    let bytes = HeaderValue::from_bytes(b"caf\xe9 \xe2\x80\xa6").unwrap();
    request.0.headers.insert("last-event-id", bytes);
    let mut reply = request.ask(&open(&hub)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let all = next(&mut reply).await;
    let data = all.split_once("data: ").unwrap().1;
    let said: Value = serde_json::from_str(data).unwrap();
    let expected = json!({ "requested": "caf\u{fffd} …", "reason": "malformed", "first": "" });
    assert_eq!(said, expected);
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_a_400_that_says_what_to_do() {
    let endpoint = open(&Hub::new());
    for (query, says) in [
        ("", "no topic: ask for /events?topic=NAME"),
        ("?topic=", "empty"),
        ("?topic=a%0Ab", "control character"),
        ("?topic=orders*", "as in \"orders/*\""),
        ("?topic=a/*/b", "as in \"orders/*\""),
        ("?topic=eventwire.reset", "which is the hub's own"),
        ("?topic=a&start=latest", "\"earliest\" or \"last:N\""),
        ("?topic=a&start=last:-1", "\"last:N\" with a number N"),
        ("?topic=a&topic_as=data", "give \"event\", or leave it out"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let reply = get(&format!("/events{query}"))
                .method(method)
                .ask(&endpoint)
                .await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        }
        let (_, message) = get(&format!("/events{query}")).refused(&endpoint).await;
        assert!(message.contains(says), "{query}: {message}");
    }
    let long = format!("/events?topic={}", "x".repeat(257));
    assert_eq!(get(&long).refused(&endpoint).await.0, 400);
    let many: String = (0..1001).map(|n| format!("topic={n}&")).collect();
    assert_eq!(
        get(&format!("/events?{many}")).refused(&endpoint).await.0,
        400
    );
}

#[tokio::test]
async fn head_is_answered_at_once_like_get_and_subscribes_nobody() {
    let hub = Hub::new();
    let endpoint = open(&hub);
    for target in ["/events?topic=a", "/health"] {
        let asked = get(target).ask(&endpoint).await;
        let head = get(target).method(Method::HEAD).ask(&endpoint).await;
        assert_eq!((head.status, &head.headers), (asked.status, &asked.headers));
        drop(asked);
        assert!(!head.body.is_stream());
        assert_eq!(body(head).await, "");
    }
    assert_eq!(hub.stats().ended.gone, 1, "the GET alone");
}

#[tokio::test]
async fn health_paths_and_methods() {
    let hub = Hub::new();
    let endpoint = open(&hub);
    let health = get("/health").ask(&endpoint).await;
    assert_eq!(health.status, StatusCode::OK);
    assert_eq!(body(health).await, "{\"status\":\"ok\"}\n");

    let (status, message) = get("/event").refused(&endpoint).await;
    assert!(
        status == 404 && message.contains("try /events"),
        "{message}"
    );
    for (path, method, allow) in [
        ("/events", Method::PUT, "GET, HEAD, POST, OPTIONS"),
        ("/events", Method::DELETE, "GET, HEAD, POST, OPTIONS"),
        ("/health", Method::POST, "GET, HEAD, OPTIONS"),
    ] {
        let reply = get(path).method(method).ask(&endpoint).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(reply.headers[header::ALLOW], allow);
    }

    hub.close();
    let health = get("/health").ask(&endpoint).await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get("/events?topic=a").refused(&endpoint).await.0, 503);
    let late = post_json(&json!({ "topic": "a", "data": "x" }));
    assert_eq!(late.refused(&endpoint).await.0, 503);
}

#[tokio::test]
async fn publishing_by_form_and_json() {
    let hub = Hub::new();
    let endpoint = open(&hub);
    let mut stream = get("/events?topic=a&topic=b").ask(&endpoint).await;
    next(&mut stream).await;
    let requests = [
        post(FORM, "topic=a&data=one+%C3%A9&event=tick"),
        post(
            "Application/JSON; charset=utf-8",
            json!({ "topic": ["b", "c"], "data": "" }).to_string(),
        ),
        post_json(&json!({ "topic": "a", "data": "x", "event": null, "key": null })),
        post(FORM, "topic=b&topic=a&data=l1%0Al2&event=&key=k"),
    ];
    for (request, offset) in requests.into_iter().zip(1..) {
        let reply = request.ask(&endpoint).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers[header::CONTENT_TYPE], JSON);
        let said: Value = serde_json::from_str(&body(reply).await).unwrap();
        assert_eq!(said, json!({ "id": id(&hub, offset) }));
    }
    let ids = [1, 2, 3, 4].map(|offset| id(&hub, offset));
    let expected = format!(
        "id: {}\nevent: tick\ndata: one é\n\nid: {}\ndata:\n\nid: {}\ndata: x\n\nid: {}\ndata: l1\ndata: l2\n\n",
        ids[0], ids[1], ids[2], ids[3]
    );
    assert_eq!(next(&mut stream).await, expected);
}

#[tokio::test]
async fn a_key_makes_a_retry_harmless_and_other_content_a_409() {
    let hub = Hub::new();
    let endpoint = open(&hub);
    let keyed = |data: &str| post_json(&json!({ "topic": "a", "data": data, "key": "k" }));
    let first = body(keyed("x").ask(&endpoint).await).await;
    assert_eq!(body(keyed("x").ask(&endpoint).await).await, first);
    let (status, message) = keyed("y").refused(&endpoint).await;
    assert!(
        status == 409 && message.contains("use a key once per event"),
        "{message}"
    );
    assert_eq!(hub.stats().published, 1);
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_and_says_what_to_do() {
    let hub = Hub::builder().max_bytes(1000).build().unwrap();
    let options = HttpOptions::new().open_publish(true).max_body(2000);
    let endpoint = hub.endpoint(options);
    for (request, status, says) in [
        (post(JSON, "{"), 400, "the body is no JSON"),
        (post(JSON, "7"), 400, "neither a JSON object nor an array"),
        (post(JSON, "[]"), 400, "the array is empty"),
        (post_json(&json!({ "data": "x" })), 400, "no topic"),
        (
            post_json(&json!({ "topic": [], "data": "x" })),
            400,
            "no topic",
        ),
        (
            post_json(&json!({ "topic": 7, "data": "x" })),
            400,
            "neither a string nor a list",
        ),
        (
            post_json(&json!({ "topic": ["a", 7], "data": "x" })),
            400,
            "topic has 7",
        ),
        (post_json(&json!({ "topic": "a" })), 400, "no data"),
        (
            post_json(&json!({ "topic": "a", "data": {} })),
            400,
            "send JSON as text",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x", "event": 1 })),
            400,
            "event is no string",
        ),
        (
            post_json(&json!({ "topics": "a", "data": "x" })),
            400,
            "unknown field \"topics\"",
        ),
        (
            post_json(&json!({ "topic": "a*", "data": "x" })),
            400,
            "names each topic",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x", "event": "eventwire.x" })),
            400,
            "eventwire.",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x", "event": "a\nb" })),
            400,
            "event",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x", "key": "" })),
            400,
            "key is empty",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x".repeat(1000) })),
            413,
            "max_bytes",
        ),
        (
            post_json(&json!({ "topic": "a", "data": "x".repeat(2000) })),
            413,
            "max_body",
        ),
        (post(FORM, "topic=a"), 400, "no data"),
        (post(FORM, "data=x"), 400, "no topic"),
        (post(FORM, "topic=a&data=x&data=y"), 400, "given twice"),
        (post(FORM, "topic=a&date=x"), 400, "unknown field \"date\""),
        (post("text/plain", "x"), 415, "send application/json or"),
        (post("", "x"), 415, "send application/json or"),
        (
            post(JSON, "x").with("content-encoding", "gzip"),
            415,
            "as it is",
        ),
    ] {
        let shown = String::from_utf8_lossy(&request.1).into_owned();
        let (got, message) = request.refused(&endpoint).await;
        assert_eq!(got, status, "{shown}: {message}");
        assert!(message.contains(says), "{shown}: {message}");
    }
    let stats = hub.stats();
    assert_eq!(
        (stats.published, stats.last.offset(), stats.topics),
        (0, 0, 0)
    );
}

/// A body that never comes.
struct Stalled;

impl http_body::Body for Stalled {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_a_408() {
    let endpoint = open(&Hub::new());
    let head = post(JSON, "").0;
    assert_eq!(
        endpoint.respond(head, Stalled).await.status,
        StatusCode::REQUEST_TIMEOUT
    );
}

#[tokio::test]
async fn without_an_authorizer_publishing_is_closed_unless_opened() {
    let endpoint = Hub::new().endpoint(HttpOptions::new());
    let head = post(JSON, "").0;
    // Answered without the body.
    let reply = endpoint.respond(head, Stalled).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(
        get("/events?topic=a").ask(&endpoint).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn pages_of_elsewhere_cannot_publish() {
    let named = Cors::parse(["https://app.example", "http://localhost:3000"]).unwrap();
    let publication =
        || post_json(&json!({ "topic": "a", "data": "x" })).with("host", "127.0.0.1:8844");
    for (origin, site, same_origin, any, list) in [
        (None, None, 200, 200, 200),
        (
            Some("http://127.0.0.1:8844"),
            Some("same-origin"),
            200,
            200,
            200,
        ),
        (None, Some("cross-site"), 403, 403, 403),
        (Some("https://evil.example"), None, 403, 403, 403),
        (
            Some("https://evil.example"),
            Some("cross-site"),
            403,
            403,
            403,
        ),
        (
            Some("http://127.0.0.1:9999"),
            Some("same-site"),
            403,
            403,
            403,
        ),
        (Some("null"), Some("cross-site"), 403, 403, 403),
        // Who is named may, though its site is another.
        (
            Some("https://app.example"),
            Some("cross-site"),
            403,
            403,
            200,
        ),
        (Some("http://app.example"), None, 403, 403, 403),
        (
            Some("http://localhost:3000"),
            Some("cross-site"),
            403,
            403,
            200,
        ),
    ] {
        for (cors, expected) in [
            (Cors::SameOrigin, same_origin),
            (Cors::Any, any),
            (named.clone(), list),
        ] {
            let endpoint =
                Hub::new().endpoint(HttpOptions::new().open_publish(true).cors(cors.clone()));
            let mut request = publication();
            if let Some(origin) = origin {
                request = request.with("origin", origin);
            }
            if let Some(site) = site {
                request = request.with("sec-fetch-site", site);
            }
            let status = request.ask(&endpoint).await.status;
            assert_eq!(status, expected, "{origin:?} {site:?} {cors:?}");
        }
    }
}

#[tokio::test]
async fn cors_lets_pages_read_and_only_named_ones_with_credentials() {
    let origin = "https://app.example";
    let asks = async |cors: Cors, request: Request| {
        let endpoint = Hub::new().endpoint(HttpOptions::new().cors(cors));
        let reply = request.ask(&endpoint).await;
        [
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "vary",
        ]
        .map(|name| {
            reply
                .headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
                .to_owned()
        })
    };
    let from = |origin: &str| get("/events?topic=a").with("origin", origin);
    let named = || Cors::parse([origin]).unwrap();
    assert_eq!(asks(Cors::SameOrigin, from(origin)).await, ["", "", ""]);
    assert_eq!(asks(Cors::Any, from(origin)).await, ["*", "", ""]);
    assert_eq!(
        asks(named(), from(origin)).await,
        [origin, "true", "Origin"]
    );
    assert_eq!(
        asks(named(), from("https://evil.example")).await,
        ["", "", "Origin"]
    );
    assert_eq!(
        asks(named(), get("/events?topic=a")).await,
        ["", "", "Origin"]
    );
    // A page may read why it was refused.
    assert_eq!(
        asks(named(), get("/events").with("origin", origin)).await[0],
        origin
    );
    assert_eq!(
        asks(named(), get("/nothing").with("origin", origin)).await[0],
        origin
    );
}

#[tokio::test]
async fn preflights_and_other_options_are_answered() {
    let cors = Cors::parse(["https://app.example"]).unwrap();
    let hub = Hub::new();
    let endpoint = hub.endpoint(HttpOptions::new().cors(cors));
    let reply = get("/events?topic=a")
        .method(Method::OPTIONS)
        .with("origin", "https://app.example")
        .with("access-control-request-method", "POST")
        .with(
            "access-control-request-headers",
            "content-type, last-event-id",
        )
        .ask(&endpoint)
        .await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let says = |name: &str| reply.headers[name].to_str().unwrap().to_owned();
    assert_eq!(says("access-control-allow-origin"), "https://app.example");
    assert_eq!(says("access-control-allow-credentials"), "true");
    assert_eq!(
        says("access-control-allow-methods"),
        "GET, HEAD, POST, OPTIONS"
    );
    for name in ["Authorization", "Content-Type", "Last-Event-ID"] {
        assert!(says("access-control-allow-headers").contains(name));
    }
    assert!(says("access-control-max-age").parse::<u32>().is_ok());
    assert_eq!(says("allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(body(reply).await, "");
    let reply = get("/health").method(Method::OPTIONS).ask(&endpoint).await;
    assert_eq!(reply.headers[header::ALLOW], "GET, HEAD, OPTIONS");
    assert_eq!(
        get("/else")
            .method(Method::OPTIONS)
            .ask(&endpoint)
            .await
            .status,
        404
    );
    assert_eq!(hub.stats().ended.gone, 0);
}

#[tokio::test]
async fn on_loopback_only_loopback_names_are_served() {
    let endpoint = Hub::new().endpoint(HttpOptions::new().open_publish(true).loopback(true));
    let publication = || post_json(&json!({ "topic": "a", "data": "x" }));
    for host in [
        "127.0.0.1:8844",
        "localhost",
        "app.localhost:1",
        "[::1]:8844",
    ] {
        let status = get("/events?topic=a")
            .with("host", host)
            .ask(&endpoint)
            .await
            .status;
        assert_eq!(status, StatusCode::OK, "{host}");
        let status = publication().with("host", host).ask(&endpoint).await.status;
        assert_eq!(status, StatusCode::OK, "{host}");
    }
    assert_eq!(
        get("/health").ask(&endpoint).await.status,
        StatusCode::OK,
        "HTTP/1.0"
    );
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1:8844",
        "",
        "\u{e9}",
    ] {
        for request in [get("/events?topic=a"), get("/health"), publication()] {
            let (status, message) = request.with("host", host).refused(&endpoint).await;
            assert_eq!(status, 421, "{host}");
            assert!(message.contains("localhost"), "{message}");
        }
    }
}

fn by_token() -> HttpOptions {
    HttpOptions::new().authorizer(|access: Access| async move {
        let token = access
            .headers
            .get("authorization")
            .map(HeaderValue::as_bytes);
        match token {
            Some(b"reader") => Ok(Identity::new("reader").may_subscribe(["orders/*", "news"])),
            Some(b"writer") => Ok(Identity::new("writer").may_publish(["*"])),
            Some(b"brief") => {
                let identity = Identity::new("brief").may_subscribe(["*"]);
                Ok(identity.expires_in(Duration::from_secs(60)))
            }
            Some(b"for ever") => {
                let identity = Identity::new("for ever").may_subscribe(["*"]);
                Ok(identity.expires_in(Duration::MAX))
            }
            Some(b"asks for") if access.action == Action::Publish => {
                assert_eq!(
                    (access.topics, access.query),
                    (vec!["b".to_owned()], "q=1".to_owned())
                );
                Ok(Identity::new("asks for").may_publish(["b"]))
            }
            Some(b"slow") => std::future::pending().await,
            Some(b"panics") => panic!("as a test wants it"),
            Some(b"broken") => Err(Denied(StatusCode::BAD_GATEWAY)),
            Some(b"odd") => Err(Denied(StatusCode::OK)),
            Some(_) => Err(Denied(StatusCode::PAYMENT_REQUIRED)),
            None => Err(Denied(StatusCode::UNAUTHORIZED)),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_decides_and_no_answer_is_no() {
    let hub = Hub::new();
    let endpoint = hub.endpoint(by_token());
    let read = |topics: &str| get(&format!("/events?{topics}"));
    let write = || post_json(&json!({ "topic": "b", "data": "x" }));
    for (request, token, status, says) in [
        (read("topic=orders/1&topic=news"), "reader", 200, ""),
        (
            read("topic=orders/1&topic=secret"),
            "reader",
            403,
            "\"secret\"",
        ),
        (read("topic=orders"), "reader", 403, "\"orders\""),
        (write(), "reader", 403, "not allowed to publish \"b\""),
        (write(), "writer", 200, ""),
        (
            read("topic=a"),
            "writer",
            403,
            "not allowed to subscribe \"a\"",
        ),
        (read("topic=a"), "slow", 503, "try again"),
        (write(), "slow", 503, "try again"),
        (read("topic=a"), "panics", 503, "try again"),
        (read("topic=a"), "broken", 502, "try again"),
        (read("topic=a"), "odd", 403, "not allowed"),
        (read("topic=a"), "unknown", 402, "not allowed"),
        (read("topic=a"), "for ever", 200, ""),
        // Wrong before it is asked about.
        (read(""), "reader", 400, "no topic"),
        (read("topic=a").method(Method::HEAD), "reader", 403, ""),
        (get("/health"), "unknown", 200, ""),
    ] {
        let shown = format!("{} {} {token}", request.0.method, request.0.query);
        let reply = request.with("authorization", token).ask(&endpoint).await;
        assert_eq!(reply.status, status, "{shown}");
        if !says.is_empty() {
            let message = body(reply).await;
            let said: Value = serde_json::from_str(&message).unwrap();
            assert!(
                said["error"].as_str().unwrap().contains(says),
                "{shown}: {message}"
            );
        }
    }
    let reply = read("topic=a").ask(&endpoint).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
    let mut asks = write().with("authorization", "asks for");
    asks.0.query = "q=1".to_owned();
    assert_eq!(asks.ask(&endpoint).await.status, StatusCode::OK);
    assert_eq!(hub.stats().published, 2);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_expires_ends_the_stream() {
    let hub = Hub::new();
    let endpoint = hub.endpoint(by_token());
    let request = get("/events?topic=a").with("authorization", "brief");
    let reply = request.ask(&endpoint).await;
    let start = tokio::time::Instant::now();
    let all = body(reply).await;
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(all.matches(":\nid: ").count(), 3, "three heartbeats");
    assert_eq!(hub.stats().ended.expired, 1);
}
