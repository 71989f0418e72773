//! The page, and its exchange of results for new sessions.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::generate::Session;
use crate::judge;
use crate::server::Streams;

const PAGE: &str = include_str!("../../../../matrix/streams.html");

/// How many sessions the page plays at the same time.
const AT_ONCE: usize = 40;

/// A session as the page gets it.
#[derive(Debug, Serialize)]
struct Task {
    number: u64,
    url: String,
    /// What to listen to: an `EventSource` tells nobody of other types.
    types: Vec<String>,
    closes: bool,
}

/// What the page says of a session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    pub(crate) number: u64,
    pub(crate) end: String,
    /// The events of each connection.
    pub(crate) connections: Vec<Vec<Seen>>,
}

/// An event, as it was dispatched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) event: String,
    pub(crate) data: String,
    pub(crate) id: String,
}

#[derive(Clone)]
struct Exchange {
    sessions: Arc<Mutex<dyn Iterator<Item = Session> + Send>>,
    streams: Streams,
    outcomes: mpsc::UnboundedSender<Outcome>,
}

/// Serves the page; it plays all the sessions, and their outcomes come in any order. Gives its URL.
pub(crate) async fn serve(
    sessions: impl Iterator<Item = Session> + Send + 'static,
    streams: Streams,
) -> Result<(String, mpsc::UnboundedReceiver<Outcome>)> {
    let (sender, outcomes) = mpsc::unbounded_channel();
    let exchange = Exchange {
        sessions: Arc::new(Mutex::new(sessions)),
        streams,
        outcomes: sender,
    };
    let routes = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/exchange", post(take_and_give))
        .with_state(exchange);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok((url, outcomes))
}

async fn take_and_give(
    State(exchange): State<Exchange>,
    Json(outcomes): Json<Vec<Outcome>>,
) -> Json<Vec<Task>> {
    // The first exchange brings none, and fills the page.
    let wanted = match outcomes.len() {
        0 => AT_ONCE,
        count => count,
    };
    for outcome in outcomes {
        // The driver may have seen enough.
        let _ = exchange.outcomes.send(outcome);
    }
    let mut sessions = exchange
        .sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let tasks = (0..wanted)
        .map_while(|_| sessions.next())
        .map(|session| Task {
            number: session.number,
            types: judge::types(&session),
            closes: session.closes,
            url: exchange.streams.add(session),
        });
    Json(tasks.collect())
}
