//! How a hub is made.

use std::time::Duration;

use crate::error::StoreError;
use crate::hub::Hub;
use crate::store::memory::Bounds;

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
    store: String,
    pub(crate) bounds: Bounds,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<Duration>,
    pub(crate) slow: Slow,
}

impl HubBuilder {
    pub(crate) fn new() -> Self {
        Self {
            store: "memory:".to_owned(),
            bounds: Bounds {
                max_events: 100_000,
                max_bytes: 64 << 20,
                max_age: None,
                max_topics: 1_000_000,
            },
            heartbeat: Some(Duration::from_secs(15)),
            retry: None,
            slow: Slow::Disconnect,
        }
    }

    /// Where the log lives; `memory:` by default, and so far the only one.
    #[must_use]
    pub fn store(mut self, store: impl Into<String>) -> Self {
        self.store = store.into();
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

    /// Makes the hub.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where there is no such store, or a bound or the heartbeat is 0.
    ///
    /// ```
    /// use eventwire_server::Hub;
    ///
    /// assert!(Hub::builder().max_events(1_000).build().is_ok());
    /// let error = Hub::builder().max_events(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "max_events is 0, so that no event could be held: give more");
    /// ```
    pub fn build(self) -> Result<Hub, StoreError> {
        if self.store != "memory:" {
            return Err(StoreError::Unknown(self.store));
        }
        for (option, bound) in [
            ("max_events", self.bounds.max_events),
            ("max_bytes", self.bounds.max_bytes),
            ("max_topics", self.bounds.max_topics),
        ] {
            if bound == 0 {
                return Err(StoreError::ZeroBound(option));
            }
        }
        if self.bounds.max_age == Some(Duration::ZERO) {
            return Err(StoreError::ZeroBound("max_age"));
        }
        if self.heartbeat == Some(Duration::ZERO) {
            return Err(StoreError::ZeroHeartbeat);
        }
        Ok(Hub::from_builder(self))
    }
}
