//! The contract harness's service in Rust. `tests/contract/README.md` has its protocol.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use eventwire::{Closer, ConnectOptions, EventStream, Restarter, RetryPolicy, StreamItem};
use eventwire_tests::contract::{CONNECT, Http};
use eventwire_tests::report::{self, ServerReport};
use eventwire_tests::subscriber::end_of_stdin;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What the harness wants to have opened.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    stream_url: String,
    callback_url: String,
    initial_delay_ms: Option<u64>,
    read_timeout_ms: Option<u64>,
    last_event_id: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    method: Option<String>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Command {
    command: String,
}

/// The streams that are open by their numbers, after the last number that was given.
type Streams = (u64, HashMap<u64, (Closer, Restarter)>);

/// The streams, and whether the service is to end.
#[derive(Debug, Default)]
struct Service {
    streams: Mutex<Streams>,
    end: Notify,
}

impl Service {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Arc::new(Service::default());
    let routes = Router::new()
        .route("/", get(about).post(open).delete(end))
        .route("/streams/{number}", post(command).delete(close))
        .with_state(service.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    report::print(&ServerReport::Listening { url });
    let told_to_end = async move {
        tokio::select! {
            () = service.end.notified() => {}
            () = end_of_stdin() => {}
        }
    };
    axum::serve(listener, routes)
        .with_graceful_shutdown(told_to_end)
        .await
        .context("serving")?;
    // Not by returning: the runtime would wait for the read of standard input.
    std::process::exit(0);
}

async fn about() -> Json<Value> {
    Json(json!({ "name": "eventwire, Rust", "capabilities": CONNECT }))
}

async fn open(
    State(service): State<Arc<Service>>,
    params: Result<Json<Params>, JsonRejection>,
) -> Response {
    let opened = params
        .map_err(anyhow::Error::from)
        .and_then(|Json(params)| {
            let callback = params.callback_url.clone();
            Ok((connect(params)?, callback))
        });
    let (stream, callback) = match opened {
        Ok(opened) => opened,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let handles = (stream.closer(), stream.restarter());
    tokio::spawn(read(stream, callback));
    let mut streams = service.streams();
    streams.0 += 1;
    let number = streams.0;
    streams.1.insert(number, handles);
    let location = [(header::LOCATION, format!("/streams/{number}"))];
    (StatusCode::CREATED, location).into_response()
}

fn connect(params: Params) -> Result<EventStream> {
    let policy = RetryPolicy::new()
        .base(Duration::from_millis(params.initial_delay_ms.unwrap_or(0)))
        .min(Duration::ZERO)
        .resend_body(true);
    let mut options = ConnectOptions::new(params.stream_url)
        .idle_timeout(params.read_timeout_ms.map(Duration::from_millis))
        .last_event_id(params.last_event_id.unwrap_or_default())
        .comments(true)
        .retry(policy);
    if let Some(method) = params.method.filter(|method| !method.is_empty()) {
        options = options.method(Method::from_bytes(method.as_bytes())?);
    }
    if let Some(body) = params.body.filter(|body| !body.is_empty()) {
        options = options.body(body);
    }
    for (name, value) in params.headers {
        options = options.header(name, value);
    }
    Ok(options.open()?)
}

/// Sends what the stream gives to where the harness wants it: one message after the other, each under its number.
async fn read(stream: EventStream, callback: String) {
    let http = Http::new();
    let mut items = stream.items();
    let mut number = 0;
    while let Some(item) = items.next().await {
        let message = match item {
            Ok(StreamItem::Event(event)) => json!({
                "kind": "event",
                "event": { "type": event.event(), "data": event.data(), "id": event.id() },
            }),
            Ok(StreamItem::Comment(text)) => json!({ "kind": "comment", "comment": text }),
            Ok(StreamItem::Reconnecting(again)) => {
                json!({ "kind": "error", "error": again.reason.to_string() })
            }
            Ok(_) => continue,
            Err(error) => json!({ "kind": "error", "error": error.to_string() }),
        };
        number += 1;
        let url = format!("{callback}/{number}");
        if http.ask(Method::POST, &url, Some(&message)).await.is_err() {
            // The harness is gone before the stream: nobody is left to be told.
            return;
        }
    }
}

async fn command(
    State(service): State<Arc<Service>>,
    Path(number): Path<u64>,
    message: Result<Json<Command>, JsonRejection>,
) -> StatusCode {
    let Ok(Json(Command { command })) = message else {
        return StatusCode::BAD_REQUEST;
    };
    match service.streams().1.get(&number) {
        None => StatusCode::NOT_FOUND,
        Some((_, restarter)) if command == "restart" => {
            restarter.restart();
            StatusCode::NO_CONTENT
        }
        Some(_) => StatusCode::BAD_REQUEST,
    }
}

async fn close(State(service): State<Arc<Service>>, Path(number): Path<u64>) -> StatusCode {
    match service.streams().1.remove(&number) {
        None => StatusCode::NOT_FOUND,
        Some((closer, _)) => {
            closer.close();
            StatusCode::NO_CONTENT
        }
    }
}

async fn end(State(service): State<Arc<Service>>) -> StatusCode {
    service.end.notify_one();
    StatusCode::NO_CONTENT
}
