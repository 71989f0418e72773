//! One connection through the proxy.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use eventwire::Decoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::wire::{Byte, OpenFrame, Requests, Responses};
use super::{Cut, Gate, Shared, State, Visit};

/// Runs it to its end. An end of either side, an error too, is an end of both.
pub(super) async fn run(client: TcpStream, upstream: SocketAddr, state: Shared) {
    let _counted = Counted::new(state.clone());
    let mut connection = Connection {
        client,
        server: None,
        unsent: Vec::new(),
        requests: Requests::default(),
        answer: Answer::default(),
        visit: None,
        state,
    };
    let _ = connection.run(upstream).await;
}

struct Connection {
    client: TcpStream,
    server: Option<TcpStream>,
    /// What the client sent and the gate holds back.
    unsent: Vec<u8>,
    requests: Requests,
    answer: Answer,
    /// Index of the request that is being answered.
    visit: Option<usize>,
    state: Shared,
}

/// What is known of the answer on its way.
#[derive(Default)]
struct Answer {
    responses: Responses,
    frame: OpenFrame,
    decoder: Decoder,
}

impl Connection {
    async fn run(&mut self, upstream: SocketAddr) -> io::Result<()> {
        // Every byte is on its way before a reset can follow it.
        self.client.set_nodelay(true)?;
        let (mut from_client, mut from_server) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let mut gate = self.state.subscribe();
        loop {
            let whole = !self.unsent.is_empty() && self.requests.complete();
            tokio::select! {
                read = self.client.read(&mut from_client) => match read? {
                    0 => return Ok(()),
                    length => self.take_request(&from_client[..length]),
                },
                () = opened(&mut gate), if whole => self.send_request(upstream).await?,
                read = read(&mut self.server, &mut from_server) => match read? {
                    0 => return Ok(()),
                    length => if self.forward(&from_server[..length]).await? {
                        return Ok(());
                    },
                },
            }
        }
    }

    fn take_request(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        for head in self.requests.feed(bytes) {
            self.state.send_modify(|state| {
                self.visit = Some(state.visits.len());
                state.visits.push(Visit {
                    method: head.method,
                    target: head.target,
                    last_event_id: head.last_event_id,
                    ..Visit::default()
                });
            });
        }
    }

    async fn send_request(&mut self, upstream: SocketAddr) -> io::Result<()> {
        let server = match &mut self.server {
            Some(server) => server,
            none => none.insert(TcpStream::connect(upstream).await?),
        };
        let peer = server.local_addr()?;
        if let Some(visit) = self.visit {
            self.state
                .send_modify(|state| state.visits[visit].peer = Some(peer));
        }
        server.write_all(&self.unsent).await?;
        self.unsent.clear();
        Ok(())
    }

    /// Forwards what the server sent, up to the cut where one is due. Returns whether it was made.
    async fn forward(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let cut_at = if self.state.borrow().armed {
            self.answer.middle_of_a_data_line(bytes)
        } else {
            None
        };
        let bytes = &bytes[..cut_at.unwrap_or(bytes.len())];
        self.client.write_all(bytes).await?;
        let visit = self.visit;
        self.state.send_modify(|state| {
            self.answer
                .feed(bytes, visit.and_then(|index| state.visits.get_mut(index)));
            if cut_at.is_some() {
                state.armed = false;
                state.gate = Gate::Held;
                state.cuts.push(Cut {
                    open_frame: self.answer.frame.bytes().to_vec(),
                    last_event_id: self.answer.decoder.last_event_id().to_owned(),
                });
            }
        });
        if cut_at.is_some() {
            self.client.set_zero_linger()?;
        }
        Ok(cut_at.is_some())
    }
}

impl Answer {
    fn feed(&mut self, bytes: &[u8], visit: Option<&mut Visit>) {
        let mut ignored = Visit::default();
        let visit = visit.unwrap_or(&mut ignored);
        for &byte in bytes {
            match self.responses.feed(byte) {
                Byte::Other => continue,
                Byte::StreamBegins => {
                    visit.opened = true;
                    self.decoder = Decoder::new();
                    self.frame = OpenFrame::default();
                    continue;
                }
                Byte::Stream => self.frame.push(byte),
            }
            // Byte by byte, so that the position before the first event is seen too.
            let before = self.decoder.last_event_id().to_owned();
            let byte = [byte];
            let mut items = self.decoder.feed(&byte);
            while let Ok(Some(event)) = items.next_event() {
                if visit.first.is_none() {
                    visit.mark = Some(before.clone());
                    visit.first = Some(event.to_event());
                }
                visit.events += 1;
            }
        }
        self.decoder.last_event_id().clone_into(&mut visit.last);
    }

    /// How much of `bytes` to forward, so that the rest of a `data:` line is missing.
    fn middle_of_a_data_line(&self, bytes: &[u8]) -> Option<usize> {
        let (mut responses, mut frame) = (self.responses.clone(), self.frame.clone());
        let mut inside = Vec::new();
        for (index, &byte) in bytes.iter().enumerate() {
            match responses.feed(byte) {
                Byte::Other => continue,
                Byte::StreamBegins => {
                    frame = OpenFrame::default();
                    continue;
                }
                Byte::Stream => frame.push(byte),
            }
            if frame.inside_data() {
                inside.push(index + 1);
            } else if byte == b'\n' && inside.len() > 1 {
                // The line is whole: its last byte is no place for a cut.
                inside.pop();
                break;
            } else if byte == b'\n' {
                inside.clear();
            }
        }
        inside.get(inside.len() / 2).copied()
    }
}

async fn opened(gate: &mut watch::Receiver<State>) {
    // The sender outlives every receiver: the connection holds one.
    let _ = gate.wait_for(|state| state.gate == Gate::Open).await;
}

async fn read(server: &mut Option<TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    match server {
        Some(server) => server.read(buffer).await,
        None => pending().await,
    }
}

/// Counts the connection for as long as it lives, however it ends.
struct Counted(Shared);

impl Counted {
    fn new(state: Shared) -> Counted {
        state.send_modify(|state| state.connections += 1);
        Counted(state)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.connections -= 1);
    }
}
