//! The hub, its subscriptions and its server as handles.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use eventwire_codec as codec;
use eventwire_server as server;
use futures_util::StreamExt;
use serde_json::json;
use tokio::task::AbortHandle;

use crate::decode;
use crate::failure::Failure;
use crate::mailbox::{Drained, Mailbox, Refused, Waited};
use crate::notifier::Notifier;
use crate::owner::Owner;
use crate::packed::{Batch, Kind};
use crate::runtime;
use crate::stream::DEFAULT_MAILBOX;
use crate::task::Task;

/// How a hub keeps its events.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// Where the log lives: `memory:`.
    pub store: String,
    /// How many events the log holds.
    pub max_events: usize,
    /// How many bytes the log holds.
    pub max_bytes: usize,
    /// How many topics are known at a time.
    pub max_topics: usize,
    /// How long the log holds an event; None for as long as there is room.
    pub max_age: Option<Duration>,
    /// How long a stream may be silent before a comment is sent; None for ever.
    pub heartbeat: Option<Duration>,
    /// The reconnection time that subscribers are told.
    pub retry: Option<Duration>,
    /// What happens to a subscriber that the log's tail has passed: `disconnect` or `skip`.
    pub slow: String,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            store: "memory:".to_owned(),
            max_events: 100_000,
            max_bytes: 64 << 20,
            max_topics: 1_000_000,
            max_age: None,
            heartbeat: Some(Duration::from_secs(15)),
            retry: None,
            slow: "disconnect".to_owned(),
        }
    }
}

impl HubOptions {
    fn build(&self) -> Result<server::Hub, Failure> {
        let slow = match self.slow.as_str() {
            "disconnect" => server::Slow::Disconnect,
            "skip" => server::Slow::Skip,
            other => {
                return Err(Failure::argument(format!(
                    "slow is {other:?}: give \"disconnect\" or \"skip\""
                )));
            }
        };
        Ok(server::Hub::builder()
            .store(&self.store)
            .max_events(self.max_events)
            .max_bytes(self.max_bytes)
            .max_topics(self.max_topics)
            .max_age(self.max_age)
            .heartbeat(self.heartbeat)
            .retry(self.retry)
            .slow(slow)
            .build()?)
    }
}

/// An event to publish.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The topics; at least one.
    pub topics: Vec<String>,
    /// The data.
    pub data: String,
    /// The event type.
    pub event: Option<String>,
    /// The key that makes a repeated publish harmless.
    pub key: Option<String>,
}

impl Message {
    pub(crate) fn size(&self) -> usize {
        let texts = self.topics.iter().chain(&self.event).chain(&self.key);
        self.data.len() + texts.map(String::len).sum::<usize>()
    }
}

/// What to subscribe to in this process's hub.
#[derive(Clone, Debug)]
pub struct SubscribeOptions {
    /// The topics; at least one.
    pub topics: Vec<String>,
    /// Where to resume from.
    pub last_event_id: Option<String>,
    /// Where to begin without a last event ID: `live`, `earliest` or `last:N`.
    pub start: String,
    /// How many bytes may wait for the consumer; the rest waits in the log.
    pub mailbox: usize,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            last_event_id: None,
            start: "live".to_owned(),
            mailbox: DEFAULT_MAILBOX,
        }
    }
}

/// How to serve a hub.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// `host:port`; port 0 takes a free one.
    pub address: String,
    /// The origins whose pages may read: `*` for any.
    pub cors: Vec<String>,
    /// Whether anyone may publish, beyond a loopback address too.
    pub open_publish: bool,
    /// How many connections are served at a time.
    pub max_connections: Option<usize>,
    /// The largest body of a publish, in bytes.
    pub max_body: Option<usize>,
}

/// A hub of this process.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: HubOptions,
    owner: Owner,
    /// Made at the first use and not before: so each child of a fork gets a log, and an epoch, of its own.
    hub: OnceLock<server::Hub>,
}

impl Hub {
    /// Checks the options; the log begins with the first use.
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(options: HubOptions) -> Result<Self, Failure> {
        options.build()?;
        Ok(Self(Arc::new(Inner {
            options,
            owner: Owner::default(),
            hub: OnceLock::new(),
        })))
    }

    fn hub(&self) -> Result<&server::Hub, Failure> {
        self.0.owner.check("hub")?;
        if let Some(hub) = self.0.hub.get() {
            return Ok(hub);
        }
        let built = self.0.options.build()?;
        Ok(self.0.hub.get_or_init(|| built))
    }

    /// Publishes; the answer is the event's id.
    ///
    /// # Errors
    ///
    /// The hub was used before a `fork`. What the hub refuses is the task's answer.
    pub fn publish(&self, message: Message) -> Result<Task<String>, Failure> {
        let hub = self.hub()?.clone();
        Task::start(async move {
            let mut publication = server::Publication::to(message.topics, message.data);
            if let Some(event) = message.event {
                publication = publication.event(event);
            }
            if let Some(key) = message.key {
                publication = publication.key(key);
            }
            let id = hub.publish(publication).await?;
            Ok(id.to_string())
        })
    }

    /// Subscribes in this process.
    ///
    /// # Errors
    ///
    /// A topic or a start that is none.
    pub fn subscribe(&self, options: SubscribeOptions) -> Result<Subscription, Failure> {
        let start = match options.last_event_id.filter(|id| !id.is_empty()) {
            Some(id) => server::Start::After(id),
            None => options.start.parse::<server::Start>()?,
        };
        let subscribe = server::Subscribe::to(options.topics).start(start);
        let unopened = self.hub()?.subscribe(subscribe)?;
        Ok(Subscription {
            owner: Owner::of_this_process(),
            mailbox: Arc::new(Mailbox::new(options.mailbox)),
            last_event_id: Arc::default(),
            reading: Mutex::new(Reading::Unopened(unopened)),
        })
    }

    /// Serves the hub over HTTP.
    ///
    /// # Errors
    ///
    /// The hub was used before a `fork`. An address that is taken, or may not be served, is the task's answer.
    pub fn serve(&self, options: ServeOptions) -> Result<Task<Server>, Failure> {
        let hub = self.hub()?.clone();
        Task::start(async move {
            let mut serve = server::ServeOptions::new().open_publish(options.open_publish);
            serve = serve.cors(server::Cors::parse(&options.cors)?);
            if let Some(max) = options.max_connections {
                serve = serve.max_connections(max);
            }
            if let Some(max) = options.max_body {
                serve = serve.max_body(max);
            }
            let server = hub.serve(&options.address, serve).await?;
            Ok(Server(Arc::new(Served {
                owner: Owner::of_this_process(),
                server,
            })))
        })
    }

    /// What the hub holds and does, as a JSON object.
    ///
    /// # Errors
    ///
    /// The hub was used before a `fork`.
    pub fn stats(&self) -> Result<String, Failure> {
        let stats = self.hub()?.stats();
        Ok(json!({
            "subscribers": stats.subscribers,
            "topics": stats.topics,
            "published": stats.published,
            "events": stats.events,
            "bytes": stats.bytes,
            "delivered": stats.delivered,
            "resets": stats.resets,
            "last_event_id": stats.last.to_string(),
            "ended": {
                "gone": stats.ended.gone,
                "slow": stats.ended.slow,
                "expired": stats.ended.expired,
                "closed": stats.ended.closed,
                "drained": stats.ended.drained,
            },
        })
        .to_string())
    }

    /// Ends all subscriptions.
    pub fn close(&self) {
        if let Some(hub) = self.0.hub.get() {
            hub.close();
        }
    }
}

/// A subscription in the hub's own process. It has all that is published from its making on, since what it has not read
/// is in the log.
#[derive(Debug)]
pub struct Subscription {
    owner: Owner,
    mailbox: Arc<Mailbox<Failure>>,
    last_event_id: Arc<Mutex<String>>,
    reading: Mutex<Reading>,
}

#[derive(Debug)]
enum Reading {
    Unopened(server::Subscription),
    Open(AbortHandle),
    Closed,
}

impl Subscription {
    /// Starts to read it, the first time: as frames of bytes, heartbeats and marks among them, or as events.
    ///
    /// # Errors
    ///
    /// The hub was used in another process, before a `fork`; or as [`runtime::handle`].
    pub fn open(&self, frames: bool) -> Result<(), Failure> {
        self.owner.check("subscription")?;
        let runtime = runtime::handle()?;
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading::Unopened(_) = *reading else {
            return Ok(());
        };
        let Reading::Unopened(unopened) = std::mem::replace(&mut *reading, Reading::Closed) else {
            return Ok(());
        };
        let mailbox = self.mailbox.clone();
        let task = if frames {
            runtime.spawn(pump_frames(unopened, mailbox))
        } else {
            runtime.spawn(pump_events(unopened, mailbox, self.last_event_id.clone()))
        };
        *reading = Reading::Open(task.abort_handle());
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

    /// Closes it, from any thread; nothing is delivered after that.
    pub fn close(&self) {
        self.mailbox.close();
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Reading::Open(task) = std::mem::replace(&mut *reading, Reading::Closed) {
            task.abort();
        }
    }

    /// The id of the position that it has reached; resume from it.
    pub fn last_event_id(&self) -> String {
        self.last_event_id
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.close();
    }
}

async fn pump_frames(mut frames: server::Subscription, mailbox: Arc<Mailbox<Failure>>) {
    while let Some(frame) = frames.next().await {
        // A frame was encoded from strings, so it is UTF-8 and nothing is replaced here.
        let text = String::from_utf8_lossy(&frame);
        if mailbox
            .push(text.len(), |batch| batch.push_other(Kind::Frame, &text))
            .await
            == Err(Refused::Closed)
        {
            return;
        }
    }
    mailbox.finish(Ok(()));
}

/// Events come out of the same frames by the same decoder as everywhere else.
async fn pump_events(
    mut frames: server::Subscription,
    mailbox: Arc<Mailbox<Failure>>,
    last_event_id: Arc<Mutex<String>>,
) {
    let mut decoder = codec::Decoder::builder()
        .max_line(usize::MAX)
        .max_event(usize::MAX)
        .build();
    while let Some(frame) = frames.next().await {
        let mut batch = Batch::new();
        if let Err(error) = decode::fill(&mut decoder, &frame, &mut batch) {
            mailbox.finish(Err(Failure::from(error)));
            return;
        }
        decoder
            .last_event_id()
            .clone_into(&mut last_event_id.lock().unwrap_or_else(PoisonError::into_inner));
        for item in batch.items() {
            let push = |batch: &mut Batch| batch.push_event(item.event, item.id, item.data);
            if mailbox.push(frame.len(), push).await == Err(Refused::Closed) {
                return;
            }
        }
    }
    mailbox.finish(Ok(()));
}

/// A hub that is served.
#[derive(Clone, Debug)]
pub struct Server(Arc<Served>);

#[derive(Debug)]
struct Served {
    owner: Owner,
    server: server::Server,
}

impl Server {
    /// `http://host:port`.
    pub fn url(&self) -> String {
        self.0.server.url()
    }

    /// Takes no new connections, ends the streams, and waits at most `timeout` for the connections to end.
    ///
    /// # Errors
    ///
    /// The server runs in another process, before a `fork`; or as [`runtime::handle`].
    pub fn drain(&self, timeout: Duration) -> Result<Task<()>, Failure> {
        self.0.owner.check("server")?;
        let served = self.0.clone();
        Task::start(async move {
            served.server.drain(timeout).await;
            Ok(())
        })
    }

    /// Ends it at once, from any thread.
    pub fn close(&self) {
        self.0.server.close();
    }
}
