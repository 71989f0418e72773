//! Serves the streams, on plain sockets: so that what is written at once and what is not is ours to choose.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use eventwire_tests::bounded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::generate::Session;

/// A browser opens six connections to one origin. So there are several origins.
const ORIGINS: u64 = 8;

/// The sessions that are being played.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    ports: Vec<u16>,
    playing: Arc<Mutex<HashMap<u64, Playing>>>,
}

#[derive(Debug)]
struct Playing {
    session: Session,
    requests: Vec<Request>,
}

/// What a request for a stream said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The value's bytes; `None` where there is no such header.
    pub(crate) last_event_id: Option<Vec<u8>>,
}

impl Streams {
    pub(crate) async fn serve() -> Result<Streams> {
        let playing = Arc::<Mutex<HashMap<u64, Playing>>>::default();
        let mut ports = Vec::new();
        for _ in 0..ORIGINS {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            ports.push(listener.local_addr()?.port());
            let playing = playing.clone();
            tokio::spawn(async move {
                while let Ok((socket, _)) = listener.accept().await {
                    let playing = playing.clone();
                    tokio::spawn(async move {
                        // What is wrong with it is seen by what the page then lacks. Chromium also closes early, and
                        // opens connections that it does not use.
                        let _ = bounded("an answer", answer(socket, &playing)).await;
                    });
                }
            });
        }
        Ok(Streams { ports, playing })
    }

    /// Makes a session ready, and says where it is.
    pub(crate) fn add(&self, session: Session) -> String {
        let number = session.number;
        let port = self.ports[usize::try_from(number % ORIGINS).unwrap_or(0)];
        let playing = Playing {
            session,
            requests: Vec::new(),
        };
        self.lock().insert(number, playing);
        format!("http://127.0.0.1:{port}/{number}")
    }

    /// Ends a session, and gives the requests that came.
    pub(crate) fn remove(&self, number: u64) -> Result<(Session, Vec<Request>)> {
        let playing = self.lock().remove(&number);
        let playing = playing.with_context(|| format!("session {number} is not played"))?;
        Ok((playing.session, playing.requests))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Playing>> {
        self.playing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(mut socket: TcpStream, playing: &Mutex<HashMap<u64, Playing>>) -> Result<()> {
    socket.set_nodelay(true)?;
    let Some(head) = read_head(&mut socket).await? else {
        // Chromium opens connections that it may need, and does not.
        return Ok(());
    };
    let (number, request) = parse(&head)?;
    let stream = {
        let mut playing = playing.lock().unwrap_or_else(PoisonError::into_inner);
        playing.get_mut(&number).and_then(|playing| {
            let visit = playing.requests.len();
            playing.requests.push(request);
            playing.session.connections.get(visit).cloned()
        })
    };
    let Some(stream) = stream else {
        // This is what tells an EventSource not to come back.
        let gone = b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n";
        socket.write_all(gone).await?;
        return Ok(socket.shutdown().await?);
    };
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
        Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n";
    socket.write_all(head).await?;
    for chunk in stream.chunks {
        socket.write_all(&chunk.bytes).await?;
        if chunk.pause > 0 {
            sleep(Duration::from_millis(chunk.pause)).await;
        }
    }
    Ok(socket.shutdown().await?)
}

/// The bytes up to the empty line; `None` where the connection ends without any.
async fn read_head(socket: &mut TcpStream) -> Result<Option<Vec<u8>>> {
    const LONGEST: usize = 64 << 10;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < LONGEST, "a request has no end");
        if socket.read_buf(&mut head).await? == 0 {
            ensure!(head.is_empty(), "a request ends in its head");
            return Ok(None);
        }
    }
    Ok(Some(head))
}

/// The number in the path, and the header that matters.
fn parse(head: &[u8]) -> Result<(u64, Request)> {
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let number = first
        .strip_prefix("GET /")
        .and_then(|rest| rest.split(' ').next()?.parse().ok())
        .with_context(|| format!("{first:?} asks for no stream"))?;
    let last_event_id = lines.find_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let is_it = line[..colon].eq_ignore_ascii_case(b"last-event-id");
        is_it.then(|| without_spaces(&line[colon + 1..]).to_vec())
    });
    Ok((number, Request { last_event_id }))
}

/// A header's value: the spaces and tabs around it, and the CR behind it, are no part of it; other control characters are.
fn without_spaces(mut value: &[u8]) -> &[u8] {
    value = value.strip_suffix(b"\r").unwrap_or(value);
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
