//! A proxy that counts bytes and cuts: each connection but the last is reset after so many bytes of the answer, wherever in an
//! event that is. [`crate::proxy`] knows the frames, and so is too slow for large streams; this one knows nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// One cutter. Dropped, it closes its port and all its connections.
#[derive(Debug)]
pub struct Cutter {
    addr: SocketAddr,
    left: Arc<AtomicUsize>,
    acceptor: AbortHandle,
}

impl Cutter {
    /// Starts one on a free port of 127.0.0.1, which cuts so many connections, each after `budget` bytes.
    ///
    /// # Errors
    ///
    /// Where no port can be opened.
    pub async fn start(upstream: SocketAddr, cuts: usize, budget: usize) -> Result<Cutter> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("the cutter could not open a port")?;
        let addr = listener.local_addr()?;
        let left = Arc::new(AtomicUsize::new(cuts));
        let acceptor = tokio::spawn(accept(listener, upstream, left.clone(), budget));
        Ok(Cutter {
            addr,
            left,
            acceptor: acceptor.abort_handle(),
        })
    }

    /// The URL of the server's `target` (path and query) by way of this cutter.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }

    /// How many cuts it has still to make.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(
    listener: TcpListener,
    upstream: SocketAddr,
    left: Arc<AtomicUsize>,
    budget: usize,
) {
    // The connections end with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(forward(client, upstream, left.clone(), budget));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection to its end. An end of either side, an error too, is an end of both.
async fn forward(
    mut client: TcpStream,
    upstream: SocketAddr,
    left: Arc<AtomicUsize>,
    budget: usize,
) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    let (mut from_client, mut from_server) = (vec![0; 16 << 10], vec![0; 64 << 10]);
    let mut passed = 0;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => match read? {
                0 => return Ok(()),
                length => server.write_all(&from_client[..length]).await?,
            },
            read = server.read(&mut from_server) => {
                let length = read?;
                let cuts = left.load(Ordering::Acquire) > 0;
                let length = if cuts { length.min(budget - passed) } else { length };
                if length == 0 {
                    return Ok(());
                }
                client.write_all(&from_server[..length]).await?;
                passed += length;
                if cuts && passed == budget {
                    left.fetch_sub(1, Ordering::AcqRel);
                    return client.set_zero_linger();
                }
            }
        }
    }
}
