//! What the tests on real sockets share. Every wait is bounded; none is measured.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::future::Future;
use std::time::Duration;

use eventwire_server::{Hub, Publication, ServeOptions, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes, so that a test that fails does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it does not hang")
}

pub(crate) async fn serve(hub: &Hub) -> Server {
    hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap()
}

pub(crate) async fn publish(hub: &Hub, topic: &str, data: &str) -> String {
    hub.publish(Publication::new(topic, data))
        .await
        .unwrap()
        .to_string()
}

pub(crate) fn id(hub: &Hub, offset: u64) -> String {
    format!("{}-{offset}", hub.stats().last.epoch())
}

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("{what}"));
}

/// A connection, byte by byte as it is.
pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    pub(crate) got: String,
}

impl Raw {
    pub(crate) async fn connect(server: &Server) -> Self {
        let socket = within(TcpStream::connect(server.local_addr()))
            .await
            .unwrap();
        Self {
            socket,
            got: String::new(),
        }
    }

    pub(crate) async fn try_connect(address: std::net::SocketAddr) -> Option<TcpStream> {
        within(TcpStream::connect(address)).await.ok()
    }

    pub(crate) async fn send(&mut self, text: &str) {
        within(self.socket.write_all(text.as_bytes()))
            .await
            .unwrap();
    }

    pub(crate) async fn get(server: &Server, target: &str, headers: &str) -> Self {
        let mut raw = Self::connect(server).await;
        raw.send(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        ))
        .await;
        raw
    }

    /// More bytes; false at the end.
    pub(crate) async fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let count = within(self.socket.read(&mut bytes)).await.unwrap_or(0);
        self.got
            .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        count > 0
    }

    /// Everything up to and with `end`, which is taken out.
    pub(crate) async fn take(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.got.find(end) {
                return self.got.drain(..at + end.len()).collect();
            }
            assert!(
                self.more().await,
                "ended after {:?}, without {end:?}",
                self.got
            );
        }
    }

    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        std::mem::take(&mut self.got)
    }
}

/// The body that chunks hold, and whether the last one was there.
pub(crate) fn unchunked(mut chunks: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            assert_eq!(rest, "\r\n", "nothing follows the end");
            return (body, true);
        }
        let Some(data) = rest.get(..size) else {
            body.push_str(rest);
            return (body, false);
        };
        body.push_str(data);
        chunks = rest[size..].strip_prefix("\r\n").unwrap_or_default();
    }
    (body, false)
}
