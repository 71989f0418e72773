//! The hub: publishing and subscribing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use crate::error::{PublishError, SubscribeError};
use crate::options::{HubBuilder, Slow};
use crate::position::EventId;
use crate::publish::Publication;
use crate::resume::{self, Start};
use crate::stats::{Ended, Stats};
use crate::store::memory::Log;
use crate::subscription::{Subscribe, Subscription};
use crate::topic;

/// The publishing side of an application: topics, one log of what was published, and subscriptions that read it.
///
/// Cheap to clone: all clones are the same hub. It needs no runtime to publish; subscriptions need Tokio's for their
/// heartbeat.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use eventwire_server::{Hub, Publication};
///
/// let hub = Hub::new();
/// let id = hub.publish(Publication::new("orders", "number 42")).await?;
/// assert_eq!(id.offset(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Hub(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) slow: Slow,
}

pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) closed: bool,
    pub(crate) subscribers: usize,
    pub(crate) ended: Ended,
    next_subscriber: u64,
    published: u64,
}

impl Shared {
    /// Locks, also after a panic of another thread: a publication is appended whole or not at all.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// A hub with all defaults, in memory.
    pub fn new() -> Self {
        Self::from_builder(HubBuilder::new())
    }

    /// Makes a hub with other bounds; see [`HubBuilder`].
    pub fn builder() -> HubBuilder {
        HubBuilder::new()
    }

    pub(crate) fn from_builder(builder: HubBuilder) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                log: Log::new(builder.bounds),
                closed: false,
                subscribers: 0,
                ended: Ended::default(),
                next_subscriber: 0,
                published: 0,
            }),
            heartbeat: builder.heartbeat,
            retry: builder.retry,
            slow: builder.slow,
        }))
    }

    /// Publishes: appends to the log and wakes the subscribers of its topics. The id is the event's.
    ///
    /// In memory this is ready at once; it is asynchronous for stores that are not.
    ///
    /// # Errors
    ///
    /// [`PublishError`] says what was wrong; nothing was stored then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing is published; once polled, it is done.
    pub async fn publish(&self, publication: Publication) -> Result<EventId, PublishError> {
        self.append(publication)
    }

    fn append(&self, publication: Publication) -> Result<EventId, PublishError> {
        let prepared = publication.prepare()?;
        let topics = prepared.topics.clone();
        let mut woken = Vec::new();
        let id = {
            let mut state = self.0.lock();
            if state.closed {
                return Err(PublishError::Closed);
            }
            let (id, appended) = state.log.append(prepared, Instant::now())?;
            if appended {
                state.published += 1;
                for topic in &topics {
                    state.log.index.take_waiting(topic, &mut woken);
                }
            }
            id
        };
        // Outside the lock: the woken ones want it.
        for waker in woken {
            waker.wake();
        }
        Ok(id)
    }

    /// Subscribes; see [`Subscribe`] for where to start.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]: a topic's name is none, or the hub is closed.
    pub fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, SubscribeError> {
        let topics = topic::check(&subscribe.topics)?;
        let requested = match &subscribe.start {
            Start::After(id) => id.as_str(),
            _ => "",
        };
        let mut state = self.0.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        state.log.expire(Instant::now());
        // Looked at before the topics are made known, which could make others forgotten.
        let begin = resume::begin(&state.log, &topics, &subscribe.start);
        state
            .log
            .index
            .subscribe(&topics)
            .map_err(|_| SubscribeError::TooManyTopics)?;
        let mut opening = match self.0.retry {
            Some(time) => format!("retry: {}\n", time.as_millis()).into_bytes(),
            None => Vec::new(),
        };
        opening.extend(match begin.reset {
            Some(reason) => {
                resume::reset_block(&state.log, &topics, begin.cursor, requested, reason)
            }
            None => resume::mark(&state.log, begin.cursor),
        });
        info!(
            target: "eventwire::hub",
            topics = ?topics,
            peer = subscribe.peer.map(tracing::field::display),
            last_event_id = requested,
            start = %state.log.id(begin.cursor),
            first = state.log.first_after(&topics, begin.cursor).map(|id| id.to_string()).unwrap_or_default(),
            reset = begin.reset.map_or("", resume::Reason::name),
            "subscribed"
        );
        let id = state.next_subscriber;
        state.next_subscriber += 1;
        state.subscribers += 1;
        drop(state);
        let heartbeat = self.0.heartbeat.filter(|_| subscribe.heartbeat);
        Ok(Subscription::new(
            self.0.clone(),
            id,
            topics,
            begin.cursor,
            opening.into(),
            heartbeat,
            subscribe.expires,
        ))
    }

    /// What the hub holds and has done.
    pub fn stats(&self) -> Stats {
        let state = self.0.lock();
        Stats {
            subscribers: state.subscribers,
            topics: state.log.index.len(),
            published: state.published,
            events: state.log.len(),
            bytes: state.log.bytes(),
            last: state.log.id(state.log.last()),
            ended: state.ended.clone(),
        }
    }

    /// Ends all subscriptions, and refuses new ones and publications from now on.
    pub fn close(&self) {
        let mut woken = Vec::new();
        {
            let mut state = self.0.lock();
            state.closed = true;
            state.log.index.take_all_waiting(&mut woken);
        }
        for waker in woken {
            waker.wake();
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
