//! Serving a hub over HTTP/1.1 and HTTP/2 (by prior knowledge), by hyper.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::error::ServeError;
use crate::http::{Authorizer, Cors, Endpoint, Head, HttpOptions, ReplyBody};
use crate::hub::Hub;

/// How long a client may take for the head of its request.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before accepting again where the system has nothing to accept with.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How to serve a hub; every method states its default.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    http: HttpOptions,
    max_connections: usize,
}

impl ServeOptions {
    /// On a loopback address anybody may subscribe and publish; another one needs an authorizer, or
    /// [`open_publish`](Self::open_publish).
    pub fn new() -> Self {
        Self {
            http: HttpOptions::new(),
            max_connections: 10_000,
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

    /// How many connections are served at a time; 10,000 by default. One more is closed at once.
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

impl Hub {
    /// Serves the hub at `address` (`host:port`; port 0 takes a free one) until the server is closed or dropped.
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
    /// [`ServeError`]: the address is none, is in use, or could be reached from elsewhere by anybody.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub async fn serve(&self, address: &str, options: ServeOptions) -> Result<Server, ServeError> {
        let ServeOptions {
            mut http,
            max_connections,
        } = options;
        let listener = listen(address).await?;
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
        let (phase, phases) = watch::channel(Phase::Serving);
        let counts = Arc::new(Counts::default());
        let acceptor = Acceptor {
            endpoint: self.endpoint(http),
            max_connections,
            phases,
            counts: counts.clone(),
        };
        tokio::spawn(acceptor.run(listener));
        Ok(Server {
            local,
            phase: Arc::new(phase),
            counts,
        })
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

/// What a server is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections; streams end; what is under way is answered.
    Draining,
    Closed,
}

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    refused: AtomicU64,
}

/// A hub that is being served. Dropping it closes it.
#[derive(Debug)]
pub struct Server {
    local: SocketAddr,
    phase: Arc<watch::Sender<Phase>>,
    counts: Arc<Counts>,
}

impl Server {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.local)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.counts.open.load(Ordering::Relaxed)
    }

    /// How many connections were closed at once because there were too many.
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// Takes no new connections, ends the streams, answers what is under way, and waits at most `timeout` for that; then
    /// closes. Returns whether all connections had ended in time.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server goes on draining.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.enter(Phase::Draining);
        // The acceptor and every connection hold a receiver.
        let drained = tokio::time::timeout(timeout, self.phase.closed())
            .await
            .is_ok();
        self.close();
        drained
    }

    /// Ends the server and its connections at once. Does not wait, and may be called from any thread, also outside of a
    /// runtime, any number of times.
    pub fn close(&self) {
        self.enter(Phase::Closed);
    }

    /// There is no way back.
    fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

/// Resolves when the server has entered `phase` or a later one.
async fn reached(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    // An error means that the server is gone, which is later than anything.
    let _ = phases.wait_for(|current| *current >= phase).await;
}

struct Acceptor {
    endpoint: Endpoint,
    max_connections: usize,
    phases: watch::Receiver<Phase>,
    counts: Arc<Counts>,
}

impl Acceptor {
    async fn run(mut self, listener: TcpListener) {
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
        let open = self.counts.open.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(self.counts.clone());
        if open >= self.max_connections {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            warn!(target: "eventwire::hub", %peer, max = self.max_connections, "too many connections: refused");
            return;
        }
        // An event that waits for an acknowledgement of the one before is late.
        if let Err(error) = socket.set_nodelay(true) {
            debug!(target: "eventwire::hub", %peer, %error, "cannot set TCP_NODELAY");
        }
        let (endpoint, phases) = (self.endpoint.clone(), self.phases.clone());
        tokio::spawn(async move {
            let _counted = counted;
            if let Err(error) = converse(endpoint, phases, socket, peer).await {
                debug!(target: "eventwire::hub", %peer, %error, "a connection broke");
            }
        });
    }
}

/// An open connection, among the counted ones.
struct Counted(Arc<Counts>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn converse(
    endpoint: Endpoint,
    mut phases: watch::Receiver<Phase>,
    socket: TcpStream,
    peer: SocketAddr,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let until = phases.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
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
        .header_read_timeout(HEAD_PATIENCE);
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        done = connection.as_mut() => return done,
        () = reached(&mut phases, Phase::Draining) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        done = connection => done,
        () = reached(&mut phases, Phase::Closed) => Ok(()),
    }
}

/// A body that ends when the server drains, if it has no end of its own.
struct UntilDrained {
    body: ReplyBody,
    drained: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl UntilDrained {
    fn new(body: ReplyBody, mut phases: watch::Receiver<Phase>) -> Self {
        let drained = body
            .is_stream()
            .then(|| -> Pin<Box<dyn Future<Output = ()> + Send>> {
                Box::pin(async move { reached(&mut phases, Phase::Draining).await })
            });
        Self { body, drained }
    }
}

impl Body for UntilDrained {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(drained) = &mut self.drained
            && drained.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
