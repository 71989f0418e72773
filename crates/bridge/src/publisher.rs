//! A publisher to a hub that runs elsewhere, as a handle.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use eventwire_client as client;

use crate::failure::{Failure, FailureKind};
use crate::hub::Message;
use crate::owner::Owner;
use crate::stream::RetryPolicy;
use crate::task::Task;
use crate::transport::Transport;

/// How many bytes of messages may wait for their answers: 64 MiB. The queue is smaller, and whoever waits for room in it holds its own;
/// but a language whose calls do not block could make as many of those as it has memory.
const MAX_WAITING: usize = 64 << 20;

/// What a message takes beside its texts.
const OVERHEAD: usize = 1 << 10;

/// Where to publish, and how.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    /// The URL of the hub, or of its `/events`.
    pub url: String,
    /// Headers beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// When to try again; None for never.
    pub retry: Option<RetryPolicy>,
    /// How long one attempt may take; None for the default.
    pub timeout: Option<Duration>,
    /// How long making a connection may take; None for the default.
    pub connect_timeout: Option<Duration>,
    /// How to reach the hub.
    pub transport: Transport,
}

/// A publisher: messages are sent in the order of the calls, those of one time together. Dropped without [`close`](Self::close), it
/// still sends what it was given: a garbage collector decides when that is.
pub struct Publisher {
    owner: Owner,
    client: client::Publisher,
    waiting: Arc<AtomicUsize>,
}

/// Bytes that wait for their answer.
struct Waiting(Arc<AtomicUsize>, usize);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::AcqRel);
    }
}

impl Publisher {
    /// Checks the options; nothing is sent before the first message.
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(options: PublisherOptions) -> Result<Self, Failure> {
        let mut built = client::PublisherOptions::default();
        for (name, value) in options.headers {
            built = built.header(name, value);
        }
        built = match options.retry {
            Some(policy) => built.retry(policy),
            None => built.no_retry(),
        };
        if let Some(timeout) = options.timeout {
            built = built.timeout(timeout);
        }
        if let Some(timeout) = options.connect_timeout {
            built = built.connect_timeout(timeout);
        }
        if let Some((name, password)) = &options.transport.auth {
            built = built.basic_auth(name, password);
        }
        let names = options.transport.names();
        built = built.transport(options.transport.build()?);
        let client =
            client::Publisher::new(&options.url, built).map_err(|error| names.failure(error))?;
        Ok(Self {
            owner: Owner::default(),
            client,
            waiting: Arc::default(),
        })
    }

    /// Publishes; the answer is the event's id.
    ///
    /// # Errors
    ///
    /// The publisher was used before a `fork`, or has 64 MiB waiting.
    pub fn publish(&self, message: Message) -> Result<Task<String>, Failure> {
        self.owner.check("publisher")?;
        let waiting = self.wait(message.size() + OVERHEAD)?;
        let client = self.client.clone();
        Task::start(async move {
            let _waiting = waiting;
            let (topics, message) = publication(message);
            Ok(client.publish(topics, message).await?)
        })
    }

    /// Publishes several in one request, all of them or none; the answer is their ids.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub fn publish_many(&self, messages: Vec<Message>) -> Result<Task<Vec<String>>, Failure> {
        self.owner.check("publisher")?;
        let size = messages.iter().map(|message| message.size() + OVERHEAD);
        let waiting = self.wait(size.sum())?;
        let client = self.client.clone();
        Task::start(async move {
            let _waiting = waiting;
            let messages = messages.into_iter().map(publication);
            Ok(client.publish_many(messages).await?)
        })
    }

    fn wait(&self, size: usize) -> Result<Waiting, Failure> {
        let before = self.waiting.fetch_add(size, Ordering::AcqRel);
        let waiting = Waiting(self.waiting.clone(), size);
        if before == 0 || before + size <= MAX_WAITING {
            return Ok(waiting);
        }
        Err(Failure::new(
            FailureKind::Publish,
            "64 MiB of messages wait to be published: wait for the answers of earlier ones first",
        )
        .with("outcome", "not_stored"))
    }

    /// Waits until all that was published before has its answer; the task's answer is true.
    ///
    /// # Errors
    ///
    /// The publisher was used before a `fork`.
    pub fn flush(&self) -> Result<Task<bool>, Failure> {
        if self.owner.is_unused() {
            return Ok(Task::ready(true));
        }
        self.owner.check("publisher")?;
        let client = self.client.clone();
        Task::start(async move {
            client.flush().await;
            Ok(true)
        })
    }

    /// Takes nothing more, and lets what was accepted go out for at most `timeout`, also where nobody waits for that; whether all of it
    /// has its answer.
    ///
    /// # Errors
    ///
    /// As [`runtime::handle`](crate::runtime::handle).
    pub fn close(&self, timeout: Duration) -> Result<Task<bool>, Failure> {
        if self.owner.is_elsewhere() {
            // What it has is the other process's.
            return Ok(Task::ready(true));
        }
        let client = self.client.clone();
        if self.owner.is_unused() {
            // There is nothing to wait for, and so no need of a runtime.
            let mut closing = pin!(client.close(timeout));
            let closed = closing
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            return Ok(Task::ready(matches!(closed, Poll::Ready(true))));
        }
        Task::start(async move { Ok(client.close(timeout).await) })
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if self.owner.is_elsewhere() {
            // Its last clone would end what the other process is sending, and take locks that nobody here gives back.
            std::mem::forget(self.client.clone());
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

fn publication(message: Message) -> (Vec<String>, client::PublishMessage) {
    let Message {
        topics,
        data,
        event,
        key,
    } = message;
    let mut publication = client::PublishMessage::new(data);
    if let Some(event) = event {
        publication = publication.event(event);
    }
    if let Some(key) = key {
        publication = publication.key(key);
    }
    (topics, publication)
}
