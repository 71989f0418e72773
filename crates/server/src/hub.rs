//! The hub: publishing and subscribing.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::info;

use crate::error::{PublishError, SubscribeError};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::options::HubBuilder;
use crate::position::EventId;
use crate::publish::Publication;
use crate::resume::{self, Start};
use crate::state::{Content, Shared};
use crate::stats::Stats;
use crate::store::memory::Log;
use crate::subscribe::Subscribe;
use crate::subscription::{Opening, Subscription};
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
    pub fn new() -> Self {
        Self::from_builder(HubBuilder::new())
    }

    /// Makes a hub with other bounds; see [`HubBuilder`].
    pub fn builder() -> HubBuilder {
        HubBuilder::new()
    }

    pub(crate) fn from_builder(builder: HubBuilder) -> Self {
        let log = Log::new(builder.bounds);
        let shared = Shared::new(log, builder.heartbeat, builder.retry, builder.slow);
        Self(Arc::new(Open(Arc::new(shared))))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
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
        let (id, wakes) = {
            let mut state = self.shared().lock();
            if state.closed {
                return Err(PublishError::Closed);
            }
            let (id, appended) = state.log.append(prepared, Instant::now())?;
            if !appended {
                return Ok(id);
            }
            state.published += 1;
            (id, state.tell(&topics, id.offset))
        };
        // Outside the lock: the woken ones want it.
        wakes.wake();
        Ok(id)
    }

    /// Subscribes; see [`Subscribe`] for where to start.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]: a topic's name is none, or the hub is closed.
    pub fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, SubscribeError> {
        let filter = Filter::from(topic::check(&subscribe.topics)?);
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
            .subscribe(&filter)
            .map_err(|_| SubscribeError::TooManyTopics)?;
        // After the topics are known: making room for them may have raised what is forgotten, and the first read judges
        // by that.
        let begin = resume::begin(&state.log, &filter, &subscribe.start);
        let mut frame = shared.retry.map(resume::retry_line).unwrap_or_default();
        frame.extend(match begin.reset {
            Some(reason) => {
                resume::reset_block(&state.log, &filter, begin.cursor, requested, reason)
            }
            None => resume::mark(&state.log, begin.cursor),
        });
        let start = state.log.id(begin.cursor);
        let first = state.log.first_after(&filter, begin.cursor);
        let id = state.readers.insert(begin.cursor);
        state.subscribers += 1;
        if begin.reset.is_some() {
            shared.delivered.add(Content::RESET);
        }
        // What writes the log of the process may be slow, or publish to this very hub.
        drop(state);
        info!(
            target: "eventwire::hub",
            topics = ?filter.topics(),
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
            frame: Frame::new(&frame),
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
