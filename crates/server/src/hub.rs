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
use crate::store::index::SubscriberId;
use crate::store::memory::Log;
use crate::subscribe::Subscribe;
use crate::subscription::{End, Opening, Subscription};
use crate::topic::{self, Topic};

/// The publishing side of an application: topics, one log of what was published, and subscriptions that read it.
///
/// Cheap to clone: all clones are the same hub, which is [closed](Self::close) when the last of them is dropped. It needs
/// no runtime to publish; subscriptions need Tokio's for their heartbeat.
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
pub struct Hub(Arc<Open>);

/// What all clones of a hub hold, and no subscription does: nobody can publish any more when it is dropped.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What a hub and its subscriptions share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) slow: Slow,
}

pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) closed: bool,
    pub(crate) delivered: u64,
    pub(crate) resets: u64,
    published: u64,
    subscribers: usize,
    next_subscriber: SubscriberId,
    ended: Ended,
}

impl Shared {
    /// Locks, also after a panic of another thread: a publication is appended whole or not at all.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A subscription is gone; `end` says why, where it had ended by itself.
    pub(crate) fn leave(&self, topics: &[Topic], subscriber: SubscriberId, end: Option<End>) {
        let _wakers = {
            let mut state = self.lock();
            state.subscribers -= 1;
            state.ended.count(end);
            state.log.index.unsubscribe(topics, subscriber)
        };
    }

    fn close(&self) {
        let mut woken = Vec::new();
        {
            let mut state = self.lock();
            state.closed = true;
            state.log.index.take_all_waiting(&mut woken);
        }
        for waker in woken {
            waker.wake();
        }
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
        Self(Arc::new(Open(Arc::new(Shared {
            state: Mutex::new(State {
                log: Log::new(builder.bounds),
                closed: false,
                delivered: 0,
                resets: 0,
                published: 0,
                subscribers: 0,
                next_subscriber: 0,
                ended: Ended::default(),
            }),
            heartbeat: builder.heartbeat,
            retry: builder.retry,
            slow: builder.slow,
        }))))
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
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
            let mut state = self.shared().lock();
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
        let shared = self.shared();
        let mut state = shared.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        state.log.expire(Instant::now());
        state
            .log
            .index
            .subscribe(&topics)
            .map_err(|_| SubscribeError::TooManyTopics)?;
        // After the topics are known: making room for them may have raised what is forgotten, and the first read judges
        // by that.
        let begin = resume::begin(&state.log, &topics, &subscribe.start);
        let mut frame = shared.retry.map(resume::retry_line).unwrap_or_default();
        frame.extend(match begin.reset {
            Some(reason) => {
                resume::reset_block(&state.log, &topics, begin.cursor, requested, reason)
            }
            None => resume::mark(&state.log, begin.cursor),
        });
        let start = state.log.id(begin.cursor);
        let first = state.log.first_after(&topics, begin.cursor);
        let id = state.next_subscriber;
        state.next_subscriber += 1;
        state.subscribers += 1;
        state.resets += u64::from(begin.reset.is_some());
        // What writes the log of the process may be slow, or publish to this very hub.
        drop(state);
        info!(
            target: "eventwire::hub",
            topics = ?topics,
            peer = subscribe.peer.map(tracing::field::display),
            last_event_id = requested,
            start = %start,
            first = first.map(|id| id.to_string()).unwrap_or_default(),
            reset = begin.reset.map_or("", resume::Reason::name),
            "subscribed"
        );
        let opening = Opening {
            id,
            topics,
            cursor: begin.cursor,
            frame: frame.into(),
            heartbeat: shared.heartbeat.filter(|_| subscribe.heartbeat),
            expires: subscribe.expires,
        };
        Ok(Subscription::new(shared.clone(), opening))
    }

    /// What the hub holds and has done.
    pub fn stats(&self) -> Stats {
        let mut state = self.shared().lock();
        state.log.expire(Instant::now());
        Stats {
            subscribers: state.subscribers,
            topics: state.log.index.len(),
            published: state.published,
            delivered: state.delivered,
            resets: state.resets,
            events: state.log.len(),
            bytes: state.log.bytes(),
            first: state.log.first().map(|offset| state.log.id(offset)),
            last: state.log.id(state.log.last()),
            ended: state.ended.clone(),
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared().lock().closed
    }

    /// Refuses new subscriptions and publications from now on. Each subscription gives what was published before, and then
    /// ends.
    pub fn close(&self) {
        self.shared().close();
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
