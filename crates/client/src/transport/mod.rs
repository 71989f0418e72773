//! The HTTP client under a stream and a publisher: one exchange at a time, polled, without a task of its own.

mod options;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use reqwest::redirect::Policy;

pub use self::options::TransportOptions;

use self::options::Begun;
use crate::session::{Failure, Head, Request};
use crate::wire::Connection;
use crate::{Error, ErrorKind};

/// When a silent connection is probed, so that one whose other end is gone breaks also where no clock is set.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A client that leaves redirects and repetitions to us. With a `timeout` it is for short exchanges, and keeps its
/// connections for the next ones. `url` is what it will connect to first.
pub(crate) fn client(
    options: &TransportOptions,
    url: &str,
    connect_timeout: Duration,
    timeout: Option<Duration>,
) -> Result<reqwest::Client, Error> {
    let mut builder = match options.begin(url)? {
        Begun::Client(client) => return Ok(client),
        Begun::Builder(builder) => *builder,
    };
    if let Some(timeout) = timeout {
        builder = builder.timeout(timeout);
    }
    builder
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEP_ALIVE)
        // A stream's connection has nothing to give back to a pool.
        .pool_max_idle_per_host(if timeout.is_some() { 8 } else { 0 })
        .build()
        .map_err(|error| {
            let text = format!(
                "cannot set up the HTTP client: {}",
                crate::error::explain(&error)
            );
            Error::new(ErrorKind::InvalidOption, text)
        })
}

/// What a connection has to tell.
#[derive(Debug)]
pub enum Progress {
    /// The answer's head.
    Head(Head),
    /// Some bytes of its body.
    Chunk(Bytes),
    /// Its body is complete.
    Ended,
    /// The connection was not made, or broke.
    Failed(Failure),
}

/// One request and its answer. Dropping it closes the connection.
pub(crate) struct Exchange {
    stage: Stage,
}

type Sending = Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send>>;

enum Stage {
    Sending(Sending),
    Reading(reqwest::Body),
    /// Not over this client at all.
    Wire(Box<dyn Connection>),
    Over,
}

impl Exchange {
    pub(crate) fn start(client: &reqwest::Client, request: Request) -> Exchange {
        let mut builder = client
            .request(request.method, request.url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        Exchange {
            stage: Stage::Sending(Box::pin(builder.send())),
        }
    }

    /// An exchange that somebody else carries out.
    pub(crate) fn over(connection: Box<dyn Connection>) -> Exchange {
        Exchange {
            stage: Stage::Wire(connection),
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        match &mut self.stage {
            Stage::Sending(sending) => match ready!(sending.as_mut().poll(cx)) {
                Ok(response) => {
                    let (head, body) = http::Response::<reqwest::Body>::from(response).into_parts();
                    self.stage = Stage::Reading(body);
                    Poll::Ready(Progress::Head(Head::new(head.status, head.headers)))
                }
                Err(error) => {
                    self.stage = Stage::Over;
                    Poll::Ready(Progress::Failed(failure(error)))
                }
            },
            Stage::Reading(body) => loop {
                match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        // Trailers have nothing for us.
                        if let Ok(chunk) = frame.into_data() {
                            return Poll::Ready(Progress::Chunk(chunk));
                        }
                    }
                    Some(Err(error)) => {
                        self.stage = Stage::Over;
                        return Poll::Ready(Progress::Failed(failure(error)));
                    }
                    None => {
                        self.stage = Stage::Over;
                        return Poll::Ready(Progress::Ended);
                    }
                }
            },
            Stage::Wire(connection) => {
                let progress = ready!(connection.poll_progress(cx));
                if matches!(progress, Progress::Ended | Progress::Failed(_)) {
                    self.stage = Stage::Over;
                }
                Poll::Ready(progress)
            }
            Stage::Over => Poll::Pending,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Sending(_) => "Exchange(sending)",
            Stage::Reading(_) => "Exchange(reading)",
            Stage::Wire(_) => "Exchange(wire)",
            Stage::Over => "Exchange(over)",
        })
    }
}

pub(crate) fn failure(error: reqwest::Error) -> Failure {
    // The session names the address itself, without its secrets.
    let error = error.without_url();
    if error.is_connect() && error.is_timeout() {
        Failure::connect_timeout().with_source(error)
    } else if error.is_connect() || error.is_builder() {
        Failure::connect("").with_source(error)
    } else {
        Failure::disconnected("").with_source(error)
    }
}
