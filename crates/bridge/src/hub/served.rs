//! A hub that is served, as a handle.

use std::sync::Arc;
use std::time::Duration;

use eventwire_server as server;

use crate::failure::Failure;
use crate::owner::Owner;
use crate::task::Task;

/// How to serve a hub. What is None has the default that [`server::ServeOptions`] states, which checks the bounds too.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// `host:port`; port 0 takes a free one. There is no default.
    pub address: String,
    /// The origins whose pages may subscribe, and publish too where they are named; `*` lets any page subscribe.
    pub cors: Vec<String>,
    /// Whether anyone may publish, beyond a loopback address too.
    pub open_publish: bool,
    /// How many connections are served at a time.
    pub max_connections: Option<usize>,
    /// The largest body of a publish, in bytes.
    pub max_body: Option<usize>,
    /// How many threads write events to sockets; with 0, the runtime does.
    pub threads: Option<usize>,
    /// How long a client may take nothing of what is written to it.
    pub write_timeout: Option<Duration>,
    /// How long a peer may leave data or probes unacknowledged.
    pub peer_timeout: Option<Duration>,
    /// How many bytes may wait in the operating system for one client.
    pub send_buffer: Option<usize>,
}

impl ServeOptions {
    pub(super) fn build(&self) -> Result<server::ServeOptions, Failure> {
        let mut built = server::ServeOptions::new().open_publish(self.open_publish);
        built = built.cors(server::Cors::parse(&self.cors)?);
        if let Some(count) = self.max_connections {
            built = built.max_connections(count);
        }
        if let Some(bytes) = self.max_body {
            crate::arguments::count("max_body", bytes as f64)?;
            built = built.max_body(bytes);
        }
        if let Some(count) = self.threads {
            built = built.threads(count);
        }
        if let Some(time) = self.write_timeout {
            built = built.write_timeout(time);
        }
        if let Some(time) = self.peer_timeout {
            built = built.peer_timeout(time);
        }
        if let Some(bytes) = self.send_buffer {
            built = built.send_buffer(bytes);
        }
        Ok(built)
    }
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

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.server.connections()
    }

    /// How many of them are streams that threads of their own write.
    pub fn sharded(&self) -> usize {
        self.0.server.sharded()
    }

    /// How many connections were refused because there were too many.
    pub fn refused(&self) -> u64 {
        self.0.server.refused()
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

    /// Ends it at once, from any thread. In the child of a `fork` it does nothing: it is the parent's.
    pub fn close(&self) {
        if self.0.owner.is_elsewhere() {
            return;
        }
        self.0.server.close();
    }
}
