//! What is published, and how it is refused.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_a_408() {
    let endpoint = open(&Hub::new());
    let head = post(JSON, "").0;
    assert_eq!(
        endpoint.respond(head, Stalled).await.status,
        StatusCode::REQUEST_TIMEOUT
    );
}
