//! The way of a stream from hyper to a shard: what can be taken is, and what cannot gets the same bytes.

mod support;

use std::time::Duration;

use eventwire_server::{Access, Denied, Hub, Identity, ServeOptions, Server};
use tokio::io::AsyncWriteExt;

use support::{Raw, id, publish, unchunked, until, within};

async fn serve(hub: &Hub, threads: usize) -> Server {
    let options = ServeOptions::new().threads(threads);
    hub.serve("127.0.0.1:0", options).await.unwrap()
}

const STREAM: &str = "GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The head without its date, and the body, after some events and the end of the hub.
async fn whole(threads: usize, request: &str) -> (String, String) {
    let hub = Hub::builder()
        .retry(Duration::from_secs(3))
        .build()
        .unwrap();
    let server = serve(&hub, threads).await;
    publish(&hub, "a", "before").await;
    let mut raw = Raw::connect(&server).await;
    raw.send(request).await;
    until("it is subscribed", || hub.stats().subscribers == 1).await;
    for data in ["one", "two\nlines", "", &"large ".repeat(50_000)] {
        publish(&hub, "a", data).await;
        publish(&hub, "b", "of others").await;
    }
    hub.close();
    let all = raw
        .rest()
        .await
        .replace(hub.stats().last.epoch(), "an_epoch");
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    let (before, date) = head.split_once("\r\ndate: ").unwrap();
    assert_eq!(date.len(), "Thu, 26 Nov 2026 04:53:00 GMT".len(), "{head}");
    let chunked = head.contains("transfer-encoding: chunked");
    assert_eq!(chunked, head.starts_with("HTTP/1.1"), "{head}");
    let body = if chunked {
        let (body, ended) = unchunked(body);
        assert!(ended, "a stream that is whole says so");
        body
    } else {
        body.to_owned()
    };
    assert_eq!(hub.stats().ended.closed, 1);
    (before.to_owned(), body)
}

#[tokio::test]
async fn a_shard_writes_what_hyper_would() {
    for request in [
        STREAM,
        "GET /events?topic=a HTTP/1.0\r\n\r\n",
        "GET /events?topic=a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n",
        "GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: none\r\n\r\n",
        "GET /events?topic=a&start=earliest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (shard, hyper) = (whole(1, request).await, whole(0, request).await);
        // hyper offers HTTP/1.0 to go on, after having said that it will not.
        let hyper_head = hyper.0.replace("close, keep-alive", "close");
        assert_eq!(shard.0, hyper_head, "{request}");
        assert!(shard.1 == hyper.1, "{request}: the bodies differ");
    }
}

#[tokio::test]
async fn a_shard_has_the_stream_however_its_head_comes() {
    let hub = Hub::new();
    let server = serve(&hub, 2).await;
    let mut raw = Raw::connect(&server).await;
    for byte in STREAM.as_bytes() {
        within(raw.socket.write_all(&[*byte])).await.unwrap();
        tokio::task::yield_now().await;
    }
    raw.take("-0\n\n").await;
    assert_eq!((server.sharded(), server.connections()), (1, 1));
    let id = publish(&hub, "a", "x").await;
    raw.take(&format!("id: {id}\ndata: x\n\n")).await;
    drop(raw);
    until("it is gone", || hub.stats().ended.gone == 1).await;
    until("its place is free", || server.connections() == 0).await;
    assert_eq!(server.sharded(), 0);
}

#[tokio::test]
async fn what_was_asked_before_is_answered_before() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    let mut raw = Raw::connect(&server).await;
    // More than the system buffers: nobody reads until all is asked. Each answer names what was asked for.
    let missing = "x".repeat(8_000);
    let before = format!("GET /{missing} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (mut reads, mut writes) = raw.socket.into_split();
    let asked = tokio::spawn(async move {
        for _ in 0..500 {
            writes.write_all(before.as_bytes()).await.unwrap();
        }
        writes.write_all(STREAM.as_bytes()).await.unwrap();
        writes
    });
    let mut got = String::new();
    let mut answers = 0;
    while !got.contains("-0\n\n") {
        let mut bytes = vec![0; 64 << 10];
        let count = within(tokio::io::AsyncReadExt::read(&mut reads, &mut bytes)).await;
        got.push_str(std::str::from_utf8(&bytes[..count.unwrap()]).unwrap());
        while let Some(at) = got.find("try /events, /health or /metrics\"}\n") {
            assert!(got[..at].contains("404 Not Found"), "{got}");
            got.drain(..at + 25);
            answers += 1;
        }
    }
    assert_eq!(answers, 500);
    assert_eq!(server.sharded(), 1);
    raw.socket = reads.reunite(within(asked).await.unwrap()).unwrap();
    raw.got = got;
    let id = publish(&hub, "a", "x").await;
    raw.take(&format!("id: {id}\ndata: x\n\n")).await;
}

#[tokio::test]
async fn what_is_asked_behind_a_stream_does_not_end_it() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(&format!(
        "{STREAM}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ))
    .await;
    raw.take("-0\n\n").await;
    assert_eq!(server.sharded(), 0, "its socket is not free");
    let id = publish(&hub, "a", "x").await;
    raw.take(&format!("id: {id}\ndata: x\n\n")).await;
    assert!(within(server.drain(Duration::from_secs(10))).await);
    assert!(raw.rest().await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_client_that_goes_on_talking_ends_its_stream() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(STREAM).await;
    raw.take("-0\n\n").await;
    raw.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(raw.rest().await, "\r\n");
    until("it is counted", || hub.stats().ended.gone == 1).await;
}

#[tokio::test]
async fn a_client_that_says_no_more_has_gone() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(STREAM).await;
    raw.take("-0\n\n").await;
    within(raw.socket.shutdown()).await.unwrap();
    assert_eq!(raw.rest().await, "\r\n");
    until("it is counted", || hub.stats().ended.gone == 1).await;
}

#[tokio::test]
async fn a_client_that_is_gone_before_its_answer_leaves_nothing() {
    let hub = Hub::new();
    let asked = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let permits = asked.clone();
    let authorizer = move |_: Access| {
        permits.add_permits(1);
        std::future::pending::<Result<Identity, Denied>>()
    };
    let options = ServeOptions::new().threads(1).authorizer(authorizer);
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    let mut raw = Raw::connect(&server).await;
    raw.send(STREAM).await;
    within(asked.acquire()).await.unwrap().forget();
    drop(raw);
    until("its connection is gone", || server.connections() == 0).await;
    assert_eq!((hub.stats().subscribers, server.sharded()), (0, 0));
}

#[tokio::test]
async fn a_publish_on_the_same_connection_comes_first() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    for (framing, body, sharded) in [
        ("Content-Length: 14", "topic=a&data=x", 1),
        // Where a body of chunks ends is known to hyper alone: it keeps the connection.
        (
            "Transfer-Encoding: chunked",
            "e\r\ntopic=a&data=x\r\n0\r\n\r\n",
            0,
        ),
    ] {
        let mut raw = Raw::connect(&server).await;
        raw.send(&format!(
            "POST /events HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}{STREAM}"
        ))
        .await;
        let answer = raw.take("\"}\n").await;
        assert!(answer.contains("200 OK"), "{answer}");
        let last = hub.stats().last.offset();
        raw.take(&format!("id: {}\n\n", id(&hub, last))).await;
        assert_eq!(server.sharded(), sharded, "{framing}");
        drop(raw);
        until("it is gone", || server.connections() == 0).await;
    }
}

#[tokio::test]
async fn a_refused_stream_leaves_the_connection_as_it_was() {
    let hub = Hub::new();
    let server = serve(&hub, 1).await;
    let mut raw = Raw::connect(&server).await;
    raw.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    raw.take("400 Bad Request").await;
    raw.take("}\n").await;
    raw.send(STREAM).await;
    raw.take("-0\n\n").await;
    assert_eq!(server.sharded(), 1);
}
