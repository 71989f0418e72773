//! A subscription to a URL as a handle: a task of the runtime reads it into a mailbox.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eventwire_client as client;
pub use eventwire_client::{RetryPolicy, StreamStats};
use futures_util::StreamExt;
use serde_json::json;

use crate::failure::Failure;
use crate::mailbox::{Drained, Mailbox, Refused, Waited};
use crate::notifier::Notifier;
use crate::owner::Owner;
use crate::packed::{Batch, Kind};
use crate::runtime;
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
        }
    }

    fn build(self) -> Result<client::EventStream, Failure> {
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
        options = options.transport(self.transport.build()?);
        if self.event_source {
            options = options.profile(client::Profile::EventSource);
        }
        Ok(options.open()?)
    }
}

/// A subscription to a URL.
#[derive(Debug)]
pub struct Stream {
    owner: Owner,
    url: String,
    mailbox: Arc<Mailbox<Failure>>,
    closer: client::Closer,
    restarter: client::Restarter,
    progress: Arc<Mutex<Progress>>,
    /// Taken by the task that reads it, at the first [`open`](Self::open).
    unopened: Mutex<Option<client::EventStream>>,
}

impl Stream {
    /// Checks the options; nothing is sent before [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(options: StreamOptions) -> Result<Self, Failure> {
        let mailbox = Arc::new(Mailbox::new(options.mailbox));
        let url = options.url.clone();
        let stream = options.build()?;
        let (closer, restarter) = (stream.closer(), stream.restarter());
        let progress = Arc::new(Mutex::new(Progress::of(&stream)));
        Ok(Self {
            owner: Owner::default(),
            url,
            mailbox,
            closer,
            restarter,
            progress,
            unopened: Mutex::new(Some(stream)),
        })
    }

    /// Starts it, the first time.
    ///
    /// # Errors
    ///
    /// The stream was opened in another process, before a `fork`; or there is no runtime to be had.
    pub fn open(&self) -> Result<(), Failure> {
        self.owner.check("stream")?;
        let unopened = self
            .unopened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(stream) = unopened {
            runtime::spawn(pump(stream, self.mailbox.clone(), self.progress.clone()))?;
        }
        Ok(())
    }

    /// As [`Mailbox::listen`].
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        self.mailbox.listen(notifier, token);
    }

    /// As [`Mailbox::wait`].
    pub fn wait(&self, timeout: Duration) -> Waited {
        self.mailbox.wait(timeout)
    }

    /// As [`Mailbox::drain`].
    pub fn drain(&self) -> Drained<Failure> {
        self.mailbox.drain()
    }

    /// Closes it, from any thread: the reader is woken at once, and nothing is delivered after that.
    pub fn close(&self) {
        // First the closer: who is woken by the mailbox finds the state closed.
        self.closer.close();
        self.mailbox.close();
        self.unopened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Drops the connection and connects again at once, from any thread, going on after the last event ID; what waits in the
    /// mailbox stays there. Before [`open`](Self::open) and at the end it does nothing.
    ///
    /// # Errors
    ///
    /// The stream was opened in another process, before a `fork`.
    pub fn restart(&self) -> Result<(), Failure> {
        // Not a use: a stream that was only told to restart has nothing in this process yet.
        if self.owner.is_elsewhere() {
            self.owner.check("stream")?;
        }
        self.restarter.restart();
        Ok(())
    }

    /// `connecting`, `open` or `closed`.
    pub fn state(&self) -> &'static str {
        if self.closer.is_closed() {
            client::State::Closed.name()
        } else {
            self.progress().state.name()
        }
    }

    /// The last event ID that was received; it is sent at the next reconnect.
    pub fn last_event_id(&self) -> String {
        self.progress().last_event_id.clone()
    }

    /// What `retry:` last said, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.progress().reconnection_time
    }

    /// What it has done so far.
    pub fn stats(&self) -> client::StreamStats {
        let progress = self.progress();
        let mut stats = progress.stats;
        // It was quiet since the task saw it last.
        let since = progress.at.elapsed();
        for quiet in [&mut stats.since_byte, &mut stats.since_event] {
            *quiet = quiet.map(|before| before + since);
        }
        stats
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL that it was made for.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

/// How far the stream has come, for those who ask while the task reads it.
#[derive(Debug)]
struct Progress {
    state: client::State,
    last_event_id: String,
    reconnection_time: Option<u64>,
    /// What it has done, as of `at`.
    stats: client::StreamStats,
    at: Instant,
}

impl Progress {
    fn of(stream: &client::EventStream) -> Self {
        let mut progress = Self {
            state: client::State::Connecting,
            last_event_id: String::new(),
            reconnection_time: None,
            stats: client::StreamStats::default(),
            at: Instant::now(),
        };
        progress.update(stream);
        progress
    }

    fn update(&mut self, stream: &client::EventStream) {
        self.state = stream.state();
        self.reconnection_time = stream.reconnection_time();
        self.stats = stream.stats();
        self.at = Instant::now();
        if self.last_event_id != stream.last_event_id() {
            stream.last_event_id().clone_into(&mut self.last_event_id);
        }
    }
}

/// Reads the stream into the mailbox until either side ends. A full mailbox stops the reading, and so the socket.
async fn pump(
    stream: client::EventStream,
    mailbox: Arc<Mailbox<Failure>>,
    progress: Arc<Mutex<Progress>>,
) {
    let mut items = stream.items();
    // After every poll, not only after every item: marks move the last event ID without an item.
    let mut next = async || {
        poll_fn(|cx| {
            let polled = items.poll_next_unpin(cx);
            progress
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .update(items.stream());
            polled
        })
        .await
    };
    while let Some(item) = next().await {
        let pushed = match item {
            Ok(item) => mailbox.push(size(&item), |batch| pack(batch, &item)).await,
            Err(error) => {
                mailbox.finish(Err(Failure::from(error)));
                return;
            }
        };
        if pushed == Err(Refused::Closed) {
            return;
        }
    }
    mailbox.finish(Ok(()));
}

fn size(item: &client::StreamItem) -> usize {
    match item {
        client::StreamItem::Event(event) => {
            event.event().len() + event.id().len() + event.data().len()
        }
        client::StreamItem::Comment(text) => text.len(),
        _ => 256,
    }
}

fn pack(batch: &mut Batch, item: &client::StreamItem) {
    use client::StreamItem as Item;
    match item {
        Item::Event(event) => batch.push_event(event.event(), event.id(), event.data()),
        Item::Comment(text) => batch.push_other(Kind::Comment, text),
        Item::Opened(opened) => {
            let headers: Vec<_> = opened
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect();
            let json = json!({ "status": opened.status, "url": opened.url, "headers": headers });
            batch.push_other(Kind::Opened, &json.to_string());
        }
        Item::Reset(reset) => {
            let event = reset.event();
            batch.push_reset(event.event(), event.id(), event.data());
        }
        Item::Reconnecting(again) => {
            let json = json!({
                "reason": Failure::from(again.reason.clone()).to_value(),
                "attempt": again.attempt,
                "delay": again.delay.as_millis() as u64,
            });
            batch.push_other(Kind::Reconnecting, &json.to_string());
        }
        Item::Closed(closed) => {
            let json = json!({
                "reason": closed.reason.name(),
                "error": closed.error.as_ref().map(|error| Failure::from(error.clone()).to_value()),
            });
            batch.push_other(Kind::Closed, &json.to_string());
        }
        _ => {}
    }
}
