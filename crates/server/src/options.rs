//! How a hub is made.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::error::BuildError;
use crate::hub::Hub;
use crate::retained::{Retained, Rules};
use crate::state::Parts;
use crate::store::log::{Bounds, Log};
use crate::store::{Memory, Opened, Store, StoreError, Window};

/// What happens to a subscription that the log's tail has passed: events of its topics were evicted before it read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slow {
    /// It ends. A client resumes, and gets what is held or a reset.
    #[default]
    Disconnect,
    /// It is told by a reset in band, and goes on with what is held.
    Skip,
}

/// Makes a [`Hub`]; every method states its default.
#[derive(Clone, Debug)]
pub struct HubBuilder {
    store: Choice,
    bounds: Bounds,
    retained: Vec<(String, usize)>,
    max_retained_bytes: usize,
    heartbeat: Option<Duration>,
    retry: Option<Duration>,
    slow: Slow,
    store_timeout: Option<Duration>,
    max_event: usize,
}

#[derive(Clone, Debug)]
enum Choice {
    Named(String),
    Given(Arc<dyn Store>),
}

impl HubBuilder {
    pub(crate) fn new() -> Self {
        Self {
            store: Choice::Named("memory:".to_owned()),
            bounds: Bounds {
                max_events: 100_000,
                max_bytes: 64 << 20,
                max_age: None,
                max_topics: 1_000_000,
            },
            retained: Vec::new(),
            max_retained_bytes: 16 << 20,
            heartbeat: Some(Duration::from_secs(15)),
            retry: None,
            slow: Slow::Disconnect,
            store_timeout: Some(Duration::from_secs(10)),
            max_event: 16 << 20,
        }
    }

    /// Where the log lives; `memory:` by default, and so far the only one.
    #[must_use]
    pub fn store(mut self, store: impl Into<String>) -> Self {
        self.store = Choice::Named(store.into());
        self
    }

    /// Sets a store of one's own; see [`Store`]. `max_events`, `max_bytes` and `max_age` then bound what the hub holds of
    /// the log in memory, and the store bounds what it keeps beyond that.
    #[must_use]
    pub fn store_with(mut self, store: impl Store + 'static) -> Self {
        self.store = Choice::Given(Arc::new(store));
        self
    }

    /// How many events the log holds; 100,000 by default.
    #[must_use]
    pub fn max_events(mut self, count: usize) -> Self {
        self.bounds.max_events = count;
        self
    }

    /// How many bytes of frames the log holds; 64 MiB by default.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.bounds.max_bytes = bytes;
        self
    }

    /// How many bytes an event may have: its data, its type or, if that is longer, the longest of its topics (which may become its
    /// type), and its id. 16 MiB by default, which is what our clients take if they are not told otherwise (`max_event` there):
    /// an event that is larger would end their streams again and again.
    ///
    /// ```
    /// use eventwire_server::{Hub, Publication};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::builder().max_event(1_000).build()?;
    /// let error = hub.publish(Publication::new("a", "x".repeat(2_000))).await.unwrap_err();
    /// assert!(error.to_string().contains("max_event"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// How long the log holds an event; by default as long as there is room.
    #[must_use]
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.bounds.max_age = age.into();
        self
    }

    /// How many topics are known at a time; 1,000,000 by default. The one that was idle longest makes room.
    #[must_use]
    pub fn max_topics(mut self, count: usize) -> Self {
        self.bounds.max_topics = count;
        self
    }

    /// Retains the last `count` events of a topic, or of each topic that a pattern such as `prices/*` covers, for those who come
    /// new: a subscription that starts live gets them first. By default nothing is retained. Several calls add up; a topic
    /// that is named itself goes before patterns, and a longer pattern before a shorter one.
    ///
    /// Retained events are beside the log, and exempt from its bounds.
    ///
    /// ```
    /// use eventwire_server::{Hub, Publication, Subscribe};
    /// use tokio_stream::StreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::builder().retain("prices/*", 1).build()?;
    /// hub.publish(Publication::new("prices/tea", "3.20")).await?;
    /// hub.publish(Publication::new("prices/tea", "3.40")).await?;
    /// let mut frames = hub.subscribe(Subscribe::to(["prices/tea"]))?;
    /// assert_eq!(frames.next().await.unwrap(), "data: 3.40\n\n");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn retain(mut self, topic_or_pattern: impl Into<String>, count: usize) -> Self {
        self.retained.push((topic_or_pattern.into(), count));
        self
    }

    /// How many bytes of frames are retained; 16 MiB by default. One under several topics counts for each. The topic that
    /// was unwritten the longest makes room.
    #[must_use]
    pub fn max_retained_bytes(mut self, bytes: usize) -> Self {
        self.max_retained_bytes = bytes;
        self
    }

    /// How long a stream may be silent before a comment and a mark are sent; 15 s by default, `None` for never. Proxies
    /// cut silent streams after 55 s and more.
    #[must_use]
    pub fn heartbeat(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.heartbeat = interval.into();
        self
    }

    /// The reconnection time that every stream begins with; by default none is sent.
    #[must_use]
    pub fn retry(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.retry = time.into();
        self
    }

    /// What happens to a subscription that the log's tail has passed; [`Slow::Disconnect`] by default.
    #[must_use]
    pub fn slow(mut self, slow: Slow) -> Self {
        self.slow = slow;
        self
    }

    /// How long the store may take for one answer; 10 s by default, `None` for as long as it wants. It needs the clock of the
    /// Tokio runtime.
    ///
    /// What was given to a store that does not answer in time fails with an outcome that is unknown, and the hub finds out what
    /// is stored before it appends again. What has queued for so long behind other events fails too, and was not stored. So a
    /// publisher waits at most twice this time. A subscription that must be read through the store ends, counted as
    /// [`failed`](crate::Ended::failed), and there is no hub of a store that does not open.
    #[must_use]
    pub fn store_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.store_timeout = timeout.into();
        self
    }

    /// Makes the hub, of a store that opens at once, as memory does.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where there is no such store, or it needs time to open; where a bound or the heartbeat is 0; where what is
    /// to be retained is no topic and no pattern.
    ///
    /// ```
    /// use eventwire_server::Hub;
    ///
    /// assert!(Hub::builder().max_events(1_000).build().is_ok());
    /// let error = Hub::builder().max_events(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "max_events is 0, so that no event could be held: give more");
    /// ```
    pub fn build(self) -> Result<Hub, BuildError> {
        // Nobody waits here, so that there is no need for a clock.
        let mut opened = pin!(self.open_within(None));
        match opened
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(built) => built,
            Poll::Pending => Err(BuildError::StoreOpensLater),
        }
    }

    /// Makes the hub, of any store.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and where the store cannot be opened.
    ///
    /// # Cancel safety
    ///
    /// Dropped, there is no hub; the store may have been opened.
    pub async fn open(self) -> Result<Hub, BuildError> {
        let timeout = self.store_timeout;
        self.open_within(timeout).await
    }

    async fn open_within(self, timeout: Option<Duration>) -> Result<Hub, BuildError> {
        let rules = self.check()?;
        let store = match self.store {
            Choice::Given(store) => store,
            Choice::Named(name) if name == "memory:" => Arc::new(Memory::new()),
            Choice::Named(name) => return Err(BuildError::UnknownStore(name)),
        };
        let window = Window {
            max_events: self.bounds.max_events,
            max_bytes: self.bounds.max_bytes,
        };
        let Opened {
            epoch,
            last,
            records,
            window_is_all,
        } = store.open(window).within(timeout).await?;
        let before_first = last.checked_sub(records.len() as u64).ok_or_else(|| {
            StoreError::not_stored("the store is broken: it opened with more records than offsets")
        })?;
        let parts = Parts {
            log: Log::new(self.bounds, epoch, before_first),
            retained: Retained::new(rules, self.max_retained_bytes),
            store,
            window_is_all,
            heartbeat: self.heartbeat,
            retry: self.retry,
            slow: self.slow,
            store_timeout: self.store_timeout,
            max_event: self.max_event,
        };
        Ok(Hub::of(parts, records)?)
    }

    fn check(&self) -> Result<Rules, BuildError> {
        for (option, bound) in [
            ("max_events", self.bounds.max_events),
            ("max_bytes", self.bounds.max_bytes),
            ("max_topics", self.bounds.max_topics),
            ("max_event", self.max_event),
        ] {
            if bound == 0 {
                return Err(BuildError::ZeroBound(option));
            }
        }
        if self.bounds.max_age == Some(Duration::ZERO) {
            return Err(BuildError::ZeroBound("max_age"));
        }
        if self.heartbeat == Some(Duration::ZERO) {
            return Err(BuildError::ZeroHeartbeat);
        }
        if self.store_timeout == Some(Duration::ZERO) {
            return Err(BuildError::ZeroStoreTimeout);
        }
        let mut rules = Rules::default();
        for (topic_or_pattern, count) in &self.retained {
            rules
                .add(topic_or_pattern, *count)
                .map_err(BuildError::Retained)?;
        }
        Ok(rules)
    }
}
