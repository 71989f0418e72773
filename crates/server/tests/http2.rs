//! The hub over HTTP/2, by prior knowledge.

mod support;

use std::time::Duration;

use bytes::Bytes;
use eventwire_server::{Hub, ServeOptions, Server};
use http_body_util::{BodyExt, Empty};
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use support::{PATIENCE, id, publish, serve, until, within};

/// A connection that gives each stream so much window, and more as it is read.
async fn connect(
    server: &Server,
    window: u32,
) -> (SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let socket = TcpStream::connect(server.local_addr()).await.unwrap();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (client, connection) = within(builder.handshake(TokioIo::new(socket)))
        .await
        .unwrap();
    (client, tokio::spawn(connection))
}

async fn get(client: &mut SendRequest<Empty<Bytes>>, url: &str) -> Response<Incoming> {
    let request = http::Request::get(url).body(Empty::new()).unwrap();
    within(client.send_request(request)).await.unwrap()
}

/// The next bytes of a stream.
async fn next(stream: &mut Incoming) -> hyper::Result<Bytes> {
    let frame = within(stream.frame()).await.expect("it has not ended");
    frame.map(|frame| frame.into_data().unwrap())
}

#[tokio::test]
async fn http_2_by_prior_knowledge_carries_many_streams_and_no_connection_header() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let (mut client, connection) = connect(&server, 1 << 20).await;
    let mut streams = Vec::new();
    for topic in ["a", "b"] {
        let url = format!("{}/events?topic={topic}", server.url());
        let response = get(&mut client, &url).await;
        assert_eq!(
            (response.version(), response.status().as_u16()),
            (http::Version::HTTP_2, 200)
        );
        assert!(!response.headers().contains_key("connection"));
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        streams.push(response.into_body());
    }
    for (stream, topic) in streams.iter_mut().zip(["a", "b"]) {
        let mark = next(stream).await.unwrap();
        assert_eq!(mark, format!("id: {}\n\n", id(&hub, 0)));
        let id = publish(&hub, topic, "x").await;
        let event = next(stream).await.unwrap();
        assert_eq!(event, format!("id: {id}\ndata: x\n\n"));
    }
    let gone = streams.pop();
    drop(gone);
    until("one stream goes alone", || hub.stats().subscribers == 1).await;

    // The host is checked here too.
    let evil = get(&mut client, "http://evil.example/health").await;
    assert_eq!(evil.status(), 421);

    assert!(within(server.drain(PATIENCE)).await);
    let rest = within(streams.remove(0).collect()).await;
    assert!(rest.expect("a clean end").to_bytes().is_empty());
    within(connection).await.unwrap().unwrap();
}

/// A stream that is left unread, on a connection on which another is read.
#[tokio::test]
async fn a_stream_without_window_is_ended_and_the_others_go_on() {
    // Not even for the mark; for some events; for more than one piece.
    for window in [0, 10_000, 40_000] {
        let hub = Hub::builder().max_bytes(1 << 30).build().unwrap();
        let options = ServeOptions::new().write_timeout(Duration::from_millis(200));
        let server = hub.serve("127.0.0.1:0", options).await.unwrap();
        let url = format!("{}/events?topic=a", server.url());
        let (mut client, _connection) = connect(&server, window).await;
        let mut stalls = get(&mut client, &url).await.into_body();
        // The rest of this client has window.
        let (mut other, _connection) = connect(&server, 1 << 20).await;
        let mut reads = get(&mut other, &url).await.into_body();
        let unread = get(&mut other, &url).await.into_body();
        until("all are there", || hub.stats().subscribers == 3).await;
        let data = "x".repeat(20_000);
        let reading = tokio::spawn(async move {
            let mut all = String::new();
            while !all.ends_with("data: the end\n\n") {
                all.push_str(std::str::from_utf8(&next(&mut reads).await.unwrap()).unwrap());
            }
            (all, reads)
        });
        let mut expected = format!("id: {}\n\n", id(&hub, 0));
        for _ in 0..200 {
            let id = publish(&hub, "a", &data).await;
            expected.push_str(&format!("id: {id}\ndata: {data}\n\n"));
        }
        until("they are ended", || hub.stats().ended.stalled == 2).await;
        let end = publish(&hub, "a", "the end").await;
        expected.push_str(&format!("id: {end}\ndata: the end\n\n"));
        let (all, reads) = within(reading).await.unwrap();
        assert!(all == expected, "who reads misses nothing");
        assert_eq!(hub.stats().subscribers, 1);
        // What it had got is the beginning, and it is told that it is not all.
        let mut got = Vec::new();
        let error = loop {
            match next(&mut stalls).await {
                Ok(bytes) => got.extend_from_slice(&bytes),
                Err(error) => break error,
            }
        };
        assert!(got.len() <= window as usize && expected.as_bytes().starts_with(&got));
        assert!(format!("{error:?}").contains("CANCEL"), "{error:?}");
        // Each connection lives on.
        for client in [&mut client, &mut other] {
            let health = get(client, &format!("{}/health", server.url())).await;
            assert_eq!(health.status(), 200);
        }
        drop((reads, unread));
        until("nobody is left", || hub.stats().subscribers == 0).await;
    }
}
