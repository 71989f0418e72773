//! Accepting connections, up to a number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use super::connection::{Context, converse};
use super::server::{Counts, Phase, reached};
use super::socket::SocketOptions;

/// How long to wait before accepting again where the system has nothing to accept with.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many connections are told at a time that there are too many, and how long that may take; the rest is just closed.
pub(super) const REFUSALS: usize = 64;
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Acceptor {
    pub(super) context: Context,
    pub(super) sockets: SocketOptions,
    pub(super) max_connections: usize,
    pub(super) counts: Arc<Counts>,
}

impl Acceptor {
    pub(super) async fn run(mut self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = reached(&mut self.context.phases, Phase::Draining) => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.take(socket, peer),
                Err(error) => {
                    // Out of descriptors or memory, or the client is gone already. Trying on at once would spin.
                    warn!(target: "eventwire::hub", %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&self, socket: TcpStream, peer: SocketAddr) {
        if let Err(error) = self.sockets.apply(&socket) {
            debug!(target: "eventwire::hub", %peer, %error, "cannot set a socket's options");
        }
        if self.counts.open.load(Ordering::Relaxed) >= self.max_connections {
            self.refuse(socket, peer);
            return;
        }
        // Only this task adds, so the number cannot be passed in between.
        let counted = Counted::new(&self.counts);
        let context = self.context.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(context, socket, peer, counted).await {
                debug!(target: "eventwire::hub", %peer, %error, "a connection broke");
            }
        });
    }

    fn refuse(&self, socket: TcpStream, peer: SocketAddr) {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        warn!(target: "eventwire::hub", %peer, max = self.max_connections, "too many connections: refused");
        if self.counts.refusing.load(Ordering::Relaxed) >= REFUSALS {
            return;
        }
        self.counts.refusing.fetch_add(1, Ordering::Relaxed);
        let counts = self.counts.clone();
        tokio::spawn(async move {
            let told = tokio::time::timeout(REFUSAL_PATIENCE, tell_too_many(socket)).await;
            debug!(target: "eventwire::hub", %peer, ?told, "told that there are too many connections");
            counts.refusing.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Says 503, whatever is asked, but not before something is: clients take an answer without a question for a broken
/// connection. What the client sends is read, since closing with bytes unread would take the answer back.
async fn tell_too_many(mut socket: TcpStream) -> std::io::Result<()> {
    let body = "{\"error\":\"too many connections: try again later\"}\n";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nRetry-After: 5\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut unread = [0; 1024];
    if socket.read(&mut unread).await? == 0 {
        return Ok(());
    }
    socket.write_all(answer.as_bytes()).await?;
    socket.shutdown().await?;
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

/// An open connection, among the counted ones.
#[derive(Debug)]
pub(super) struct Counted(Arc<Counts>);

impl Counted {
    pub(super) fn new(counts: &Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::Relaxed);
        Self(counts.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
