//! The bodies of the real reqwest and the real hyper, over real sockets.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;

use bytes::Bytes;
use eventwire::{DecodeStream, DecodeStreamError, Event, decode};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStream;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TEXT: &str = "\u{feff}event: gruß\r\ndata: zwölf\r\ndata: 🎈\r\n\r\nid: 7\r\ndata: {\"n\": 1}\r\n\r\ndata: cut off\r\n";

fn events() -> [Event; 2] {
    [
        Event::new("zwölf\n🎈").with_type("gruß"),
        Event::new("{\"n\": 1}").with_id("7"),
    ]
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n";

enum End {
    Whole,
    Cut,
    Open,
}

/// Answers one request with these parts, each as a chunk of its own, and with this end. The task says how much more the client
/// sent before it closed.
async fn serve(
    head: &'static str,
    parts: Vec<Vec<u8>>,
    end: End,
) -> (SocketAddr, tokio::task::JoinHandle<io::Result<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(socket.read_u8().await?);
        }
        socket.set_nodelay(true)?;
        socket.write_all(HEAD.as_bytes()).await?;
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(b"\r\n").await?;
        for part in parts {
            socket
                .write_all(format!("{:x}\r\n", part.len()).as_bytes())
                .await?;
            socket.write_all(&part).await?;
            socket.write_all(b"\r\n").await?;
            tokio::task::yield_now().await;
        }
        match end {
            End::Whole => socket.write_all(b"0\r\n\r\n").await?,
            End::Cut => socket.shutdown().await?,
            End::Open => {}
        }
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).await
    });
    (address, task)
}

fn in_bytes(text: &[u8]) -> Vec<Vec<u8>> {
    text.iter().map(|byte| vec![*byte]).collect()
}

#[derive(Clone, Copy, Debug)]
enum Client {
    Reqwest,
    Hyper,
}

const CLIENTS: [Client; 2] = [Client::Reqwest, Client::Hyper];

impl Client {
    /// Reads up to the end, or up to so many events: these, and the error where there was one, in words.
    async fn read(self, address: SocketAddr, at_most: usize) -> (Vec<Event>, Option<String>) {
        match self {
            Client::Reqwest => {
                // The workspace builds reqwest without a cryptography of its own. (Another test may have set it up.)
                let _ = rustls::crypto::ring::default_provider().install_default();
                let url = format!("http://{address}/stream");
                let response = reqwest::get(url).await.unwrap();
                read(decode(response.bytes_stream()), at_most).await
            }
            Client::Hyper => {
                let socket = TcpStream::connect(address).await.unwrap();
                let (mut sender, connection) =
                    http1::handshake(TokioIo::new(socket)).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get("/stream")
                    .header("host", address.to_string())
                    .body(Empty::<Bytes>::new())
                    .unwrap();
                let response = sender.send_request(request).await.unwrap();
                read(decode(response.into_body().into_data_stream()), at_most).await
            }
        }
    }
}

async fn read<S>(mut events: DecodeStream<S>, at_most: usize) -> (Vec<Event>, Option<String>)
where
    S: TryStream<Ok = Bytes, Error: Error + 'static> + Unpin,
{
    let mut seen = Vec::new();
    while seen.len() < at_most {
        match events.next().await {
            Some(Ok(event)) => seen.push(event),
            Some(Err(error)) => {
                assert!(events.next().await.is_none(), "an error is the end");
                assert!(matches!(error, DecodeStreamError::Transport(_)));
                let cause = error.source().map(ToString::to_string);
                return (seen, cause);
            }
            None => break,
        }
    }
    (seen, None)
}

const ALL: usize = usize::MAX;

#[tokio::test]
async fn chunks_may_end_inside_a_character_and_a_crlf() {
    for client in CLIENTS {
        let (address, _server) = serve("", in_bytes(TEXT.as_bytes()), End::Whole).await;
        let (seen, error) = client.read(address, ALL).await;
        assert_eq!((seen, error), (events().into(), None), "{client:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_the_clients_own_error_after_the_events_before_it() {
    for client in CLIENTS {
        let (address, _server) = serve("", vec![TEXT.into()], End::Cut).await;
        let (seen, error) = client.read(address, ALL).await;
        assert_eq!(seen, events(), "{client:?}");
        assert!(
            error.is_some_and(|text| text.contains("body")),
            "{client:?}"
        );
    }
}

#[tokio::test]
async fn dropping_the_events_closes_the_connection() {
    for client in CLIENTS {
        let (address, server) = serve("", vec![b"data: 1\n\n".to_vec()], End::Open).await;
        let (seen, _) = client.read(address, 1).await;
        assert_eq!(seen, [Event::new("1")], "{client:?}");
        // The server reads until the client has closed, or reset.
        let sent = server.await.unwrap();
        assert!(!matches!(sent, Ok(1..)), "{client:?}: {sent:?}");
    }
}

#[tokio::test]
async fn what_reqwest_decompresses_is_decoded() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(TEXT.as_bytes()).unwrap();
    let parts = in_bytes(&gzip.finish().unwrap());
    let (address, _server) = serve("Content-Encoding: gzip\r\n", parts, End::Whole).await;
    let (seen, error) = Client::Reqwest.read(address, ALL).await;
    assert_eq!((seen, error), (events().into(), None));
}
