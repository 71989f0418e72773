//! The bare loop of send(2): what delivering to so many sockets costs at least, with one send for each.
//!
//! Nothing of HTTP but a canned head: whatever begins with `GET` subscribes, and the body of whatever begins with `POST` is
//! published. It has no heartbeat, no limit, no replay.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
const PUBLISHED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const LISTENER: Token = Token(usize::MAX);
/// What subscribers may be behind, in bytes; the bursts are smaller.
const BEHIND: usize = 64 << 20;

struct Connection {
    socket: TcpStream,
    /// What it has sent of a request.
    request: Vec<u8>,
    /// How much of the log it has, once it is a subscriber.
    has: Option<u64>,
}

/// The frames that somebody lacks.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
    /// The position of the first byte.
    start: u64,
}

impl Log {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn push(&mut self, data: &[u8]) {
        let event = data.len() + b"data: \n\n".len();
        self.bytes
            .extend_from_slice(format!("{event:x}\r\ndata: ").as_bytes());
        self.bytes.extend_from_slice(data);
        self.bytes.extend_from_slice(b"\n\n\r\n");
    }

    /// What follows a position; `None` where it is gone.
    fn after(&self, position: u64) -> Option<&[u8]> {
        self.bytes
            .get(usize::try_from(position.checked_sub(self.start)?).ok()?..)
    }

    /// Forgets what everybody has, and what is too much.
    fn trim(&mut self, slowest: u64) {
        let least = self.end().saturating_sub(BEHIND as u64);
        let gone = slowest.max(least) - self.start;
        self.bytes.drain(..usize::try_from(gone).unwrap_or(0));
        self.start += gone;
    }
}

fn main() -> Result<()> {
    let mut poll = Poll::new()?;
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut listener = TcpListener::bind(address)?;
    println!("listening on http://{}", listener.local_addr()?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut log = Log::default();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&poll, &listener, &mut connections)?;
                continue;
            }
            let slot = &mut connections[event.token().0];
            let Some(connection) = slot else { continue };
            let before = log.end();
            if connection.ready(&mut log).is_err() {
                *slot = None;
            }
            if log.end() > before {
                send_all(&mut connections, &mut log);
            }
        }
    }
}

fn accept(
    poll: &Poll,
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut socket, _)) => {
                socket.set_nodelay(true)?;
                let free = connections.iter().position(Option::is_none);
                let index = free.unwrap_or(connections.len());
                let interest = Interest::READABLE | Interest::WRITABLE;
                poll.registry()
                    .register(&mut socket, Token(index), interest)?;
                let connection = Connection {
                    socket,
                    request: Vec::new(),
                    has: None,
                };
                if index == connections.len() {
                    connections.push(None);
                }
                connections[index] = Some(connection);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The loop.
fn send_all(connections: &mut [Option<Connection>], log: &mut Log) {
    let mut slowest = log.end();
    for slot in connections {
        let Some(connection) = slot else { continue };
        if connection.send(log).is_err() {
            *slot = None;
        } else {
            slowest = slowest.min(connection.has.unwrap_or(slowest));
        }
    }
    log.trim(slowest);
}

impl Connection {
    fn ready(&mut self, log: &mut Log) -> io::Result<()> {
        self.send(log)?;
        let mut buffer = [0; 64 << 10];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.request.extend_from_slice(&buffer[..count]);
                    self.requests(log)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn requests(&mut self, log: &mut Log) -> io::Result<()> {
        let mut rest = self.request.as_slice();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut headers);
            let Ok(httparse::Status::Complete(head)) = request.parse(rest) else {
                break;
            };
            let length = request
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case("content-length"));
            let length = length
                .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
                .unwrap_or(0);
            let is_subscription = request.method == Some("GET");
            let Some(body) = rest[head..].get(..length) else {
                break;
            };
            if is_subscription {
                self.socket.write_all(HEAD)?;
                self.has = Some(log.end());
            } else {
                log.push(body);
                self.socket.write_all(PUBLISHED)?;
            }
            rest = &rest[head + length..];
        }
        let left = rest.len();
        self.request.drain(..self.request.len() - left);
        Ok(())
    }

    /// One send, unless the socket takes less than all.
    fn send(&mut self, log: &Log) -> io::Result<()> {
        let Some(has) = &mut self.has else {
            return Ok(());
        };
        loop {
            let Some(lacks) = log.after(*has) else {
                return Err(io::Error::other("too far behind"));
            };
            if lacks.is_empty() {
                return Ok(());
            }
            match self.socket.write(lacks) {
                Ok(count) => *has += count as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
