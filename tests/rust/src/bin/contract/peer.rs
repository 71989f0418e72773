//! The other side of a talk: the server that a service's stream asks, and the address that it reports to.

use std::convert::Infallible;

use anyhow::{Context, Result, ensure};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, post};
use axum::{Json, Router};
use eventwire_tests::bounded;
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

#[derive(Debug)]
pub(crate) struct Peer {
    url: String,
    requests: mpsc::UnboundedReceiver<Request>,
    messages: mpsc::UnboundedReceiver<(u64, Value)>,
    reported: u64,
    server: JoinHandle<()>,
}

/// A request for the stream, which waits for its answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    reply: oneshot::Sender<Response>,
}

/// An event stream that was answered. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Stream(mpsc::UnboundedSender<Bytes>);

#[derive(Debug, Clone)]
struct Told {
    requests: mpsc::UnboundedSender<Request>,
    messages: mpsc::UnboundedSender<(u64, Value)>,
}

impl Peer {
    pub(crate) async fn start() -> Result<Peer> {
        let (requests, requested) = mpsc::unbounded_channel();
        let (messages, reported) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/stream", any(take_request))
            .route("/report/{number}", post(take_message))
            .with_state(Told { requests, messages });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // It ends with the talk.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Peer {
            url,
            requests: requested,
            messages: reported,
            reported: 0,
            server,
        })
    }

    pub(crate) fn stream_url(&self) -> String {
        format!("{}/stream", self.url)
    }

    pub(crate) fn callback_url(&self) -> String {
        format!("{}/report", self.url)
    }

    /// The next request for the stream.
    pub(crate) async fn request(&mut self) -> Result<Request> {
        let request = bounded("a request for the stream", self.requests.recv());
        request.await?.context("the server has ended")
    }

    /// The next message of the service, which must have the next number.
    pub(crate) async fn message(&mut self) -> Result<Value> {
        let message = bounded("a message of the service", self.messages.recv());
        let (number, message) = message.await?.context("the server has ended")?;
        self.reported += 1;
        ensure!(
            number == self.reported,
            "message {number} came where {} was due: {message}",
            self.reported
        );
        Ok(message)
    }

    /// The next message must be this one.
    pub(crate) async fn expect(&mut self, expected: Value) -> Result<()> {
        let message = self.message().await?;
        ensure!(
            message == expected,
            "it reported {message}, and {expected} was to come"
        );
        Ok(())
    }

    /// The next message must be an error.
    pub(crate) async fn expect_error(&mut self) -> Result<()> {
        let message = self.message().await?;
        ensure!(
            message["kind"] == "error" && message["error"].is_string(),
            "it reported {message}, and an error was to come"
        );
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Request {
    /// Answers with an event stream.
    pub(crate) fn open(self) -> Result<Stream> {
        let (sender, chunks) = mpsc::unbounded_channel();
        let chunks = stream::unfold(chunks, |mut chunks| async {
            let chunk: Bytes = chunks.recv().await?;
            Some((Ok::<_, Infallible>(chunk), chunks))
        });
        let response = Response::builder()
            .header(header::CONTENT_TYPE, "text/event-stream")
            .body(Body::from_stream(chunks))?;
        self.send(response)?;
        Ok(Stream(sender))
    }

    /// Answers with a status and no event.
    pub(crate) fn refuse(self, status: StatusCode) -> Result<()> {
        // An hour, for those that would come again.
        let response = Response::builder()
            .status(status)
            .header(header::RETRY_AFTER, "3600")
            .body(Body::empty())?;
        self.send(response)
    }

    fn send(self, response: Response) -> Result<()> {
        let sent = self.reply.send(response);
        sent.ok().context("the service gave its request up")
    }
}

impl Stream {
    pub(crate) fn send(&self, text: &'static str) -> Result<()> {
        let sent = self.0.send(Bytes::from_static(text.as_bytes()));
        sent.context("the service has closed its connection")
    }

    /// Waits until the service has closed the connection.
    pub(crate) async fn closed(self) -> Result<()> {
        bounded("the end of the connection", self.0.closed()).await
    }
}

async fn take_request(State(told): State<Told>, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let (reply, replied) = oneshot::channel();
    let request = Request {
        method: head.method,
        headers: head.headers,
        body: body.unwrap_or_default(),
        reply,
    };
    let answered = match told.requests.send(request) {
        Ok(()) => replied.await.ok(),
        Err(_) => None,
    };
    // Whoever asks when the talk is over, or is not answered, gets what ends a stream.
    answered.unwrap_or_else(|| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    })
}

async fn take_message(
    State(told): State<Told>,
    Path(number): Path<u64>,
    Json(message): Json<Value>,
) -> StatusCode {
    match told.messages.send((number, message)) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::NOT_FOUND,
    }
}
