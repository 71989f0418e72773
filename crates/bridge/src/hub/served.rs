//! A hub that is served, as a handle.

use std::sync::Arc;
use std::time::Duration;

use eventwire_server as server;

use crate::failure::Failure;
use crate::owner::Owner;
use crate::task::Task;

/// How to serve a hub.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// `host:port`; port 0 takes a free one.
    pub address: String,
    /// The origins whose pages may subscribe, and publish too where they are named; `*` lets any page subscribe.
    pub cors: Vec<String>,
    /// Whether anyone may publish, beyond a loopback address too.
    pub open_publish: bool,
    /// How many connections are served at a time.
    pub max_connections: Option<usize>,
    /// The largest body of a publish, in bytes.
    pub max_body: Option<usize>,
}

/// A hub that is served.
#[derive(Clone, Debug)]
pub struct Server(Arc<Served>);

#[derive(Debug)]
struct Served {
    owner: Owner,
    server: server::Server,
}

impl Server {
    pub(super) fn new(server: server::Server) -> Self {
        Self(Arc::new(Served {
            owner: Owner::of_this_process(),
            server,
        }))
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        self.0.server.url()
    }

    /// Takes no new connections, ends the streams, and waits at most `timeout` for the connections to end; the answer is
    /// whether all of them had.
    ///
    /// # Errors
    ///
    /// The server runs in another process, before a `fork`; or as [`crate::runtime::handle`].
    pub fn drain(&self, timeout: Duration) -> Result<Task<bool>, Failure> {
        self.0.owner.check("server")?;
        let served = self.0.clone();
        Task::start(async move { Ok(served.server.drain(timeout).await) })
    }

    /// Ends it at once, from any thread.
    pub fn close(&self) {
        self.0.server.close();
    }
}
