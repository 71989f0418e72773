//! A server that does what a case says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::{Addresses, Asked, Case, Filled, Script, Step};

/// A case that is being played, on addresses of its own. Dropped, it ends with all of its connections.
#[derive(Debug)]
pub struct Play {
    case: Filled,
    asked: Arc<Mutex<Vec<Asked>>>,
    // Bound and never listening: nobody else can come to have it meanwhile.
    _deserted: TcpSocket,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Clone)]
struct Stage {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
    base: String,
}

impl Play {
    /// Begins it.
    ///
    /// # Errors
    ///
    /// Where there is no free address, and where the case has not the form of `schema.json`.
    pub async fn start(case: &Case) -> Result<Play> {
        let local: SocketAddr = ([127, 0, 0, 1], 0).into();
        let (origin, other) = (
            TcpListener::bind(local).await?,
            TcpListener::bind(local).await?,
        );
        let deserted = TcpSocket::new_v4()?;
        deserted.bind(local)?;
        let addresses = Addresses {
            origin: base(origin.local_addr()?),
            other: base(other.local_addr()?),
            deserted: base(deserted.local_addr()?),
        };
        let case = case.at(&addresses)?;
        let script = Arc::new(case.script.clone());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for (listener, base) in [(origin, addresses.origin), (other, addresses.other)] {
            let (script, asked) = (script.clone(), asked.clone());
            tasks.spawn(accept(
                listener,
                Stage {
                    script,
                    asked,
                    base,
                },
            ));
        }
        Ok(Play {
            case,
            asked,
            _deserted: deserted,
            _tasks: tasks,
        })
    }

    /// The case, with its addresses.
    pub fn case(&self) -> &Filled {
        &self.case
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }
}

fn base(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn lock(asked: &Mutex<Vec<Asked>>) -> MutexGuard<'_, Vec<Asked>> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, stage: Stage) {
    // Ended with the set, and with it every connection.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let stage = stage.clone();
        connections.spawn(async move {
            // What a client does to its connection is its own matter; what it was told shows what came of it.
            let _ = stage.serve(socket).await;
        });
    }
}

impl Stage {
    async fn serve(&self, mut socket: TcpStream) -> Result<()> {
        socket.set_nodelay(true)?;
        let request = self.read(&mut socket).await?;
        let number = {
            let mut asked = lock(&self.asked);
            asked.push(request);
            asked.len() - 1
        };
        let mut chunked = false;
        for step in self.script.steps(number) {
            match step {
                Step::Head(status, headers) => {
                    chunked = is_chunked(*status, headers);
                    socket
                        .write_all(head(*status, headers, chunked).as_bytes())
                        .await?;
                }
                Step::Send(bytes) if chunked => {
                    let size = format!("{:x}\r\n", bytes.len());
                    let chunk = [size.as_bytes(), bytes, b"\r\n"].concat();
                    socket.write_all(&chunk).await?;
                }
                Step::Send(bytes) => socket.write_all(bytes).await?,
                Step::Wait(milliseconds) => {
                    tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                }
                Step::End => {
                    if chunked {
                        socket.write_all(b"0\r\n\r\n").await?;
                    }
                    return leave(socket).await;
                }
                Step::Cut => return leave(socket).await,
                Step::Reset => {
                    socket.set_zero_linger()?;
                    return Ok(());
                }
            }
        }
        until_gone(&mut socket).await
    }

    async fn read(&self, socket: &mut TcpStream) -> Result<Asked> {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let mut asked = self.parse(&bytes[..end])?;
                let length = asked.headers.get("content-length");
                let length: usize = length.map_or(Ok(0), |length| length.parse())?;
                let body = &bytes[end + 4..];
                if body.len() >= length {
                    asked.body = String::from_utf8_lossy(body).into_owned();
                    return Ok(asked);
                }
            }
            let mut more = [0; 4096];
            let n = socket.read(&mut more).await?;
            anyhow::ensure!(n > 0, "the client left within its request");
            bytes.extend_from_slice(&more[..n]);
        }
    }

    fn parse(&self, head: &[u8]) -> Result<Asked> {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (
            first.next().context("no method")?,
            first.next().context("no target")?,
        );
        let mut headers = BTreeMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').context("a header without a colon")?;
            let value = value.trim().to_owned();
            headers
                .entry(name.to_ascii_lowercase())
                .and_modify(|all: &mut String| *all = format!("{all}, {value}"))
                .or_insert(value);
        }
        Ok(Asked {
            at: None,
            method: method.to_owned(),
            url: format!("{}{target}", self.base),
            headers,
            body: String::new(),
        })
    }
}

/// Whether the body says itself where it ends: only then is a cut another thing than an end.
fn is_chunked(status: u16, headers: &BTreeMap<String, String>) -> bool {
    let other = |name: &String| {
        ["content-length", "connection"].contains(&name.to_ascii_lowercase().as_str())
    };
    !(matches!(status, 100..=199 | 204 | 304) || headers.keys().any(other))
}

fn head(status: u16, headers: &BTreeMap<String, String>, chunked: bool) -> String {
    let mut text = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if chunked {
        text += "Transfer-Encoding: chunked\r\n";
    }
    text + "\r\n"
}

/// Closes the connection without a reset, which what the client has not read would not survive.
async fn leave(mut socket: TcpStream) -> Result<()> {
    socket.shutdown().await?;
    until_gone(&mut socket).await
}

async fn until_gone(socket: &mut TcpStream) -> Result<()> {
    let mut rest = [0; 1024];
    while socket.read(&mut rest).await? > 0 {}
    Ok(())
}
