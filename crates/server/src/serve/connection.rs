//! Connections: accepted up to a number, and served until they or the server end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::{debug, warn};

use super::body::UntilDrained;
use super::server::{Counts, Phase, reached};
use crate::http::{Endpoint, Head};

/// How long to wait before accepting again where the system has nothing to accept with.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// An HTTP/2 client that does not answer a ping is gone; over HTTP/1.1, TCP finds out by the heartbeat.
const PING: Duration = Duration::from_secs(20);
/// How many connections are told at a time that there are too many, and how long that may take; the rest is just closed.
const REFUSALS: usize = 64;
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Acceptor {
    pub(super) endpoint: Endpoint,
    pub(super) max_connections: usize,
    pub(super) head_timeout: Duration,
    pub(super) phases: watch::Receiver<Phase>,
    pub(super) counts: Arc<Counts>,
}

impl Acceptor {
    pub(super) async fn run(mut self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = reached(&mut self.phases, Phase::Draining) => return,
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
        // An event that waits for an acknowledgement of the one before is late.
        if let Err(error) = socket.set_nodelay(true) {
            debug!(target: "eventwire::hub", %peer, %error, "cannot set TCP_NODELAY");
        }
        if self.counts.open.load(Ordering::Relaxed) >= self.max_connections {
            self.refuse(socket, peer);
            return;
        }
        // Only this task adds, so the number cannot be passed in between.
        let counted = Counted::new(&self.counts);
        let (endpoint, phases) = (self.endpoint.clone(), self.phases.clone());
        let head_timeout = self.head_timeout;
        tokio::spawn(async move {
            let _counted = counted;
            if let Err(error) = converse(endpoint, phases, head_timeout, socket, peer).await {
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

/// Says 503, whatever was asked. What the client sends is read, since closing with bytes unread would take the answer
/// back.
async fn tell_too_many(mut socket: TcpStream) -> std::io::Result<()> {
    let body = "{\"error\":\"too many connections: try again later\"}\n";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nRetry-After: 5\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(answer.as_bytes()).await?;
    socket.shutdown().await?;
    let mut unread = [0; 1024];
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

/// An open connection, among the counted ones.
struct Counted(Arc<Counts>);

impl Counted {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::Relaxed);
        Self(counts.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn converse(
    endpoint: Endpoint,
    mut phases: watch::Receiver<Phase>,
    head_timeout: Duration,
    socket: TcpStream,
    peer: SocketAddr,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let until = phases.clone();
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let (endpoint, until) = (endpoint.clone(), until.clone());
        async move {
            let (parts, body) = request.into_parts();
            let reply = endpoint
                .respond(Head::from_parts(&parts, Some(peer)), body)
                .await;
            Ok::<_, Infallible>(
                http::Response::from(reply).map(|body| UntilDrained::new(body, until)),
            )
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let connection = builder.serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    // hyper's own clock for heads starts only when it knows which HTTP this is.
    let first_head = async {
        tokio::time::sleep(head_timeout).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    };
    tokio::select! {
        biased;
        () = reached(&mut phases, Phase::Draining) => connection.as_mut().graceful_shutdown(),
        done = connection.as_mut() => return done,
        () = first_head => return Err("no request in time".into()),
    }
    tokio::select! {
        // At once means without another poll, which could end some streams as if they were drained.
        biased;
        () = reached(&mut phases, Phase::Closed) => Ok(()),
        done = connection => done,
    }
}
