//! Answers that are compressed. What a stream makes of them is in tests/fixtures/client/compression.json; here is the rest.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use eventwire_client::{ErrorKind, Publisher, PublisherOptions, TransportOptions};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::server::{Server, hasty};

const ZIPPED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// A whole answer with this body.
async fn answer(server: &Server, status: &str, encoding: &str, body: &[u8]) {
    let mut connection = server.accept().await;
    assert_eq!(
        connection.header("accept-encoding").as_deref(),
        Some("zstd,gzip,deflate,br")
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Encoding: {encoding}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.send([head.as_bytes(), body].concat()).await;
}

#[tokio::test]
async fn much_in_little_stops_neither_others_nor_a_close() {
    // The head of a frame of zstd, and blocks that say each: 128 KiB of line ends. One read of the socket takes it all.
    const BLOCKS: usize = 1024;
    const MIB: u64 = 1 << 20;
    let mut body = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    body.extend([0x02, 0x00, 0x10, b'\n'].repeat(BLOCKS));
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let closer = stream.closer();
    let serve = tokio::spawn(async move {
        let mut connection = server.accept().await;
        connection.send(ZIPPED.replace("gzip", "zstd")).await;
        connection.send(body).await;
        connection.gone().await;
    });
    let reading = async {
        while stream.stats().bytes < 16 * MIB {
            let before = stream.stats().bytes;
            let polled = poll_fn(|cx| Poll::Ready(pin!(stream.next()).poll(cx))).await;
            assert!(polled.is_pending(), "there is no event in it");
            let at_once = stream.stats().bytes - before;
            assert!(at_once <= 4 * MIB, "{at_once} bytes without a yield");
            tokio::task::yield_now().await;
        }
        closer.close();
        assert!(stream.next().await.is_none());
    };
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, reading).await.unwrap();
    serve.await.unwrap();
}

#[tokio::test]
async fn a_client_of_ones_own_asks_for_what_it_likes_and_need_not_decompress() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder;
    // The second is as one is that was built without the feature.
    for (client, accepts) in [
        (builder().build().unwrap(), Some("gzip")),
        (builder().no_gzip().build().unwrap(), None),
    ] {
        let server = Server::start();
        let transport = TransportOptions::new().client(client);
        let options = server.options().transport(transport).retry(hasty());
        let mut stream = options.open().unwrap();
        let talk = async {
            let mut connection = server.accept().await;
            assert_eq!(connection.header("accept-encoding").as_deref(), accepts);
            connection.send(ZIPPED).await;
            connection.send(gzip("id: 1\ndata: a\n\n")).await;
        };
        let ((), event) = tokio::join!(talk, stream.next());
        assert_eq!(event.unwrap().unwrap().data(), "a");
    }
}

#[tokio::test]
async fn a_publisher_reads_compressed_answers() {
    let server = Server::start();
    let publisher = Publisher::new(server.url(), PublisherOptions::new().no_retry()).unwrap();
    let talk = async {
        answer(&server, "200 OK", "gzip", &gzip(r#"{"id": "e-7"}"#)).await;
        let why = gzip(r#"{"error": "not here"}"#);
        answer(&server, "403 Forbidden", "gzip", &why).await;
        answer(&server, "200 OK", "gzip", &gzip("{}")[..12]).await;
        answer(&server, "200 OK", "compress", b"?").await;
        answer(&server, "403 Forbidden", "compress", b"?").await;
    };
    let publish = async {
        assert_eq!(publisher.publish("a", "x").await.unwrap(), "e-7");
        let mut errors = Vec::new();
        for _ in 0..4 {
            errors.push(publisher.publish("a", "x").await.unwrap_err());
        }
        errors
    };
    let talk = tokio::time::timeout(Duration::from_secs(30), talk);
    let (talked, errors) = tokio::join!(talk, publish);
    talked.unwrap();
    for (error, (kind, says)) in errors.iter().zip([
        (ErrorKind::Status, "not here"),
        (ErrorKind::Disconnected, "in the middle of its gzip"),
        (ErrorKind::Publish, "encoded as \"compress\""),
        (ErrorKind::Status, "encoded as \"compress\""),
    ]) {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}
