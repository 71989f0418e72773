//! What to subscribe to, and how.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventwire_client as client;
use eventwire_client::RetryPolicy;

use crate::failure::Failure;
use crate::question::AskBeforeAttempts;
use crate::transport::Transport;

/// The bound of a mailbox where none is given: 1 MiB.
pub const DEFAULT_MAILBOX: usize = 1 << 20;

/// What to subscribe to, and how.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// The URL.
    pub url: String,
    /// The method; GET by default.
    pub method: String,
    /// Headers beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Option<Vec<u8>>,
    /// Where to resume from; "" for live.
    pub last_event_id: String,
    /// When to reconnect; None for never.
    pub retry: Option<RetryPolicy>,
    /// How long a connection may take: name, TCP and TLS; 10 s by default.
    pub connect_timeout: Duration,
    /// How long no byte may come.
    pub idle_timeout: Option<Duration>,
    /// How long no event may come.
    pub event_timeout: Option<Duration>,
    /// The longest line, in bytes.
    pub max_line: usize,
    /// The largest event, in bytes.
    pub max_event: usize,
    /// How many bytes may wait for the consumer.
    pub mailbox: usize,
    /// Whether comments come out as items.
    pub comments: bool,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// The rules of the browser's `EventSource` instead of ours.
    pub event_source: bool,
    /// How to reach the server.
    pub transport: Transport,
    /// Whether the application is asked before every attempt, by [`Kind::Prepare`](crate::packed::Kind::Prepare).
    pub prepare: bool,
    /// Whether events are dealt with when [`Stream::ack`](super::Stream::ack) says so, and not when they are handed out.
    pub manual_ack: bool,
    /// The file that holds the place.
    pub cursor_file: Option<PathBuf>,
}

impl StreamOptions {
    /// The defaults, for `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
            last_event_id: String::new(),
            retry: Some(RetryPolicy::default()),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: None,
            event_timeout: None,
            max_line: eventwire_codec::DEFAULT_MAX_LINE,
            max_event: eventwire_codec::DEFAULT_MAX_EVENT,
            mailbox: DEFAULT_MAILBOX,
            comments: false,
            follow_redirects: true,
            event_source: false,
            transport: Transport::default(),
            prepare: false,
            manual_ack: false,
            cursor_file: None,
        }
    }

    pub(super) fn build(self, asker: AskBeforeAttempts) -> Result<client::EventStream, Failure> {
        let method = http::Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Failure::argument(format!("{:?} is no HTTP method", self.method)))?;
        let mut options = client::ConnectOptions::new(&self.url)
            .method(method)
            .last_event_id(self.last_event_id)
            .connect_timeout(self.connect_timeout)
            .idle_timeout(self.idle_timeout)
            .event_timeout(self.event_timeout)
            .max_line(self.max_line)
            .max_event(self.max_event)
            .comments(self.comments)
            .follow_redirects(self.follow_redirects);
        for (name, value) in self.headers {
            options = options.header(name, value);
        }
        if let Some(body) = self.body {
            options = options.body(body);
        }
        options = match self.retry {
            Some(policy) => options.retry(policy),
            None => options.no_retry(),
        };
        if let Some((name, password)) = &self.transport.auth {
            options = options.basic_auth(name, password);
        }
        let names = self.transport.names();
        options = options.transport(self.transport.build()?);
        if self.event_source {
            options = options.profile(client::Profile::EventSource);
        }
        if self.prepare {
            options = options.prepare_by(Arc::new(asker));
        }
        if self.manual_ack {
            options = options.ack(client::Ack::Manual);
        }
        if let Some(path) = self.cursor_file {
            options = options.cursor_file(path);
        }
        options.open().map_err(|error| names.failure(error))
    }
}
