//! The hub: publishing and subscribing.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::info;

use crate::appender::{self, Published};
use crate::error::{PublishError, SubscribeError};
use crate::frame::Frame;
use crate::many::{Many, PublishManyError};
use crate::options::HubBuilder;
use crate::position::EventId;
use crate::publish::Publication;
use crate::resume::{self, Start};
use crate::state::{Content, Parts, Shared};
use crate::stats::Stats;
use crate::store::log::Seek;
use crate::store::{Newest, StoreError, StoredRecord};
use crate::subscribe::Subscribe;
use crate::subscription::{Opening, Question, Subscription};
use crate::topic;

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

impl Hub {
    /// A hub with all defaults, in memory.
    ///
    /// # Panics
    ///
    /// Never: the defaults are right.
    pub fn new() -> Self {
        HubBuilder::new()
            .build()
            .expect("the defaults are right, and memory opens at once")
    }

    /// Makes a hub with other bounds; see [`HubBuilder`].
    pub fn builder() -> HubBuilder {
        HubBuilder::new()
    }

    /// A hub of its parts, and of the newest records that its store has.
    pub(crate) fn of(parts: Parts, records: Vec<StoredRecord>) -> Result<Self, StoreError> {
        let shared = Shared::new(parts);
        shared.lock().restore(records)?;
        Ok(Self(Arc::new(Open(Arc::new(shared)))))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }

    /// Publishes: appends to the log and wakes the subscribers of its topics. The id is the event's.
    ///
    /// In memory this is ready at once. Other stores take their time; what is published in the meantime queues in the order
    /// of the calls (of the first polls), and goes to the store in batches. The queue is bounded: beyond 4,096 events or
    /// 16 MiB it takes no more, and publishers wait with theirs. How long, is bounded by
    /// [`store_timeout`](HubBuilder::store_timeout).
    ///
    /// # Errors
    ///
    /// [`PublishError`] says what was wrong. Nothing was stored then, but for an error of the store whose outcome is unknown.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing is published; once polled, it goes on without its publisher, unless the queue
    /// was full: then nothing is published.
    pub async fn publish(&self, publication: Publication) -> Result<EventId, PublishError> {
        let event = publication.prepare(self.shared().max_event)?;
        match appender::publish(self.shared(), event) {
            Published::Now(answer) => answer,
            Published::Later(ticket) => ticket.await,
        }
    }

    /// Publishes several events in one go, at most [`MAX_PUBLISH_MANY`](crate::MAX_PUBLISH_MANY): all of them or none. The ids are
    /// theirs, in their order. Two with the same key and the same content are one event.
    ///
    /// They go to the store in one batch, which costs less than one by one, and nobody's event comes between them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use eventwire_server::{Hub, Publication};
    ///
    /// let hub = Hub::new();
    /// let lines = ["number 42", "number 43"];
    /// let ids = hub.publish_many(lines.map(|line| Publication::new("orders", line))).await?;
    /// assert_eq!(ids[1].offset(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PublishManyError`] says which were refused, and why.
    ///
    /// # Cancel safety
    ///
    /// As [`publish`](Self::publish): all of them go on, or none.
    pub async fn publish_many<I>(&self, publications: I) -> Result<Vec<EventId>, PublishManyError>
    where
        I: IntoIterator<Item = Publication>,
    {
        let many = Many::prepare(publications, self.shared().max_event)?;
        match appender::publish_many(self.shared(), many) {
            Published::Now(answer) => answer,
            Published::Later(ticket) => ticket.await,
        }
    }

    /// Subscribes; see [`Subscribe`] for where to start.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]: a topic's name is none, or the hub is closed.
    pub fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, SubscribeError> {
        let filter = topic::filter(&subscribe.topics)?.topic_as_event(subscribe.topic_as_event);
        let requested = match &subscribe.start {
            Start::After(id) => id.as_str(),
            _ => "",
        };
        let shared = self.shared();
        let mut seek = Seek::default();
        let mut seeking = None;
        let (mut state, begin) = loop {
            let mut state = shared.lock();
            if shared.is_closed() {
                return Err(SubscribeError::Closed);
            }
            state.log.expire(Instant::now());
            state
                .log
                .index
                .subscribe(&filter)
                .map_err(|_| SubscribeError::TooManyTopics)?;
            // After the topics are known: making room for them may have raised what is forgotten, and the first read judges
            // by that.
            let (log, all) = (&state.log, shared.window_is_all);
            if let Some(begin) = resume::begin(log, &filter, &subscribe.start, all, &mut seek) {
                break (state, begin);
            }
            // There is much to look at, and others want the hub meanwhile.
            state.log.index.unsubscribe(&filter, None);
            drop(state);
            seeking.get_or_insert_with(|| shared.seek());
            shared.give_way();
        };
        drop(seeking);
        let mut frames = if begin.newcomer {
            state.retained.of(&filter)
        } else {
            Vec::new()
        };
        let retry = shared.retry.map(resume::retry_line).unwrap_or_default();
        let mut question = None;
        if begin.asks_store {
            question = Some(Question {
                start: subscribe.start.clone(),
                reset: begin.reset,
                newest: (begin.lacks > 0)
                    .then(|| Newest::of(&filter, state.log.before_first(), begin.lacks)),
                prefix: retry,
            });
        } else {
            let block = match begin.reset {
                Some(reason) => {
                    resume::reset_block(&state.log, &filter, begin.cursor, requested, reason)
                }
                None => resume::mark(&state.log, begin.cursor),
            };
            frames.push(Frame::new(&[retry, block].concat()));
        }
        let start = state.log.id(begin.cursor);
        let first = state.log.first_near(&filter, begin.cursor);
        let id = state.readers.insert(begin.cursor);
        state.subscribers += 1;
        if begin.reset.is_some() && !begin.asks_store {
            shared.delivered.add(Content::RESET);
        }
        // What writes the log of the process may be slow, or publish to this very hub.
        drop(state);
        info!(
            target: "eventwire::hub",
            topics = ?subscribe.topics,
            peer = subscribe.peer.map(tracing::field::display),
            last_event_id = requested,
            start = %start,
            first = first.map(|id| id.to_string()).unwrap_or_default(),
            reset = begin.reset.map_or("", resume::Reason::name),
            "subscribed"
        );
        let opening = Opening {
            id,
            filter: Arc::new(filter),
            cursor: begin.cursor,
            frames,
            question,
            heartbeat: shared.heartbeat.filter(|_| subscribe.heartbeat),
            expires: subscribe.expires,
        };
        Ok(Subscription::new(shared.clone(), opening))
    }

    /// What the hub holds and has done.
    pub fn stats(&self) -> Stats {
        let delivered = self.shared().delivered.sum();
        let mut state = self.shared().lock();
        state.log.expire(Instant::now());
        Stats {
            subscribers: state.subscribers,
            topics: state.log.index.len(),
            published: state.published,
            delivered: delivered.events,
            delivered_bytes: delivered.bytes,
            lag: state.lag(),
            resets: delivered.resets,
            retained: state.retained.events(),
            retained_bytes: state.retained.bytes(),
            events: state.log.len(),
            bytes: state.log.bytes(),
            first: state.log.first().map(|offset| state.log.id(offset)),
            last: state.log.id(state.log.last()),
            ended: state.ended.clone(),
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared().is_closed()
    }

    /// Refuses new subscriptions and publications from now on, also those that were queued. Each subscription gives what was
    /// published before, what the store was given among it, and then ends.
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
