//! A server that knows nothing of eventwire, in axum: `peer-axum --max-events N --retry-ms N`. `tests/matrix/README.md` has
//! its protocol. Its streams are axum's own `Sse`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Parser;
use eventwire_tests::program::failure;
use eventwire_tests::report::{ServerCommand, ServerReport, print};
use futures_util::stream;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Serves event streams by axum's own means.
#[derive(Debug, Parser)]
struct Args {
    #[arg(long, default_value_t = 100_000)]
    max_events: usize,
    #[arg(long, default_value_t = 1000)]
    retry_ms: u64,
}

/// One event: its number, its type and its data.
type Entry = (u64, Option<String>, String);

#[derive(Debug)]
struct Log {
    entries: Mutex<VecDeque<Entry>>,
    /// The number of the last event; whoever waits for more watches it.
    last: watch::Sender<u64>,
    args: Args,
}

impl Log {
    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, event: Option<String>, data: String) -> String {
        let mut entries = self.entries();
        let number = *self.last.borrow() + 1;
        entries.push_back((number, event, data));
        if entries.len() > self.args.max_events {
            entries.pop_front();
        }
        drop(entries);
        self.last.send_replace(number);
        number.to_string()
    }

    fn after(&self, position: u64) -> Option<Entry> {
        let entries = self.entries();
        entries.iter().find(|entry| entry.0 > position).cloned()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    run(Args::parse())
        .await
        .map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn run(args: Args) -> Result<()> {
    let log = Arc::new(Log {
        entries: Mutex::default(),
        last: watch::Sender::new(0),
        args,
    });
    let app = Router::new()
        .route("/events", get(events))
        .with_state(log.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    print(&ServerReport::Listening {
        url: format!("http://{}/events", listener.local_addr()?),
    });
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut commands = BufReader::new(stdin()).lines();
    while let Some(line) = commands.next_line().await? {
        print(&match serde_json::from_str(&line)? {
            ServerCommand::Publish { event, data, .. } => ServerReport::Published {
                id: log.publish(event, data),
            },
            // Each stream watches.
            ServerCommand::Stats => ServerReport::Stats {
                subscribers: u64::try_from(log.last.receiver_count())?,
            },
            other => bail!("{other:?} is not known here"),
        });
    }
    Ok(())
}

async fn events(State(log): State<Arc<Log>>, headers: HeaderMap) -> Response {
    let header = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let news = log.last.subscribe();
    let position: u64 = header.unwrap_or_else(|| *news.borrow());
    let retry = Event::default().retry(Duration::from_millis(log.args.retry_ms));
    let first = stream::once(async { Ok::<_, Infallible>(retry) });
    let state = (log, news, position);
    let events = stream::unfold(state, async |(log, mut news, position)| {
        loop {
            news.mark_unchanged();
            if let Some((number, event, data)) = log.after(position) {
                let mut frame = Event::default().id(number.to_string()).data(data);
                if let Some(event) = event {
                    frame = frame.event(event);
                }
                return Some((Ok(frame), (log, news, number)));
            }
            news.changed().await.ok()?;
        }
    });
    let sse = Sse::new(futures_util::StreamExt::chain(first, events)).keep_alive(KeepAlive::new());
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], sse).into_response()
}
