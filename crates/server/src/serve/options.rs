//! How a hub is served.

use std::time::Duration;

use super::socket::SocketOptions;
use crate::http::{Authorizer, Cors, HttpOptions};

/// Probes are a whole second apart at least.
const MIN_PEER_TIMEOUT: Duration = Duration::from_secs(4);

/// How to serve a hub; every method states its default.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    pub(super) http: HttpOptions,
    pub(super) threads: Option<usize>,
    pub(super) max_connections: Option<usize>,
    pub(super) head_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) sockets: SocketOptions,
}

impl ServeOptions {
    /// On a loopback address anybody may subscribe and publish; another one needs an authorizer, or
    /// [`open_publish`](Self::open_publish).
    pub fn new() -> Self {
        Self {
            http: HttpOptions::new(),
            threads: None,
            max_connections: None,
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            sockets: SocketOptions {
                peer_timeout: Duration::from_secs(60),
                send_buffer: 256 << 10,
            },
        }
    }

    /// The origins whose pages may subscribe, and, where they are named, publish; by default the own one only.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.http = self.http.cors(cors);
        self
    }

    /// Asks `authorizer` about every request to subscribe or publish; by default there is none.
    #[must_use]
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.http = self.http.authorizer(authorizer);
        self
    }

    /// Whether anybody may publish who reaches an address that is no loopback one; false by default.
    #[must_use]
    pub fn open_publish(mut self, open: bool) -> Self {
        self.http = self.http.open_publish(open);
        self
    }

    /// The largest body of a publish, in bytes; 16 MiB by default.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.http = self.http.max_body(bytes);
        self
    }

    /// How long a client may take for the head of its next request; 30 s by default.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How many connections are served at a time; by default as many as the process may open files, less a few for itself. One
    /// more gets a 503 and is closed.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = Some(count);
        self
    }

    /// How many threads write events to sockets; by default one for each processor. Each is a shard: it owns many sockets, and
    /// writes to all of them by itself. They serve streams over plain HTTP/1.1 and 1.0; others, and all with 0, are served by
    /// the runtime, which costs more for each of them.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = Some(count);
        self
    }

    /// How long a client may take nothing of what is written to it before it is dropped; 30 s by default. Over HTTP/2, where one
    /// stream may stand still while others go on, it holds for the connection.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long a peer may leave data or probes unacknowledged before it counts as vanished and is dropped; 60 s by default, at
    /// least 4 s.
    #[must_use]
    pub fn peer_timeout(mut self, timeout: Duration) -> Self {
        self.sockets.peer_timeout = timeout.max(MIN_PEER_TIMEOUT);
        self
    }

    /// How many bytes may wait in the operating system for one client, the log being the buffer for the rest; 256 KiB by
    /// default. The system allows for as much again for its own needs.
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.sockets.send_buffer = bytes;
        self
    }
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self::new()
    }
}
