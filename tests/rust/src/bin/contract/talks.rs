//! Talks of our own with a service: what the harness does not ask, and enough to hold without it.

use anyhow::{Result, ensure};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Results;
use crate::peer::Peer;
use crate::services::Service;

/// Holds all talks that the service has the capabilities for.
pub(crate) async fn hold(service: &Service, results: &mut Results) {
    let mut note = |test: &str, outcome| results.note(service.kind, test, outcome);
    note("says what it can", says_what_it_can(service).await);
    note("refuses what it does not know", refuses(service).await);
    note("reports events in order", events(service).await);
    note(
        "a lost connection is an error, and the body is sent again",
        body_again(service).await,
    );
    note(
        "a redirect to nowhere is an error",
        redirect_to_nowhere(service).await,
    );
    note(
        "a stream that is deleted closes its connection",
        deleted(service).await,
    );
    if service.kind.can("comments") {
        note(
            "reports a comment at the end of its line",
            comment(service).await,
        );
    }
    if service.kind.can("last-event-id") {
        note("begins where it is told to", begins(service).await);
    }
    if service.kind.can("read-timeout") {
        note("a silent server is an error", silence(service).await);
    }
    if service.kind.can("restart") {
        note(
            "a restart resumes after the last event and is no error",
            restart(service).await,
        );
    }
}

/// A stream of the service's, and its other side.
struct Talk {
    peer: Peer,
    stream: String,
}

impl Talk {
    /// Lets the service open a stream with these parameters besides the addresses.
    async fn begin(service: &Service, mut params: Value) -> Result<Talk> {
        let peer = Peer::start().await?;
        params["streamUrl"] = json!(peer.stream_url());
        params["callbackUrl"] = json!(peer.callback_url());
        let stream = service.open(&params).await?;
        Ok(Talk { peer, stream })
    }

    /// Deletes the stream.
    async fn end(self, service: &Service) -> Result<()> {
        let answer = service.ask(Method::DELETE, &self.stream, None).await?;
        ensure!(answer.status == StatusCode::NO_CONTENT, "{answer:?}");
        Ok(())
    }
}

fn event(kind: &str, data: &str, id: &str) -> Value {
    json!({ "kind": "event", "event": { "type": kind, "data": data, "id": id } })
}

async fn says_what_it_can(service: &Service) -> Result<()> {
    let answer = service.ask(Method::GET, "/", None).await?;
    ensure!(answer.status == StatusCode::OK, "{answer:?}");
    let about: Value = serde_json::from_slice(&answer.body)?;
    let expected = json!(service.kind.capabilities());
    ensure!(about["capabilities"] == expected, "{about}");
    Ok(())
}

async fn refuses(service: &Service) -> Result<()> {
    let talk = Talk::begin(service, json!({})).await?;
    let restart = json!({ "command": "restart" });
    for (method, path, content, expected) in [
        (
            Method::POST,
            &*talk.stream,
            json!({ "command": "dance" }),
            400,
        ),
        (Method::POST, &*talk.stream, json!({}), 400),
        (Method::POST, "/streams/4711", restart, 404),
        (Method::DELETE, "/streams/4711", json!({}), 404),
        (Method::POST, "/", json!({}), 400),
        (
            Method::POST,
            "/",
            json!({ "streamUrl": "nonsense", "callbackUrl": talk.peer.callback_url() }),
            400,
        ),
    ] {
        let answer = service.ask(method.clone(), path, Some(&content)).await?;
        ensure!(
            answer.status == expected,
            "{method} {path} {content}: {answer:?}"
        );
    }
    talk.end(service).await
}

async fn events(service: &Service) -> Result<()> {
    let mut talk = Talk::begin(service, json!({})).await?;
    let request = talk.peer.request().await?;
    ensure!(request.method == Method::GET, "{request:?}");
    ensure!(
        request.headers["accept"] == "text/event-stream",
        "{request:?}"
    );
    ensure!(
        request.headers["cache-control"] == "no-cache",
        "{request:?}"
    );
    ensure!(
        !request.headers.contains_key("last-event-id"),
        "{request:?}"
    );
    if service.kind.can("event-type-listeners") {
        let listen = json!({ "command": "listen", "listen": { "type": "tick" } });
        service.tell(&talk.stream, &listen).await?;
    }
    let stream = request.open()?;
    stream.send("\u{feff}data: one\n\n: nothing\nevent: tick\nid: ä\n")?;
    stream.send("data: two\ndata: lines\n\nda")?;
    stream.send("ta: three\r\n\r\nid: never\ndata: whole")?;
    let peer = &mut talk.peer;
    peer.expect(event("message", "one", "")).await?;
    if service.kind.can("comments") {
        peer.expect(json!({ "kind": "comment", "comment": "nothing" }))
            .await?;
    }
    peer.expect(event("tick", "two\nlines", "ä")).await?;
    peer.expect(event("message", "three", "ä")).await?;
    talk.end(service).await
}

async fn comment(service: &Service) -> Result<()> {
    let mut talk = Talk::begin(service, json!({})).await?;
    let stream = talk.peer.request().await?.open()?;
    stream.send(":no blank line\n")?;
    let expected = json!({ "kind": "comment", "comment": "no blank line" });
    talk.peer.expect(expected).await?;
    talk.end(service).await
}

async fn begins(service: &Service) -> Result<()> {
    let params = json!({ "lastEventId": "…", "headers": { "x-key": "value" } });
    let mut talk = Talk::begin(service, params).await?;
    let request = talk.peer.request().await?;
    ensure!(request.headers["x-key"] == "value", "{request:?}");
    ensure!(
        request.headers["last-event-id"].as_bytes() == "…".as_bytes(),
        "{request:?}"
    );
    request.open()?.send("data: one\n\n")?;
    talk.peer.expect(event("message", "one", "…")).await?;
    talk.end(service).await
}

async fn body_again(service: &Service) -> Result<()> {
    for method in ["POST", "REPORT"] {
        let params = json!({
            "method": method,
            "body": "{\"hello\": 1}",
            "headers": { "content-type": "application/json" },
            "initialDelayMs": 0,
        });
        let mut talk = Talk::begin(service, params).await?;
        for id in [None, Some("7")] {
            let request = talk.peer.request().await?;
            ensure!(request.method.as_str() == method, "{request:?}");
            ensure!(request.body == "{\"hello\": 1}", "{request:?}");
            ensure!(
                request.headers["content-type"] == "application/json",
                "{request:?}"
            );
            let sent = request.headers.get("last-event-id");
            ensure!(
                sent.map(|value| value.as_bytes()) == id.map(str::as_bytes),
                "{request:?}"
            );
            // The stream ends where it is dropped.
            request.open()?.send("id: 7\ndata: one\n\n")?;
            talk.peer.expect(event("message", "one", "7")).await?;
            talk.peer.expect_error().await?;
        }
        talk.end(service).await?;
    }
    Ok(())
}

async fn redirect_to_nowhere(service: &Service) -> Result<()> {
    let mut talk = Talk::begin(service, json!({})).await?;
    let request = talk.peer.request().await?;
    request.refuse(StatusCode::MOVED_PERMANENTLY)?;
    talk.peer.expect_error().await?;
    talk.end(service).await
}

async fn deleted(service: &Service) -> Result<()> {
    let mut talk = Talk::begin(service, json!({})).await?;
    let stream = talk.peer.request().await?.open()?;
    stream.send("data: one\n\n")?;
    talk.peer.expect(event("message", "one", "")).await?;
    // The other side lives until the connection is closed: it is the service that must close it.
    let answer = service.ask(Method::DELETE, &talk.stream, None).await?;
    ensure!(answer.status == StatusCode::NO_CONTENT, "{answer:?}");
    stream.closed().await
}

async fn silence(service: &Service) -> Result<()> {
    let params = json!({ "readTimeoutMs": 100, "initialDelayMs": 0 });
    let mut talk = Talk::begin(service, params).await?;
    // Not answered, ever: so nothing depends on who is faster.
    let _unanswered = talk.peer.request().await?;
    talk.peer.expect_error().await?;
    let _again = talk.peer.request().await?;
    talk.end(service).await
}

async fn restart(service: &Service) -> Result<()> {
    let params = json!({ "method": "POST", "body": "x" });
    let mut talk = Talk::begin(service, params).await?;
    let command = json!({ "command": "restart" });
    for (body, id, before) in [
        ("id: 1\ndata: one\n\n", "1", None),
        ("id: 2\ndata: one\n\n", "2", Some("1")),
    ] {
        let request = talk.peer.request().await?;
        ensure!(request.body == "x", "{request:?}");
        let sent = request.headers.get("last-event-id");
        ensure!(
            sent.map(|value| value.as_bytes()) == before.map(str::as_bytes),
            "{request:?}"
        );
        let stream = request.open()?;
        stream.send(body)?;
        talk.peer.expect(event("message", "one", id)).await?;
        service.tell(&talk.stream, &command).await?;
        stream.closed().await?;
    }
    // Now in the middle of a wait, which is an hour long.
    let request = talk.peer.request().await?;
    request.refuse(StatusCode::SERVICE_UNAVAILABLE)?;
    talk.peer.expect_error().await?;
    service.tell(&talk.stream, &command).await?;
    talk.peer.request().await?.refuse(StatusCode::NO_CONTENT)?;
    talk.end(service).await
}
