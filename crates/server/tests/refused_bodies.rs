//! A body that is refused: its sender can read why, also if it sends all of it first.

mod support;

use eventwire_server::{Hub, ServeOptions, Server};
use tokio::io::AsyncWriteExt;

use support::{Raw, serve, within};

/// More than the buffers of two sockets hold.
const LARGE: usize = 20 << 20;

async fn send_all_then_read(server: &Server, headers: &str, body: &[u8]) -> String {
    let mut raw = Raw::connect(server).await;
    let form = "Content-Type: application/x-www-form-urlencoded";
    let head = format!("POST /events HTTP/1.1\r\nHost: localhost\r\n{form}\r\n{headers}\r\n");
    within(raw.socket.write_all(head.as_bytes())).await.unwrap();
    within(raw.socket.write_all(body)).await.unwrap();
    raw.rest().await
}

#[tokio::test]
async fn one_that_is_too_large_is_a_413_that_can_be_read() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let body = vec![b'x'; LARGE];
    let length = format!("Content-Length: {LARGE}\r\n");
    for _ in 0..5 {
        let answer = send_all_then_read(&server, &length, &body).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("larger than 16777216 bytes"), "{answer}");
    }
}

#[tokio::test]
async fn one_without_a_length_is_refused_as_readably() {
    let hub = Hub::new();
    let options = ServeOptions::new().max_body(1000);
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    let mut body = format!("{LARGE:x}\r\n").into_bytes();
    body.resize(body.len() + LARGE, b'x');
    body.extend_from_slice(b"\r\n0\r\n\r\n");
    for _ in 0..5 {
        let answer = send_all_then_read(&server, "Transfer-Encoding: chunked\r\n", &body).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
}

#[tokio::test]
async fn one_of_who_may_not_publish_is_refused_as_readably() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let headers = format!("Origin: https://example.org\r\nContent-Length: {LARGE}\r\n");
    let answer = send_all_then_read(&server, &headers, &vec![b'x'; LARGE]).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_readably() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let filler = format!("A: {}\r\n", "x".repeat(4 << 20));
    let answer = send_all_then_read(&server, &filler, b"").await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_server_that_is_closed_waits_for_no_body() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::connect(&server).await;
    let head = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n";
    raw.send(&format!("{head}Content-Length: 1000\r\n\r\nx"))
        .await;
    assert!(raw.rest().await.starts_with("HTTP/1.1 415 "));
    assert_eq!(server.connections(), 1);
    server.close();
    support::until("the connection is closed", || server.connections() == 0).await;
}
