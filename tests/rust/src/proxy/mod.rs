//! A proxy that stands between one subscriber and a server, and cuts the connection where it hurts most: by a TCP reset
//! inside a frame.
//!
//! It moves bytes and changes none. What it sees on the way it writes down: with which Last-Event-ID each request came, from
//! which mark the answer started, and which event came first. A driver reads this beside what the subscriber reports.
//!
//! ```text
//! subscriber ---- Proxy ---- server
//!                   |
//!                 driver: arm, cut, hold, release; reads visits
//! ```

mod connection;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use eventwire::Event;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::bounded;

/// One proxy, for one subscriber. Dropped, it closes its port and all its connections.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    state: Shared,
    acceptor: AbortHandle,
}

type Shared = Arc<watch::Sender<State>>;

/// What happens to a new request.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// It is forwarded.
    #[default]
    Open,
    /// It is read and written down, and waits.
    Held,
    /// Its connection is reset before a byte of it is read.
    Refusing,
}

#[derive(Debug, Default)]
struct State {
    gate: Gate,
    armed: bool,
    connections: usize,
    refused: usize,
    visits: Vec<Visit>,
    cuts: Vec<Cut>,
}

/// One request of the subscriber and what it was answered.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Visit {
    /// The request's method.
    pub method: String,
    /// The request's target: path and query.
    pub target: String,
    /// The value of its `Last-Event-ID`, in bytes; `None` where it had no such header.
    pub last_event_id: Option<Vec<u8>>,
    /// The address that the server sees it come from.
    pub peer: Option<SocketAddr>,
    /// Whether the head of an event stream was forwarded.
    pub opened: bool,
    /// The last event ID before the first event, once that was forwarded: the mark that the stream started from.
    pub mark: Option<String>,
    /// The first event that was forwarded.
    pub first: Option<Event>,
    /// How many whole events were forwarded.
    pub events: usize,
    /// The last event ID after all that was forwarded whole.
    pub last: String,
}

/// A cut that was made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cut {
    /// What had been forwarded of the frame that the cut went through. It ends inside the value of a `data:` line.
    pub open_frame: Vec<u8>,
    /// The last event ID after the frames that were forwarded whole: what the subscriber has to come back with.
    pub last_event_id: String,
}

impl Proxy {
    /// Starts one on a free port of 127.0.0.1. Its gate is open.
    ///
    /// # Errors
    ///
    /// Where no port can be opened.
    pub async fn start(upstream: SocketAddr) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("the proxy could not open a port")?;
        let addr = listener.local_addr()?;
        let state = Shared::default();
        let acceptor = tokio::spawn(accept(listener, upstream, state.clone())).abort_handle();
        Ok(Proxy {
            addr,
            state,
            acceptor,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of the server's `target` (path and query) by way of this proxy.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }

    /// From now on the next `data:` line that passes is cut in its middle. From the cut on, requests are held.
    pub fn arm(&self) {
        self.state.send_modify(|state| state.armed = true);
    }

    /// Waits for the cut with this number, counted from 0.
    ///
    /// # Errors
    ///
    /// Where it is not made in time.
    pub async fn cut(&self, number: usize) -> Result<Cut> {
        let cut = self
            .when(&format!("cut {number} of {self}"), |state| {
                state.cuts.get(number).cloned()
            })
            .await?;
        let line = cut
            .open_frame
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        ensure!(
            line.starts_with(b"data:"),
            "the cut is not inside a data line: {:?}",
            cut.open_frame
        );
        Ok(cut)
    }

    /// Holds new requests back.
    pub fn hold(&self) {
        self.set(Gate::Held);
    }

    /// Resets new connections at once.
    pub fn refuse(&self) {
        self.set(Gate::Refusing);
    }

    /// Forwards what is held, and new requests.
    pub fn release(&self) {
        self.set(Gate::Open);
    }

    /// Waits until that many connections have been refused.
    ///
    /// # Errors
    ///
    /// Where they do not come in time.
    pub async fn refused(&self, count: usize) -> Result<()> {
        self.when(&format!("{count} refused connections of {self}"), |state| {
            (state.refused >= count).then_some(())
        })
        .await
    }

    /// Waits for the GET request with this number, counted from 0. It may still be held.
    ///
    /// # Errors
    ///
    /// Where it does not come in time.
    pub async fn visit(&self, number: usize) -> Result<Visit> {
        self.when(&format!("request {number} of {self}"), |state| {
            state.get(number).cloned()
        })
        .await
    }

    /// Waits until the GET request with this number has been answered with an event, whole.
    ///
    /// # Errors
    ///
    /// Where none comes in time.
    pub async fn answered(&self, number: usize) -> Result<Visit> {
        let what = format!("an event in the answer to request {number} of {self}");
        self.when(&what, |state| {
            state
                .get(number)
                .filter(|visit| visit.first.is_some())
                .cloned()
        })
        .await
    }

    /// Waits until no connection is left.
    ///
    /// # Errors
    ///
    /// Where one stays open.
    pub async fn idle(&self) -> Result<()> {
        self.when(&format!("the end of all connections of {self}"), |state| {
            (state.connections == 0).then_some(())
        })
        .await
    }

    fn set(&self, gate: Gate) {
        self.state.send_modify(|state| state.gate = gate);
    }

    async fn when<T>(&self, what: &str, mut ready: impl FnMut(&State) -> Option<T>) -> Result<T> {
        let mut receiver = self.state.subscribe();
        let waiting = async {
            loop {
                if let Some(found) = ready(&receiver.borrow_and_update()) {
                    return found;
                }
                // The sender is this proxy's own, so it cannot be gone.
                let _ = receiver.changed().await;
            }
        };
        bounded(what, waiting).await.with_context(|| {
            let state = self.state.borrow();
            format!(
                "{self} has {} open connections, {} requests and {} cuts behind it, and its gate is {:?}",
                state.connections,
                state.visits.len(),
                state.cuts.len(),
                state.gate
            )
        })
    }
}

impl State {
    fn get(&self, number: usize) -> Option<&Visit> {
        self.visits
            .iter()
            .filter(|visit| visit.method == "GET")
            .nth(number)
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the proxy on {}", self.addr)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, state: Shared) {
    // The connections end with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                if state.borrow().gate == Gate::Refusing {
                    let _ = client.set_zero_linger();
                    state.send_modify(|state| state.refused += 1);
                    continue;
                }
                connections.spawn(connection::run(client, upstream, state.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
