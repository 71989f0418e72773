//! What to subscribe to.

use std::net::SocketAddr;

use tokio::time::Instant;

use crate::resume::Start;

/// A set of topics and where to begin with them.
///
/// ```
/// use eventwire_server::{Start, Subscribe};
///
/// let all_held = Subscribe::to(["orders", "customers/7"]).start(Start::Earliest);
/// # let _ = all_held;
/// ```
#[derive(Clone, Debug)]
pub struct Subscribe {
    pub(crate) topics: Vec<String>,
    pub(crate) topic_as_event: bool,
    pub(crate) start: Start,
    pub(crate) heartbeat: bool,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) expires: Option<Instant>,
}

impl Subscribe {
    /// To these topics, from now on. The pattern `orders/*` is for every topic that begins with `orders/`, `*` for every topic,
    /// also for those that come later.
    pub fn to<I>(topics: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            topics: topics.into_iter().map(Into::into).collect(),
            topic_as_event: false,
            start: Start::Live,
            heartbeat: true,
            peer: None,
            expires: None,
        }
    }

    /// Sets whether an event names its topic, as its type; false by default. Of several, it is the first that is subscribed to.
    /// The type that the event was published with is not given then.
    #[must_use]
    pub fn topic_as_event(mut self, topic_as_event: bool) -> Self {
        self.topic_as_event = topic_as_event;
        self
    }

    /// Sets where to begin; [`Start::Live`] by default.
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Sets whether the hub's heartbeat is sent; true by default. Readers in the same process need none.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: bool) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// Sets who subscribes, for the hub's own log; none by default.
    #[must_use]
    pub fn peer(mut self, peer: impl Into<Option<SocketAddr>>) -> Self {
        self.peer = peer.into();
        self
    }

    /// Sets when the subscription ends by itself; never by default.
    #[must_use]
    pub fn expires(mut self, at: impl Into<Option<Instant>>) -> Self {
        self.expires = at.into();
        self
    }
}
