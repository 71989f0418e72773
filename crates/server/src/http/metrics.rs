//! `GET /metrics`: the figures of a hub, and of the server that it is seen through, as Prometheus reads them.

use std::fmt::{self, Write};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::message::{Head, Refusal, Reply};
use super::{Action, Endpoint, authorize};

/// What a server says of its connections.
pub(crate) trait Connections: fmt::Debug + Send + Sync {
    /// How many are open.
    fn open(&self) -> usize;

    /// How many of them are streams that shards write.
    fn sharded(&self) -> usize;

    /// How many were refused because there were too many.
    fn refused(&self) -> u64;
}

/// Figures tell who is there and how much is said: on a loopback address everybody may see them, elsewhere whoever may
/// subscribe to everything.
pub(super) async fn metrics(endpoint: &Endpoint, head: &Head) -> Result<Reply, Refusal> {
    let options = &endpoint.options;
    if !options.loopback {
        if options.authorizer.is_none() {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "this hub shows its figures on a loopback address only: its operator can give it an authorizer",
            ));
        }
        let everything = ["*".to_owned()];
        authorize::authorize(options, head, Action::Subscribe, &everything).await?;
    }
    let mut reply = Reply::empty(StatusCode::OK);
    reply.body = Bytes::from(text(endpoint)).into();
    for (name, value) in [
        (
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        reply.headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(reply)
}

fn text(endpoint: &Endpoint) -> String {
    let stats = endpoint.hub.stats();
    let mut page = Page(String::new());
    page.gauge(
        "subscribers",
        "Subscriptions that are open.",
        stats.subscribers,
    );
    page.gauge("topics", "Topics that are known.", stats.topics);
    page.counter("published_total", "Events published.", stats.published);
    page.counter(
        "delivered_total",
        "Events given to subscriptions.",
        stats.delivered,
    );
    page.counter(
        "delivered_bytes_total",
        "Bytes of those events, without what HTTP puts around them.",
        stats.delivered_bytes,
    );
    page.gauge(
        "lag_events",
        "By how many events the slowest subscriber is behind the log's end.",
        stats.lag,
    );
    page.counter(
        "resets_total",
        "Resets told to subscribers, who had missed something.",
        stats.resets,
    );
    page.gauge("log_events", "Events that the log holds.", stats.events);
    page.gauge("log_bytes", "Bytes that the log holds.", stats.bytes);
    page.gauge(
        "retained_events",
        "Events that are retained for those who come new.",
        stats.retained,
    );
    page.gauge(
        "retained_bytes",
        "Bytes of those events.",
        stats.retained_bytes,
    );
    page.head(
        "ended_total",
        "counter",
        "Subscriptions that have ended, by reason.",
    );
    for (reason, count) in stats.ended.reasons() {
        page.line(&format!("ended_total{{reason=\"{reason}\"}}"), count);
    }
    if let Some(connections) = &endpoint.connections {
        page.gauge(
            "connections",
            "Connections that are open.",
            connections.open(),
        );
        page.gauge(
            "sharded_connections",
            "Connections that are streams which shards write.",
            connections.sharded(),
        );
        page.counter(
            "refused_connections_total",
            "Connections refused because there were too many.",
            connections.refused(),
        );
    }
    page.0
}

/// The text format, version 0.0.4.
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: impl fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(name, value);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = write!(
            self.0,
            "# HELP eventwire_{name} {help}\n# TYPE eventwire_{name} {kind}\n"
        );
    }

    fn line(&mut self, name: &str, value: impl fmt::Display) {
        let _ = writeln!(self.0, "eventwire_{name} {value}");
    }
}
