//! What one writes with axum: a broadcast channel, and a stream of it for every subscriber.
//!
//! `GET /stream` subscribes, `POST /publish` publishes its body. One thread, as every server that is compared has.

use std::convert::Infallible;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures_util::{Stream, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};
use tokio_stream::wrappers::BroadcastStream;

/// Events that a subscriber may be behind: more than the bursts have, so that none is lost.
const BEHIND: usize = 4096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (events, _) = broadcast::channel::<String>(BEHIND);
    let app = Router::new()
        .route("/stream", get(subscribe))
        .route("/publish", post(publish))
        .with_state(events);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

async fn subscribe(
    State(events): State<Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = BroadcastStream::new(events.subscribe());
    // One that was too slow has lost some, and goes on.
    let stream =
        stream.filter_map(|data| async { data.ok().map(|data| Ok(Event::default().data(data))) });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

async fn publish(State(events): State<Sender<String>>, data: String) {
    // An error means that nobody subscribes.
    let _ = events.send(data);
}
