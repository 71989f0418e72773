//! Who may: authorizers, pages of elsewhere, names.

use super::*;

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
