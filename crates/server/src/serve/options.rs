//! How a hub is served.

use std::time::Duration;

use crate::http::{Authorizer, Cors, HttpOptions};

/// How to serve a hub; every method states its default.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    pub(super) http: HttpOptions,
    pub(super) max_connections: usize,
    pub(super) head_timeout: Duration,
}

impl ServeOptions {
    /// On a loopback address anybody may subscribe and publish; another one needs an authorizer, or
    /// [`open_publish`](Self::open_publish).
    pub fn new() -> Self {
        Self {
            http: HttpOptions::new(),
            max_connections: 10_000,
            head_timeout: Duration::from_secs(30),
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

    /// How many connections are served at a time; 10,000 by default. One more gets a 503 and is closed.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count;
        self
    }
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self::new()
    }
}
