//! Serving a hub over HTTP/1.1 and HTTP/2 (by prior knowledge).
//!
//! hyper reads every request and answers most of them. An event stream over HTTP/1.1 leaves it before its answer: its socket goes
//! to a shard, a thread that writes to many.
//!
//! - `accept`: connections up to a number. `socket`, `files`: what the operating system is told.
//! - `connection`: one connection and its requests. `gate`: what keeps hyper from reading too far. `handover`: the way of a
//!   stream to its shard. `body`: a stream that stays with hyper. `stall`: when an HTTP/2 client takes nothing of one. `linger`: how one is
//!   closed that still sends.
//! - `shard`: the threads that write.

mod accept;
mod body;
mod connection;
mod files;
mod gate;
mod handover;
mod linger;
mod options;
mod server;
mod shard;
mod socket;
mod stall;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::options::ServeOptions;
pub use self::server::Server;

use self::accept::Acceptor;
use self::connection::Context;
use self::server::{Counts, Phase, Sockets};
use self::shard::Shards;
use crate::error::ServeError;
use crate::hub::Hub;

impl Hub {
    /// Serves the hub at `address` (`host:port`; port 0 takes a free one) until the server is closed or dropped. It runs
    /// on the Tokio runtime that this is called in.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use eventwire_server::{Hub, ServeOptions};
    ///
    /// let server = Hub::new().serve("127.0.0.1:0", ServeOptions::new()).await?;
    /// println!("curl -N {}/events?topic=orders", server.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ServeError`]: the address is none, is in use, or could be reached from elsewhere by anybody; an option is beyond its bounds;
    /// there is no runtime; the hub is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is served.
    pub async fn serve(&self, address: &str, options: ServeOptions) -> Result<Server, ServeError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| ServeError::NoRuntime)?;
        options.check()?;
        self.check_open()?;
        let mut http = options.http;
        let listener = listen(address).await?;
        // Also where it was closed meanwhile: nobody would end what is begun now.
        self.check_open()?;
        let local = listener.local_addr().map_err(|source| ServeError::Bind {
            address: address.to_owned(),
            source,
        })?;
        if local.ip().is_loopback() {
            let open = http.open_publish || http.authorizer.is_none();
            http = http.loopback(true).open_publish(open);
        } else if http.authorizer.is_none() && !http.open_publish {
            return Err(ServeError::Unguarded(local.to_string()));
        }
        let threads = options.threads.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        let (phase, phases) = watch::channel(Phase::Serving);
        let shards = Shards::start(self, threads, options.write_timeout, &phase);
        let shards = Arc::new(shards.map_err(ServeError::Threads)?);
        let counts = Arc::new(Counts::default());
        let sockets = Sockets {
            shards: shards.clone(),
            counts: counts.clone(),
        };
        let mut endpoint = self.endpoint(http);
        endpoint.connections = Some(Arc::new(sockets.clone()));
        let acceptor = Acceptor {
            context: Context {
                endpoint,
                shards,
                phases,
                head_timeout: options.head_timeout,
                write_timeout: options.write_timeout,
            },
            sockets: options.sockets,
            max_connections: options.max_connections.unwrap_or_else(files::connections),
            counts,
        };
        runtime.spawn(acceptor.run(listener));
        Ok(Server::new(local, phase, sockets))
    }

    fn check_open(&self) -> Result<(), ServeError> {
        if self.is_closed() {
            return Err(ServeError::Closed);
        }
        Ok(())
    }
}

async fn listen(address: &str) -> Result<TcpListener, ServeError> {
    let wrong = |source| ServeError::Address {
        address: address.to_owned(),
        source,
    };
    let found: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .map_err(wrong)?
        .collect();
    let mut last = wrong(io::Error::new(
        io::ErrorKind::NotFound,
        "the name has no address",
    ));
    for socket in found {
        // SO_REUSEADDR is set by bind: a restart need not wait for old connections.
        match TcpListener::bind(socket).await {
            Ok(listener) => return Ok(listener),
            Err(source) => {
                last = ServeError::Bind {
                    address: address.to_owned(),
                    source,
                }
            }
        }
    }
    Err(last)
}
