//! The hub and the page by axum, and connections that can be reset.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use axum::serve::IncomingStream;
use eventwire::{Endpoint, Head, HttpOptions, Hub, Reply};
use futures_util::task::AtomicWaker;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const PAGE: &str = include_str!("../../../../../examples/demo/page.html");

/// Serves `/demo` itself, and everything else by the hub.
pub(crate) async fn serve(hub: &Hub, listen: &str) -> Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{listen} is in use: end the program that listens there, or choose another by --listen")
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on {listen}")),
    })?;
    let addr = listener.local_addr()?;
    ensure!(
        addr.ip().is_loopback(),
        "{addr} is not this machine's alone, and in the demo anybody may publish: choose 127.0.0.1"
    );
    let options = HttpOptions::new().open_publish(true).loopback(true);
    let site = Site {
        endpoint: hub.endpoint(options),
        pages: Pages::default(),
    };
    let routes = Router::new()
        .route("/demo", get(async || Html(PAGE)))
        .route("/demo/drop", post(drop_connection))
        .fallback(ask_hub)
        .with_state(site);
    let routes = routes.into_make_service_with_connect_info::<Connection>();
    tokio::spawn(async move { axum::serve(Listener(listener), routes).await });
    Ok(addr)
}

#[derive(Clone)]
struct Site {
    endpoint: Endpoint,
    pages: Pages,
}

/// The connection that each open page has its events from.
type Pages = Arc<Mutex<HashMap<String, Resetter>>>;

#[derive(Deserialize)]
struct PageId {
    page: Option<String>,
}

async fn ask_hub(
    State(site): State<Site>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Query(PageId { page }): Query<PageId>,
    request: Request,
) -> Reply {
    if let Some(page) = page {
        site.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(page, connection.resetter);
    }
    let (parts, body) = request.into_parts();
    site.endpoint
        .respond(Head::from_parts(&parts, Some(connection.peer)), body)
        .await
}

async fn drop_connection(
    State(site): State<Site>,
    Query(PageId { page }): Query<PageId>,
) -> StatusCode {
    let page = page.unwrap_or_default();
    match site
        .pages
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&page)
    {
        Some(resetter) => {
            resetter.reset();
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

struct Listener(TcpListener);

impl axum::serve::Listener for Listener {
    type Io = Resettable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Resettable, SocketAddr) {
        // axum's own listener deals with errors of accept.
        let (stream, peer) = axum::serve::Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (
            Resettable {
                stream,
                resetter: Resetter::default(),
            },
            peer,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// What a handler knows of the connection that its request came by.
#[derive(Clone)]
struct Connection {
    peer: SocketAddr,
    resetter: Resetter,
}

impl Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Connection {
        Connection {
            peer: *stream.remote_addr(),
            resetter: stream.io().resetter.clone(),
        }
    }
}

/// A connection that fails, and is closed by a TCP reset, when its [`Resetter`] says so.
struct Resettable {
    stream: TcpStream,
    resetter: Resetter,
}

#[derive(Clone, Default)]
struct Resetter(Arc<ResetState>);

#[derive(Default)]
struct ResetState {
    due: AtomicBool,
    reader: AtomicWaker,
}

impl Resetter {
    fn reset(&self) {
        self.0.due.store(true, Ordering::Release);
        // A server always reads, to see the client go; so its end is noticed there.
        self.0.reader.wake();
    }
}

impl Resettable {
    fn check(&self) -> io::Result<()> {
        if self.resetter.0.due.load(Ordering::Acquire) {
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.resetter.0.reader.register(cx.waker());
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
