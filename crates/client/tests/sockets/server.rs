//! A server that does only what the test says.

use std::net::SocketAddr;
use std::time::Duration;

use eventwire_client::{ConnectOptions, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The head of an answer that is an event stream, to the end of the connection.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) fn start() -> Server {
        Deserted::new().start()
    }

    /// Stops listening.
    pub(crate) fn kill(self) -> Deserted {
        let address = self.listener.local_addr().unwrap();
        drop(self);
        Deserted::at(address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.address())
    }

    /// Options for this server that do not wait long.
    pub(crate) fn options(&self) -> ConnectOptions {
        ConnectOptions::new(self.url()).retry(hasty())
    }

    /// The next connection, whatever it says.
    pub(crate) async fn accept_raw(&self) -> Connection {
        let (socket, _) = self.listener.accept().await.unwrap();
        Connection {
            socket,
            request: String::new(),
        }
    }

    /// The next connection, its request read to the end of its head and of its body.
    pub(crate) async fn accept(&self) -> Connection {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        let mut request = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&request).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = header(head, "content-length")
                    .and_then(|length| length.parse().ok())
                    .unwrap_or(0);
                if body.len() >= length {
                    return Connection {
                        socket,
                        request: text,
                    };
                }
            }
            let mut bytes = [0; 4096];
            let n = socket.read(&mut bytes).await.unwrap();
            assert!(n > 0, "the client went away inside its request: {text:?}");
            request.extend_from_slice(&bytes[..n]);
        }
    }
}

pub(crate) fn hasty() -> RetryPolicy {
    RetryPolicy::new()
        .base(Duration::from_millis(10))
        .min(Duration::ZERO)
}

/// A port that is taken, and that nobody listens on: nobody else can come to have it meanwhile.
pub(crate) struct Deserted {
    socket: TcpSocket,
}

impl Deserted {
    pub(crate) fn new() -> Deserted {
        Deserted::at("127.0.0.1:0".parse().unwrap())
    }

    fn at(address: SocketAddr) -> Deserted {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        Deserted { socket }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.socket.local_addr().unwrap())
    }

    pub(crate) fn start(self) -> Server {
        Server {
            listener: self.socket.listen(16).unwrap(),
        }
    }
}

pub(crate) struct Connection {
    socket: TcpStream,
    pub(crate) request: String,
}

impl Connection {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        header(&self.request, name)
    }

    pub(crate) fn body(&self) -> serde_json::Value {
        serde_json::from_str(self.request.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.socket.write_all(text.as_ref()).await.unwrap();
    }

    /// A whole answer, after which the connection is closed.
    pub(crate) async fn answer(mut self, status: &str, headers: &str, body: &str) {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
            body.len()
        );
        self.send(head + body).await;
    }

    /// Ends the connection by a TCP reset.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// Waits until the client has gone away.
    pub(crate) async fn gone(mut self) {
        let mut rest = [0; 1024];
        while !matches!(self.socket.read(&mut rest).await, Ok(0) | Err(_)) {}
    }

    /// Sends comments until the client has gone away.
    pub(crate) async fn heartbeat(mut self) {
        while self.socket.write_all(b":\n\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends until the socket takes no more, and says how much that was.
    pub(crate) async fn flood(&mut self, frame: &str) -> usize {
        let mut sent = 0;
        let stalled = Duration::from_millis(500);
        while let Ok(result) =
            tokio::time::timeout(stalled, self.socket.write_all(frame.as_bytes())).await
        {
            result.unwrap();
            sent += frame.len();
        }
        sent
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}
