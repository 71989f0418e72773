//! How a hub is served.

use std::fmt;
use std::time::Duration;

use super::socket::SocketOptions;
use crate::error::ServeError;
use crate::http::{Authorizer, Cors, HttpOptions};

/// Beyond this, a thread for each stream would be no worse.
const MAX_THREADS: usize = 256;
/// Probes are a whole second apart at least.
const MIN_PEER_TIMEOUT: Duration = Duration::from_secs(4);
/// Longer than any wait for a client makes sense; and the system counts the time between probes in 15 bits.
const MAX_TIMEOUT: Duration = Duration::from_hours(24);
/// The system takes less for this much, and counts in 31 bits.
const SEND_BUFFERS: std::ops::RangeInclusive<usize> = 4 << 10..=1 << 30;

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

    /// How long a client may take for the head of its next request, to 24 h; 30 s by default.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How many connections are served at a time, at least 1; by default as many as the process may open files, less a few for
    /// itself. One more gets a 503 and is closed.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = Some(count);
        self
    }

    /// How many threads write events to sockets, 0 to 256; by default one for each processor. Each is a shard: it owns many sockets, and
    /// writes to all of them by itself. They serve streams over plain HTTP/1.1 and 1.0; others, and all with 0, are served by
    /// the runtime, which costs more for each of them.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = Some(count);
        self
    }

    /// How long a client may take nothing of what is written to it before it is dropped, to 24 h; 30 s by default. Over HTTP/2, where one
    /// stream may stand still while others go on, it holds for each stream too: one that is given no window for the next 16 KiB in that
    /// time is reset.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long a peer may leave data or probes unacknowledged before it counts as vanished and is dropped, 4 s to 24 h;
    /// 60 s by default.
    #[must_use]
    pub fn peer_timeout(mut self, timeout: Duration) -> Self {
        self.sockets.peer_timeout = timeout;
        self
    }

    /// How many bytes may wait in the operating system for one client, the log being the buffer for the rest, 4 KiB to
    /// 1 GiB; 256 KiB by default. The system allows for as much again for its own needs, and has a bound of its own
    /// (`net.core.wmem_max`).
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.sockets.send_buffer = bytes;
        self
    }

    /// Whether every option is within its bounds: the languages around this leave that to it.
    pub(super) fn check(&self) -> Result<(), ServeError> {
        fn within(
            name: &'static str,
            given: impl fmt::Debug,
            holds: bool,
            range: &'static str,
        ) -> Result<(), ServeError> {
            let given = format!("{given:?}");
            holds
                .then_some(())
                .ok_or(ServeError::Option { name, given, range })
        }
        let some_time = |time: Duration| !time.is_zero() && time <= MAX_TIMEOUT;
        let threads = self.threads.unwrap_or_default();
        let peer_timeout = self.sockets.peer_timeout;
        let send_buffer = self.sockets.send_buffer;
        within(
            "threads",
            threads,
            threads <= MAX_THREADS,
            "0 (all by the runtime) to 256",
        )?;
        within(
            "max_connections",
            self.max_connections.unwrap_or(1),
            self.max_connections != Some(0),
            "at least 1",
        )?;
        for (name, time) in [
            ("head_timeout", self.head_timeout),
            ("write_timeout", self.write_timeout),
        ] {
            within(name, time, some_time(time), "more than 0, up to 24 hours")?;
        }
        within(
            "peer_timeout",
            peer_timeout,
            (MIN_PEER_TIMEOUT..=MAX_TIMEOUT).contains(&peer_timeout),
            "4 seconds to 24 hours",
        )?;
        within(
            "send_buffer",
            send_buffer,
            SEND_BUFFERS.contains(&send_buffer),
            "4096 (4 KiB) to 1073741824 (1 GiB)",
        )
    }
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_its_bounds_is_named_with_what_it_can_be() {
        let options = ServeOptions::new;
        options().check().unwrap();
        let most = options()
            .threads(256)
            .max_connections(usize::MAX)
            .write_timeout(MAX_TIMEOUT)
            .peer_timeout(MAX_TIMEOUT)
            .send_buffer(1 << 30);
        most.check().unwrap();
        let least = options()
            .threads(0)
            .max_connections(1)
            .write_timeout(Duration::from_nanos(1))
            .peer_timeout(MIN_PEER_TIMEOUT)
            .send_buffer(4 << 10);
        least.check().unwrap();
        let (nothing, endless) = (Duration::ZERO, Duration::MAX);
        for (wrong, message) in [
            (
                options().threads(257),
                "threads is 257: give 0 (all by the runtime) to 256",
            ),
            (
                options().max_connections(0),
                "max_connections is 0: give at least 1",
            ),
            (options().head_timeout(nothing), "head_timeout is 0ns: "),
            (options().head_timeout(endless), "head_timeout is "),
            (options().write_timeout(nothing), "write_timeout is 0ns: "),
            (options().write_timeout(endless), "write_timeout is "),
            (
                options().peer_timeout(Duration::from_secs(3)),
                "peer_timeout is 3s: give 4 seconds to 24 hours",
            ),
            (options().peer_timeout(endless), "peer_timeout is "),
            (options().send_buffer(0), "send_buffer is 0: give 4096"),
            (options().send_buffer(usize::MAX), "send_buffer is "),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
