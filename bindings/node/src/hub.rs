//! The hub of this process.

use std::collections::HashMap;

use eventwire_bridge::hub;
use napi::Env;
use napi_derive::napi;

use crate::batch::Fetched;
use crate::failure::{Result, raise};
use crate::notifier::Notifier;
use crate::options::{delay, limit, size, time};
use crate::task::{self, DoneTask, IdTask, IdsTask, ServerTask};

#[napi(object, object_to_js = false)]
pub struct HubOptions {
    pub store: Option<String>,
    pub max_events: Option<f64>,
    pub max_bytes: Option<f64>,
    pub max_event: Option<f64>,
    pub max_topics: Option<f64>,
    pub retained: Option<HashMap<String, f64>>,
    pub max_retained_bytes: Option<f64>,
    pub max_age: Option<f64>,
    pub heartbeat: Option<f64>,
    /// No heartbeat.
    pub silent: Option<bool>,
    pub retry: Option<f64>,
    pub slow: Option<String>,
    pub store_timeout: Option<f64>,
    /// No `store_timeout` at all.
    pub patient: Option<bool>,
}

#[napi(object, object_to_js = false)]
pub struct Message {
    pub topics: Vec<String>,
    pub data: String,
    pub event: Option<String>,
    pub key: Option<String>,
}

impl From<Message> for hub::Message {
    fn from(message: Message) -> Self {
        let Message {
            topics,
            data,
            event,
            key,
        } = message;
        Self {
            topics,
            data,
            event,
            key,
        }
    }
}

#[napi(object, object_to_js = false)]
pub struct SubscribeOptions {
    pub topics: Vec<String>,
    pub last_event_id: Option<String>,
    pub start: Option<String>,
}

#[napi(object, object_to_js = false)]
pub struct ServeOptions {
    pub address: String,
    pub cors: Vec<String>,
    pub open_publish: bool,
    pub max_connections: Option<f64>,
    pub max_body: Option<f64>,
    pub threads: Option<f64>,
    pub write_timeout: Option<f64>,
    pub peer_timeout: Option<f64>,
    pub send_buffer: Option<f64>,
}

/// The warning for one of several hubs in memory; null where this process was given it before.
#[napi]
pub fn several_processes(evidence: String) -> Option<String> {
    hub::several_processes(&evidence)
}

#[derive(Debug)]
#[napi]
pub struct Hub(hub::Hub);

#[napi]
impl Hub {
    #[napi(constructor)]
    pub fn new(options: HubOptions) -> Result<Self> {
        let mut built = hub::HubOptions::default();
        built.store = options.store.unwrap_or(built.store);
        built.max_events = size(options.max_events, built.max_events);
        built.max_bytes = size(options.max_bytes, built.max_bytes);
        built.max_event = size(options.max_event, built.max_event);
        built.max_topics = size(options.max_topics, built.max_topics);
        built.retained = options
            .retained
            .into_iter()
            .flatten()
            .map(|(topic, count)| (topic, size(Some(count), 0)))
            .collect();
        built.max_retained_bytes = size(options.max_retained_bytes, built.max_retained_bytes);
        built.max_age = limit("maxAge", options.max_age)?;
        let heartbeat = limit("heartbeat", options.heartbeat)?;
        built.heartbeat = match options.silent {
            Some(true) => None,
            _ => heartbeat.or(built.heartbeat),
        };
        built.retry = delay("retry", options.retry)?;
        built.slow = options.slow.unwrap_or(built.slow);
        let store_timeout = limit("storeTimeout", options.store_timeout)?;
        built.store_timeout = match options.patient {
            Some(true) => None,
            _ => store_timeout.or(built.store_timeout),
        };
        hub::Hub::new(built).map(Self).map_err(raise)
    }

    #[napi]
    pub fn publish(&self, message: Message) -> Result<IdTask> {
        task::start(self.0.publish(message.into()), IdTask)
    }

    #[napi]
    pub fn publish_many(&self, messages: Vec<Message>) -> Result<IdsTask> {
        let messages = messages.into_iter().map(Into::into).collect();
        task::start(self.0.publish_many(messages), IdsTask)
    }

    #[napi]
    pub fn subscribe(&self, options: SubscribeOptions) -> Result<Subscription> {
        let mut built = hub::SubscribeOptions::default();
        built.topics = options.topics;
        built.last_event_id = options.last_event_id;
        built.start = options.start.unwrap_or(built.start);
        self.0.subscribe(built).map(Subscription).map_err(raise)
    }

    #[napi]
    pub fn serve(&self, options: ServeOptions) -> Result<ServerTask> {
        let built = hub::ServeOptions {
            address: options.address,
            cors: options.cors,
            open_publish: options.open_publish,
            max_connections: options.max_connections.map(|count| count as usize),
            max_body: options.max_body.map(|bytes| bytes as usize),
            threads: options.threads.map(|count| count as usize),
            write_timeout: time("writeTimeout", options.write_timeout)?,
            peer_timeout: time("peerTimeout", options.peer_timeout)?,
            send_buffer: options.send_buffer.map(|bytes| bytes as usize),
        };
        task::start(self.0.serve(built), ServerTask)
    }

    /// The hub's figures, as JSON.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        self.0.stats().map_err(raise)
    }

    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}

/// A subscription in this process.
#[derive(Debug)]
#[napi]
pub struct Subscription(hub::Subscription);

#[napi]
impl Subscription {
    /// Starts to read it, as frames or as events.
    #[napi]
    pub fn open(&self, frames: bool) -> Result<()> {
        self.0.open(frames).map_err(raise)
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }

    #[napi]
    pub fn drain<'env>(&self, env: &'env Env) -> napi::Result<Fetched<'env>> {
        Fetched::new(env, &self.0.drain())
    }

    #[napi]
    pub fn close(&self) {
        self.0.close();
    }

    #[napi(getter)]
    pub fn last_event_id(&self) -> String {
        self.0.last_event_id()
    }
}

#[derive(Debug)]
#[napi]
pub struct Server(pub(crate) hub::Server);

#[napi]
impl Server {
    #[napi(getter)]
    pub fn url(&self) -> String {
        self.0.url()
    }

    #[napi(getter)]
    pub fn connections(&self) -> f64 {
        self.0.connections() as f64
    }

    #[napi(getter)]
    pub fn sharded(&self) -> f64 {
        self.0.sharded() as f64
    }

    #[napi(getter)]
    pub fn refused(&self) -> f64 {
        self.0.refused() as f64
    }

    #[napi]
    pub fn drain(&self, timeout: f64) -> Result<DoneTask> {
        let timeout = delay("the timeout of drain", Some(timeout))?.unwrap_or_default();
        task::start(self.0.drain(timeout), DoneTask)
    }

    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}
