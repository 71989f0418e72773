//! The two sides of a large transfer, each a process of its own, so that what it holds at most can be told.
//!
//! A sender prints `{"address"}`; asked to stop, what it held. A receiver prints what it held, and how often it was cut off. What a
//! side held is `{"before", "most"}`, in bytes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use clap::Parser;
use eventwire::slices::{ReceiveOptions, SendOptions, Slices, Step, Transfer};
use eventwire::{
    EventStream, FileAssembly, Hub, Publication, Publisher, PublisherOptions, RetryPolicy,
    ServeOptions, Start, Subscribe, connect,
};
use eventwire_tests::program::failure;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::io::AsyncReadExt;

#[derive(Debug, Parser)]
enum Role {
    /// Serves a file from an endpoint of its own, where the reader sets the pace.
    Endpoint { file: PathBuf },
    /// Publishes a file through a hub whose log holds far less, as fast as its one subscriber reads.
    Hub { file: PathBuf },
    /// Receives into a file; tells a hub of every slice, where it is given one.
    Receive {
        url: String,
        target: PathBuf,
        hub: Option<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Role::parse() {
        Role::Endpoint { file } => endpoint(file).await,
        Role::Hub { file } => hub(file).await,
        Role::Receive { url, target, hub } => receive(url, target, hub).await,
    };
    done.map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn endpoint(file: PathBuf) -> Result<()> {
    let before = held("VmRSS")?;
    let app = axum::Router::new()
        .route("/events", axum::routing::get(serve))
        .with_state(file);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({ "address": listener.local_addr()? }));
    tokio::spawn(axum::serve(listener, app).into_future());
    stopped().await;
    println!("{}", json!({ "before": before, "most": held("VmHWM")? }));
    Ok(())
}

async fn serve(State(file): State<PathBuf>, headers: HeaderMap) -> Response {
    let id = headers.get("last-event-id");
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    let slices = match Slices::open(file, SendOptions::new().last_event_id(id)) {
        Ok(slices) => slices,
        Err(error) => {
            return (axum::http::StatusCode::NOT_FOUND, error.to_string()).into_response();
        }
    };
    // The next slice is read, on a thread that may block, when the body asks for it.
    let frames = stream::try_unfold(slices, |mut slices| async {
        let stepped = tokio::task::spawn_blocking(move || (slices.step(), slices)).await;
        let (step, slices) = stepped.map_err(std::io::Error::other)?;
        let frame = match step.map_err(std::io::Error::other)? {
            Step::Slice(event) => event.encode().map_err(std::io::Error::other)?,
            Step::End(_) => return Ok(None),
            // Still being hashed.
            _ => Vec::new(),
        };
        Ok::<_, std::io::Error>(Some((frame, slices)))
    });
    let content_type = [("content-type", "text/event-stream")];
    (content_type, Body::from_stream(frames)).into_response()
}

/// So many slices may be on their way to the subscriber.
const AHEAD: usize = 10;

async fn hub(file: PathBuf) -> Result<()> {
    let hub = Hub::builder().max_bytes(16 << 20).build()?;
    let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await?;
    let before = held("VmRSS")?;
    println!("{}", json!({ "address": server.local_addr() }));
    // A file that is larger than the log can only be sent as fast as it is read: the receiver says how far it is.
    let mut heard = hub.subscribe(Subscribe::to(["received"]).start(Start::Earliest))?;
    let mut received = 0;
    let sender = Slices::open(file, SendOptions::new())?;
    for (sent, event) in sender.enumerate() {
        while sent >= received + AHEAD {
            heard.next().await.context("the hub was closed")?;
            received += 1;
        }
        let event = event?;
        let publication = Publication::new("files", event.data()).event(event.event());
        hub.publish(publication).await?;
    }
    stopped().await;
    println!("{}", json!({ "before": before, "most": held("VmHWM")? }));
    Ok(())
}

async fn receive(url: String, target: PathBuf, hub: Option<String>) -> Result<()> {
    let quick = Duration::from_millis(1);
    let policy = RetryPolicy::new().base(quick).min(quick).max(quick);
    let before = held("VmRSS")?;
    let mut stream = connect(url)
        .retry(policy.stable_after(Duration::ZERO))
        .open()?;
    let received = match hub {
        None => stream
            .receive_file(target, ReceiveOptions::new())
            .await
            .map_err(|error| anyhow!("{error}"))?,
        Some(hub) => tell(stream, target, &hub).await?,
    };
    let report = json!({ "before": before, "most": held("VmHWM")?, "size": received.size() });
    println!("{report}");
    Ok(())
}

/// The same by a loop of one's own.
async fn tell(mut stream: EventStream, target: PathBuf, hub: &str) -> Result<Transfer> {
    let publisher = Publisher::new(hub, PublisherOptions::new())?;
    let mut file = FileAssembly::create(target, ReceiveOptions::new())?;
    while let Some(event) = stream.next().await {
        let event = event?;
        if tokio::task::block_in_place(|| file.take(&event))? {
            break;
        }
        publisher.publish("received", "one more").await?;
    }
    Ok(file.finish()?.clone())
}

/// Until the owner closes the standard input.
async fn stopped() {
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

/// A figure of the system about this process, in bytes.
fn held(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(figure.context("the system tells nothing of the memory")? << 10)
}
