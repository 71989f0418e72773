//! A publisher to a hub that runs elsewhere, as a handle.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use eventwire_client as client;
use tokio::sync::{mpsc, oneshot};

use crate::failure::{Failure, FailureKind};
use crate::hub::Message;
use crate::owner::Owner;
use crate::runtime;
use crate::stream::RetryPolicy;
use crate::task::Task;
use crate::transport::Transport;

/// How many bytes of messages may wait to be sent: 64 MiB. Who publishes faster than the hub answers must wait for the
/// answers at some point.
const MAX_WAITING: usize = 64 << 20;

/// Where to publish, and how.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    /// The URL of the hub, or of its `/events`.
    pub url: String,
    /// Headers beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// When to try again; None for never.
    pub retry: Option<RetryPolicy>,
    /// How to reach the hub.
    pub transport: Transport,
}

struct Job {
    message: Message,
    size: usize,
    answer: oneshot::Sender<Result<String, Failure>>,
}

/// A publisher: messages are sent one after the other, in the order of the calls. Dropped without
/// [`close`](Self::close), it still sends what it was given: a garbage collector decides when that is.
pub struct Publisher {
    owner: Owner,
    client: client::Publisher,
    jobs: Mutex<State>,
    waiting: Arc<AtomicUsize>,
}

enum State {
    Unused,
    Running(mpsc::UnboundedSender<Job>, tokio::task::AbortHandle),
    Closed,
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
        if let Some((name, password)) = &options.transport.auth {
            built = built.basic_auth(name, password);
        }
        built = built.transport(options.transport.build()?);
        let client = client::Publisher::new(&options.url, built)?;
        Ok(Self {
            owner: Owner::default(),
            client,
            jobs: Mutex::new(State::Unused),
            waiting: Arc::default(),
        })
    }

    /// Publishes; the answer is the event's id.
    ///
    /// # Errors
    ///
    /// The publisher is closed, was used before a `fork`, or has 64 MiB waiting.
    pub fn publish(&self, message: Message) -> Result<Task<String>, Failure> {
        self.owner.check("publisher")?;
        let size = message.size();
        let before = self.waiting.fetch_add(size, Ordering::AcqRel);
        if before != 0 && before + size > MAX_WAITING {
            self.waiting.fetch_sub(size, Ordering::AcqRel);
            return Err(Failure::new(
                FailureKind::Publish,
                "64 MiB of messages wait to be published: wait for the answers of earlier ones first",
            )
            .with("outcome", "not_stored"));
        }
        let (answer, answered) = oneshot::channel();
        self.sender()?
            .send(Job {
                message,
                size,
                answer,
            })
            .map_err(|_| closed())?;
        Task::start(async move { answered.await.unwrap_or_else(|_| Err(closed())) })
    }

    fn sender(&self) -> Result<mpsc::UnboundedSender<Job>, Failure> {
        let mut state = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Running(sender, _) => Ok(sender.clone()),
            State::Closed => Err(closed()),
            State::Unused => {
                let (sender, jobs) = mpsc::unbounded_channel();
                let worker = runtime::spawn(work(self.client.clone(), jobs, self.waiting.clone()))?;
                *state = State::Running(sender.clone(), worker.abort_handle());
                Ok(sender)
            }
        }
    }

    /// Closes it: what was not answered fails, and it takes nothing more.
    pub fn close(&self) {
        let mut state = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(_, worker) = std::mem::replace(&mut *state, State::Closed) {
            worker.abort();
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

fn closed() -> Failure {
    Failure::closed("the publisher was closed; whether the event was stored is not known")
        .with("outcome", "unknown")
}

async fn work(
    client: client::Publisher,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(Job {
        message,
        size,
        answer,
    }) = jobs.recv().await
    {
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
        let result = client.publish(topics, publication).await;
        waiting.fetch_sub(size, Ordering::AcqRel);
        // Nobody waits for the answer any more: fine.
        let _ = answer.send(result.map_err(Failure::from));
    }
}
