//! The classic example: a server whose stream tells the time, three times, and ends.
//!
//! ```text
//! cargo run -p eventwire-examples --bin classic_server
//! cargo run -p eventwire-examples --bin classic_client -- http://127.0.0.1:8080/stream
//! ```
//!
//! `GET /stream` sends `retry: 10000`, an event `connecttime` with the date, then the date every second, then an event `end`,
//! and closes. `GET /stream?json` sends the dates as JSON: `{"date": "..."}`.
//!
//! Every connection has a producer of its own, which is the body of its answer: axum asks it for bytes, and drops it, with its
//! timer, as soon as the client is gone.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use clap::Parser;
use eventwire::{EncodeError, Encoder, Event};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// A server of the classic example of Server-Sent Events.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen. Port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// How long between two dates, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    tick_ms: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind(&args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    println!("listening on http://{}/stream", listener.local_addr()?);
    // A timer cannot tick every 0 ms.
    let tick = Duration::from_millis(args.tick_ms.max(1));
    let routes = Router::new()
        .route("/stream", get(stream_dates))
        .with_state(tick);
    Ok(axum::serve(listener, routes).await?)
}

async fn stream_dates(
    State(tick): State<Duration>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Response {
    let producer = Producer::new(tick, query.as_deref() == Some("json"));
    let body = Body::from_stream(stream::try_unfold(producer, Producer::next));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    allow_any_origin(&request, headers);
    response
}

/// A page that asks `withCredentials` must be named: `*` does not do for it.
fn allow_any_origin(request: &HeaderMap, headers: &mut HeaderMap) {
    let origin = request.get(header::ORIGIN).cloned();
    if origin.is_some() {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        origin.unwrap_or(HeaderValue::from_static("*")),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
}

/// What one connection is sent, bit by bit.
struct Producer {
    timer: Interval,
    json: bool,
    step: u32,
}

const DATES: u32 = 3;

impl Producer {
    fn new(tick: Duration, json: bool) -> Producer {
        let mut timer = interval_at(tokio::time::Instant::now() + tick, tick);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        println!("producer starts");
        Producer {
            timer,
            json,
            step: 0,
        }
    }

    /// The next bytes, and the producer of those after them; `None` after the last.
    async fn next(mut self) -> Result<Option<(Bytes, Producer)>, EncodeError> {
        let mut encoder = Encoder::new();
        match self.step {
            0 => encoder
                .retry(10_000)
                .event(&self.date().with_type("connecttime"))?,
            1..=DATES => {
                self.timer.tick().await;
                encoder.event(&self.date())?
            }
            step if step == DATES + 1 => encoder.event(&Event::new("bye").with_type("end"))?,
            _ => return Ok(None),
        };
        self.step += 1;
        Ok(Some((encoder.take().into(), self)))
    }

    fn date(&self) -> Event {
        let date = httpdate::fmt_http_date(SystemTime::now());
        if self.json {
            Event::new(serde_json::json!({ "date": date }).to_string())
        } else {
            Event::new(date)
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        println!("producer stops after {} of {} blocks", self.step, DATES + 2);
    }
}
