//! The proxy itself: it changes nothing, its cut is inside a frame, and the client sees a reset.

use std::io::ErrorKind;
use std::net::SocketAddr;

use eventwire_tests::bounded;
use eventwire_tests::proxy::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that sends what the test says.
struct Scripted {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Scripted {
    async fn start() -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        Scripted { listener, addr }
    }

    /// The next connection, its request read.
    async fn accept(&self) -> (TcpStream, String) {
        let (mut stream, _) = bounded("a connection", self.listener.accept())
            .await
            .unwrap()
            .unwrap();
        stream.set_nodelay(true).unwrap();
        let head = read_until(&mut stream, b"\r\n\r\n").await;
        (stream, head)
    }
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        bytes.push(bounded("a byte", stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

async fn request(proxy: &Proxy, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    let head = format!(
        "GET /events?topic=t HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
        proxy.addr()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// All that comes until the connection ends, and how it ends.
async fn drain(stream: &mut TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = bounded("the end", stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    (bytes, end.map(drop).map_err(|error| error.kind()))
}

#[tokio::test]
async fn the_cut_is_a_reset_inside_a_frame_and_what_comes_back_waits() {
    let server = Scripted::start().await;
    let proxy = Proxy::start(server.addr).await.unwrap();
    let mut client = request(&proxy, "").await;
    let (mut upstream, _) = server.accept().await;
    let whole = HEAD.to_owned() + &chunk("id: e-1\n\n") + &chunk("id: e-2\ndata: one\n\n");
    upstream.write_all(whole.as_bytes()).await.unwrap();
    assert_eq!(read_until(&mut client, b"one\n\n\r\n").await, whole);
    let visit = proxy.answered(0).await.unwrap();
    assert_eq!(
        (visit.mark.as_deref(), visit.first.unwrap().data()),
        (Some("e-1"), "one")
    );
    assert_eq!(visit.last_event_id, None);
    assert!(visit.peer.is_some() && visit.opened);

    proxy.arm();
    upstream
        .write_all(chunk("id: e-3\ndata: abcdefgh\n\n").as_bytes())
        .await
        .unwrap();
    let cut = proxy.cut(0).await.unwrap();
    assert_eq!(cut.last_event_id, "e-2");
    assert_eq!(cut.open_frame, b"id: e-3\ndata: abcd");
    let (bytes, end) = drain(&mut client).await;
    assert!(bytes.ends_with(&cut.open_frame), "{bytes:?}");
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    // The server sees an end too.
    drain(&mut upstream).await.1.unwrap();

    let mut client = request(&proxy, "Last-Event-ID: e-2\r\n").await;
    let visit = proxy.visit(1).await.unwrap();
    assert_eq!(visit.last_event_id.as_deref(), Some(&b"e-2"[..]));
    assert_eq!(visit.peer, None, "it was forwarded while it was to be held");
    proxy.release();
    let (mut upstream, head) = server.accept().await;
    assert!(head.contains("\r\nLast-Event-ID: e-2\r\n"), "{head}");
    let replay = HEAD.to_owned() + &chunk("id: e-2\n\nid: e-3\ndata: abcdefgh\n\n");
    upstream.write_all(replay.as_bytes()).await.unwrap();
    assert_eq!(read_until(&mut client, b"\n\n\r\n").await, replay);
    let visit = proxy.answered(1).await.unwrap();
    assert_eq!(
        (visit.mark.as_deref(), visit.first.unwrap().id()),
        (Some("e-2"), "e-3")
    );
    drop(client);
    proxy.idle().await.unwrap();
}

/// However the bytes arrive: byte by byte, many frames at once, a chunk's edge inside a line.
#[tokio::test]
async fn the_cut_is_inside_a_data_line_for_every_chunking() {
    let body = "id: e-7\n\n: comment\n\nevent: data\nid: e-8\ndata: née à Zürich\ndata: 東京\n\n";
    for size in 1..=body.len() {
        let server = Scripted::start().await;
        let proxy = Proxy::start(server.addr).await.unwrap();
        proxy.arm();
        let mut client = request(&proxy, "").await;
        let (mut upstream, _) = server.accept().await;
        let mut raw = HEAD.as_bytes().to_vec();
        for piece in body.as_bytes().chunks(size) {
            raw.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            raw.extend_from_slice(piece);
            raw.extend_from_slice(b"\r\n");
        }
        // The proxy may be gone before all is written.
        for piece in raw.chunks(size) {
            if upstream.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let cut = proxy.cut(0).await.unwrap();
        assert_eq!(cut.last_event_id, "e-7", "in pieces of {size}");
        let begin = b"event: data\nid: e-8\ndata: ".len();
        assert!(
            cut.open_frame.starts_with(b"event: data\nid: e-8\ndata: "),
            "in pieces of {size}: {cut:?}"
        );
        assert!(
            cut.open_frame.len() > begin && !cut.open_frame.ends_with(b"\n"),
            "in pieces of {size}: {cut:?}"
        );
        let (bytes, end) = drain(&mut client).await;
        assert!(raw.starts_with(&bytes), "in pieces of {size}");
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "in pieces of {size}");
    }
}

#[tokio::test]
async fn what_is_no_stream_passes_unchanged_and_a_refused_connection_is_reset() {
    let server = Scripted::start().await;
    let proxy = Proxy::start(server.addr).await.unwrap();
    let mut client = request(&proxy, "").await;
    let (mut upstream, _) = server.accept().await;
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\ndata: x\n";
    proxy.arm();
    upstream.write_all(answer.as_bytes()).await.unwrap();
    assert_eq!(read_until(&mut client, b"x\n").await, answer);
    drop(upstream);
    assert_eq!(drain(&mut client).await, (Vec::new(), Ok(())));

    proxy.refuse();
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    proxy.refused(1).await.unwrap();
    assert_eq!(drain(&mut client).await.1, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_request_that_waits_may_go_away() {
    let server = Scripted::start().await;
    let proxy = Proxy::start(server.addr).await.unwrap();
    proxy.hold();
    let client = request(&proxy, "").await;
    proxy.visit(0).await.unwrap();
    drop(client);
    proxy.idle().await.unwrap();
}
