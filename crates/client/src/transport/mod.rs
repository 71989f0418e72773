//! The HTTP client under a stream and a publisher: one exchange at a time, polled, without a task of its own.

mod body;
mod encoding;
mod failure;
mod options;
mod proxies;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;

pub(crate) use self::body::{Body, BrokenBody};
pub(crate) use self::failure::failure;
pub use self::options::TransportOptions;

use self::options::Begun;
use self::proxies::Proxies;
use crate::session::{Failure, Head, Request};
use crate::wire::Connection;
use crate::{Error, ErrorKind};

/// When a silent connection is probed, so that one whose other end is gone breaks also where no clock is set.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// An HTTP client, and by which proxy it reaches whom. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    proxies: Arc<Proxies>,
}

impl Client {
    /// The client for requests to `url`, and the proxy that they go by, for their errors.
    pub(crate) fn reaching(
        &self,
        url: &url::Url,
    ) -> Result<(&reqwest::Client, Option<String>), Failure> {
        let by = self.proxies.by(url).map_err(Failure::unusable)?;
        Ok((&self.http, by))
    }
}

/// A client that leaves redirects and repetitions to us. With a `timeout` it is for short exchanges, and keeps its
/// connections for the next ones. `url` is what it will connect to first.
pub(crate) fn client(
    options: &TransportOptions,
    url: &str,
    connect_timeout: Duration,
    timeout: Option<Duration>,
) -> Result<Client, Error> {
    let (mut builder, proxies) = match options.begin(url)? {
        Begun::Client(http) => {
            let proxies = Arc::new(Proxies::None);
            return Ok(Client { http, proxies });
        }
        Begun::Builder(builder, proxies) => (*builder, Arc::new(proxies)),
    };
    if let Some(timeout) = timeout {
        builder = builder.timeout(timeout);
    }
    let accepted = HeaderValue::from_static(encoding::ACCEPTED);
    let http = builder
        // Of what it decompresses it loses the last where an error comes with it: that is done here. An `Accept-Encoding` of the
        // application's own goes in place of this one.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, accepted)]))
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
        })?;
    Ok(Client { http, proxies })
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
    /// The proxy that it goes by.
    by: Option<String>,
}

type Sending = Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send>>;

enum Stage {
    Sending(Sending),
    Reading(Body),
    /// Not sent at all.
    Unusable(Option<Failure>),
    /// Not over this client at all.
    Wire(Box<dyn Connection>),
    Over,
}

impl Exchange {
    pub(crate) fn start(client: &Client, request: Request) -> Exchange {
        let (http, by) = match client.reaching(&request.url) {
            Ok(reaching) => reaching,
            Err(failure) => {
                let stage = Stage::Unusable(Some(failure));
                return Exchange { stage, by: None };
            }
        };
        let mut builder = http
            .request(request.method, request.url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        Exchange {
            stage: Stage::Sending(Box::pin(builder.send())),
            by,
        }
    }

    /// An exchange that somebody else carries out.
    pub(crate) fn over(connection: Box<dyn Connection>) -> Exchange {
        Exchange {
            stage: Stage::Wire(connection),
            by: None,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        match &mut self.stage {
            Stage::Sending(sending) => match ready!(sending.as_mut().poll(cx)) {
                Ok(response) => {
                    let (mut head, body) =
                        http::Response::<reqwest::Body>::from(response).into_parts();
                    let (body, unreadable) = Body::new(body, &mut head.headers);
                    self.stage = Stage::Reading(body);
                    let mut head = Head::new(head.status, head.headers);
                    head.unreadable = unreadable;
                    Poll::Ready(Progress::Head(head))
                }
                Err(error) => {
                    self.stage = Stage::Over;
                    Poll::Ready(Progress::Failed(failure(error).by(self.by.take())))
                }
            },
            Stage::Reading(body) => {
                let progress = match ready!(body.poll_chunk(cx)) {
                    Some(Ok(chunk)) => return Poll::Ready(Progress::Chunk(chunk)),
                    Some(Err(BrokenBody::Lost(error))) => {
                        Progress::Failed(failure(error).by(self.by.take()))
                    }
                    Some(Err(BrokenBody::Wrong(wrong))) => {
                        Progress::Failed(Failure::disconnected("").with_source(wrong))
                    }
                    None => Progress::Ended,
                };
                self.stage = Stage::Over;
                Poll::Ready(progress)
            }
            Stage::Unusable(failure) => match failure.take() {
                Some(failure) => Poll::Ready(Progress::Failed(failure)),
                None => Poll::Pending,
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
            Stage::Unusable(_) => "Exchange(unusable)",
            Stage::Wire(_) => "Exchange(wire)",
            Stage::Over => "Exchange(over)",
        })
    }
}
