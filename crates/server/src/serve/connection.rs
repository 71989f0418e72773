//! One connection: which HTTP it speaks, its requests, and how its socket comes to a shard.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use http::{Method, Response};
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::accept::Counted;
use super::body::UntilDrained;
use super::gate::{Gate, Link};
use super::handover::{Offer, Offers, close_after};
use super::linger::linger;
use super::server::{Phase, reached};
use super::shard::Shards;
use super::stall::Watching;
use crate::http::{Endpoint, Head, Reply};

/// An HTTP/2 client that does not answer a ping is gone; over HTTP/1.1, TCP finds out.
const PING: Duration = Duration::from_secs(20);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a connection needs to know.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) endpoint: Endpoint,
    pub(super) shards: Arc<Shards>,
    pub(super) phases: watch::Receiver<Phase>,
    pub(super) head_timeout: Duration,
    pub(super) write_timeout: Duration,
}

/// Serves a connection until it ends, or until a shard has its socket.
pub(super) async fn converse(
    mut context: Context,
    socket: TcpStream,
    peer: SocketAddr,
    counted: Counted,
) -> Result<(), Error> {
    let mut gate = Gate::new(socket, context.write_timeout);
    // hyper's own clock for heads starts only when it knows which HTTP this is.
    let first = tokio::time::timeout(context.head_timeout, gate.speaks_http2());
    let http2 = tokio::select! {
        biased;
        () = reached(&mut context.phases, Phase::Draining) => return Ok(()),
        first = first => first.map_err(|_| "no request in time")??,
    };
    if http2 {
        converse_http2(context, gate, peer).await
    } else {
        converse_http1(context, gate, peer, counted).await
    }
}

async fn converse_http2(
    mut context: Context,
    gate: Gate<TcpStream>,
    peer: SocketAddr,
) -> Result<(), Error> {
    let link = gate.link();
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let (endpoint, until) = (context.endpoint, context.phases.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let (endpoint, until, link) = (endpoint.clone(), until.clone(), link.clone());
        // What finds the answer is large, and gone when a stream has begun: it is no part of the task that stays.
        let answer: Answer = Box::pin(async move {
            let (parts, body) = request.into_parts();
            let head = Head::from_parts(&parts, Some(peer));
            let reply = endpoint.respond(head, body).await;
            Ok(respond(reply, until, link))
        });
        answer
    });
    let connection = {
        // Gone before the first wait: it is no part of the task either.
        let mut builder = http2::Builder::new(Watching {
            write_timeout: context.write_timeout,
        });
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        builder.serve_connection(TokioIo::new(gate), service)
    };
    let mut connection = pin!(connection);
    let no_request = async {
        tokio::time::sleep(context.head_timeout).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    };
    tokio::select! {
        biased;
        () = reached(&mut context.phases, Phase::Draining) => connection.as_mut().graceful_shutdown(),
        done = connection.as_mut() => return Ok(done?),
        () = no_request => return Err("no request in time".into()),
    }
    tokio::select! {
        // At once means without another poll, which could end some streams as if they were drained.
        biased;
        () = reached(&mut context.phases, Phase::Closed) => Ok(()),
        done = connection => Ok(done?),
    }
}

/// What the driver of an HTTP/1 connection comes to.
enum Outcome {
    Done(hyper::Result<()>),
    /// The stream that was asked for is the shard's from now on.
    Taken(Offer),
}

async fn converse_http1(
    mut context: Context,
    gate: Gate<TcpStream>,
    peer: SocketAddr,
    counted: Counted,
) -> Result<(), Error> {
    let link = gate.link();
    let offers = Arc::new(Offers::default());
    let service = Http1 {
        endpoint: context.endpoint,
        until: context.phases.clone(),
        link: link.clone(),
        offers: offers.clone(),
        shards: context.shards,
        peer,
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(context.head_timeout)
        .serve_connection(
            TokioIo::new(gate),
            service_fn(move |request| service.clone().call(request)),
        );
    let mut closing = context.phases.clone();
    let mut closed = pin!(reached(&mut closing, Phase::Closed));
    let mut draining = pin!(reached(&mut context.phases, Phase::Draining));
    let mut drains = false;
    let outcome = poll_fn(|cx| {
        // At once means without another poll, which could end some streams as if they were drained.
        if closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if !drains && draining.as_mut().poll(cx).is_ready() {
            drains = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        loop {
            if let Poll::Ready(done) = connection.poll_without_shutdown(cx) {
                return Poll::Ready(Some(Outcome::Done(done)));
            }
            // What was answered before must be out: what hyper still holds would be lost.
            if !link.is_flushed() || !offers.is_waiting() {
                return Poll::Pending;
            }
            if link.is_read_up()
                && !drains
                && let Some(offer) = offers.take()
            {
                return Poll::Ready(Some(Outcome::Taken(offer)));
            }
            offers.decline();
        }
    })
    .await;
    let gate = connection.into_parts().io.into_inner();
    match outcome {
        None => Ok(()),
        Some(Outcome::Done(done)) => {
            // hyper has answered a head that is none, too.
            if done.as_ref().err().is_some_and(|error| !error.is_parse()) {
                return Ok(done?);
            }
            let more_to_come = done.is_err() || link.more_to_come();
            let mut socket = gate.into_socket();
            // So that the end of the last answer is one, also where the client has sent more.
            socket.shutdown().await?;
            if more_to_come {
                tokio::select! {
                    biased;
                    () = closed => {}
                    () = linger(socket) => {}
                }
            }
            Ok(done?)
        }
        Some(Outcome::Taken(offer)) => {
            let socket = gate.into_socket().into_std()?;
            offer.give(socket, counted);
            Ok(())
        }
    }
}

/// The requests of one HTTP/1 connection.
#[derive(Clone)]
struct Http1 {
    endpoint: Endpoint,
    until: watch::Receiver<Phase>,
    link: Arc<Link>,
    offers: Arc<Offers>,
    shards: Arc<Shards>,
    peer: SocketAddr,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<UntilDrained>, Infallible>> + Send>>;

impl Http1 {
    /// Tells the gate what follows the head, before hyper reads on; then answers.
    fn call(self, request: Request<Incoming>) -> Answer {
        let mut bare = false;
        match request.body().size_hint().exact() {
            Some(0) => bare = true,
            Some(length) => self.link.body(length),
            None => self.link.opaque(),
        }
        let may_stream = bare && request.method() == Method::GET && !self.shards.is_empty();
        if may_stream {
            self.link.shut();
        }
        Box::pin(async move {
            let version = request.version();
            let (parts, body) = request.into_parts();
            let head = Head::from_parts(&parts, Some(self.peer));
            let mut reply = self.endpoint.respond(head, body).await;
            if reply.body.is_stream() {
                close_after(&mut reply.headers);
                // No shard waits for a store.
                let may_stream = may_stream && !reply.body.needs_store();
                if may_stream && let Some(seat) = self.shards.reserve() {
                    let offer = Offer {
                        reply,
                        version,
                        seat,
                    };
                    reply = self.offers.offer(offer).await;
                }
            }
            self.link.open();
            Ok(respond(reply, self.until, self.link))
        })
    }
}

fn respond(reply: Reply, until: watch::Receiver<Phase>, link: Arc<Link>) -> Response<UntilDrained> {
    Response::from(reply).map(|body| UntilDrained::new(body, until, link))
}
