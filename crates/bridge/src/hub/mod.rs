//! The hub as a handle.

mod processes;
mod served;
mod subscription;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eventwire_server as server;
use serde_json::json;

pub use processes::several_processes;
pub use served::{ServeOptions, Server};
pub use subscription::{SubscribeOptions, Subscription};

use crate::failure::Failure;
use crate::owner::Owner;
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
    /// How many bytes an event may have.
    pub max_event: usize,
    /// How many topics are known at a time.
    pub max_topics: usize,
    /// How many events are retained of each of these topics and patterns, for those who come new.
    pub retained: Vec<(String, usize)>,
    /// How many bytes are retained.
    pub max_retained_bytes: usize,
    /// How long the log holds an event; None for as long as there is room.
    pub max_age: Option<Duration>,
    /// How long a stream may be silent before a comment is sent; None for ever.
    pub heartbeat: Option<Duration>,
    /// The reconnection time that subscribers are told.
    pub retry: Option<Duration>,
    /// What happens to a subscriber that the log's tail has passed: `disconnect` or `skip`.
    pub slow: String,
    /// How long the store may take for one answer; None for as long as it wants.
    pub store_timeout: Option<Duration>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            store: "memory:".to_owned(),
            max_events: 100_000,
            max_bytes: 64 << 20,
            max_event: 16 << 20,
            max_topics: 1_000_000,
            retained: Vec::new(),
            max_retained_bytes: 16 << 20,
            max_age: None,
            heartbeat: Some(Duration::from_secs(15)),
            retry: None,
            slow: "disconnect".to_owned(),
            store_timeout: Some(Duration::from_secs(10)),
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
        let mut builder = server::Hub::builder();
        for (topic_or_pattern, count) in &self.retained {
            builder = builder.retain(topic_or_pattern, *count);
        }
        Ok(builder
            .store(&self.store)
            .max_events(self.max_events)
            .max_bytes(self.max_bytes)
            .max_event(self.max_event)
            .max_topics(self.max_topics)
            .max_retained_bytes(self.max_retained_bytes)
            .max_age(self.max_age)
            .heartbeat(self.heartbeat)
            .retry(self.retry)
            .slow(slow)
            .store_timeout(self.store_timeout)
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

impl From<Message> for server::Publication {
    fn from(message: Message) -> Self {
        let mut publication = Self::to(message.topics, message.data);
        if let Some(event) = message.event {
            publication = publication.event(event);
        }
        if let Some(key) = message.key {
            publication = publication.key(key);
        }
        publication
    }
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
            let id = hub.publish(message.into()).await?;
            Ok(id.to_string())
        })
    }

    /// Publishes several in one go, all of them or none; the answer is their ids.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub fn publish_many(&self, messages: Vec<Message>) -> Result<Task<Vec<String>>, Failure> {
        let hub = self.hub()?.clone();
        Task::start(async move {
            let ids = hub
                .publish_many(messages.into_iter().map(Into::into))
                .await?;
            Ok(ids.iter().map(ToString::to_string).collect())
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
        Ok(Subscription::new(unopened, options.mailbox))
    }

    /// Serves the hub over HTTP.
    ///
    /// # Errors
    ///
    /// The hub was used before a `fork`. A wrong option, and an address that is taken or may not be served, is the task's answer.
    pub fn serve(&self, options: ServeOptions) -> Result<Task<Server>, Failure> {
        let hub = self.hub()?.clone();
        Task::start(async move {
            let serve = options.build()?;
            Ok(Server::new(hub.serve(&options.address, serve).await?))
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
            "retained": stats.retained,
            "retained_bytes": stats.retained_bytes,
            "delivered": stats.delivered,
            "delivered_bytes": stats.delivered_bytes,
            "lag": stats.lag,
            "resets": stats.resets,
            "last_event_id": stats.last.to_string(),
            "ended": stats.ended.reasons().collect::<std::collections::BTreeMap<_, _>>(),
        })
        .to_string())
    }

    /// Ends all subscriptions; what is asked of it afterwards is refused, also where nothing was before. In the child of a `fork` a hub
    /// that was used before does nothing: its subscriptions are the parent's, and so may its locks be for ever.
    pub fn close(&self) {
        // One that was never used has to remember it.
        if let Ok(hub) = self.hub() {
            hub.close();
        }
    }
}
