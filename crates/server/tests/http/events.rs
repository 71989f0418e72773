//! What is read: the stream, where it begins, and what cannot be asked for.

use super::*;

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
