//! A server that runs, and how it ends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::shard::Shards;
use crate::http::Connections;

/// What a server is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// No new connections; streams end; what is under way is answered.
    Draining,
    Closed,
}

/// Resolves when the server has entered `phase` or a later one.
pub(super) async fn reached(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    // An error means that the server is gone, which is later than anything.
    let _ = phases.wait_for(|current| *current >= phase).await;
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) open: AtomicUsize,
    /// Connections that are being told that there are too many.
    pub(super) refusing: AtomicUsize,
    pub(super) refused: AtomicU64,
}

/// A server's sockets, as far as they can be counted.
#[derive(Clone, Debug)]
pub(super) struct Sockets {
    pub(super) shards: Arc<Shards>,
    pub(super) counts: Arc<Counts>,
}

impl Connections for Sockets {
    fn open(&self) -> usize {
        self.counts.open.load(Ordering::Relaxed)
    }

    fn sharded(&self) -> usize {
        self.shards.load()
    }

    fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }
}

/// A hub that is being served. Dropping it closes it.
#[derive(Debug)]
pub struct Server {
    local: SocketAddr,
    phase: watch::Sender<Phase>,
    sockets: Sockets,
}

impl Server {
    pub(super) fn new(local: SocketAddr, phase: watch::Sender<Phase>, sockets: Sockets) -> Self {
        Self {
            local,
            phase,
            sockets,
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// `http://host:port`, for this machine: a server on all addresses is found on the loopback one.
    pub fn url(&self) -> String {
        let host = match self.local.ip() {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        format!("http://{}", SocketAddr::new(host, self.local.port()))
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.sockets.open()
    }

    /// How many of the connections are streams that shards write, each of which costs little beyond its socket.
    pub fn sharded(&self) -> usize {
        self.sockets.sharded()
    }

    /// How many connections were refused because there were too many.
    pub fn refused(&self) -> u64 {
        self.sockets.refused()
    }

    /// Takes no new connections, ends the streams once they have given what was published before, answers what is under
    /// way, and waits at most `timeout` for that; then closes. Returns whether all connections had ended in time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use eventwire_server::{Hub, ServeOptions};
    ///
    /// let server = Hub::new().serve("127.0.0.1:0", ServeOptions::new()).await?;
    /// assert!(server.drain(Duration::from_secs(10)).await);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server goes on draining.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.enter(Phase::Draining);
        let drained = tokio::time::timeout(timeout, self.closed()).await.is_ok();
        self.close();
        drained
    }

    /// Ends the server and its connections at once. Does not wait, and may be called from any thread, also outside of a
    /// runtime, any number of times. Whoever wants to use the port again waits for [`closed`](Self::closed).
    pub fn close(&self) {
        self.enter(Phase::Closed);
    }

    /// Waits until the server was [closed](Self::close) or [drained](Self::drain), and its sockets are closed.
    ///
    /// # Cancel safety
    ///
    /// Waiting again goes on where it was.
    pub async fn closed(&self) {
        // The acceptor and every connection hold a receiver.
        self.phase.closed().await;
    }

    /// There is no way back.
    fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
        self.sockets.shards.alert();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}
