//! A subscription: a set of topics and a cursor, read as a stream of frames.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};

use crate::hub::{Shared, State};
use crate::options::Slow;
use crate::resume::{self, Reason, Start};
use crate::store::index::SubscriberId;
use crate::topic::Topic;

/// How many bytes of frames are read from the log at a time: what one subscription can hold beyond its cursor.
const BATCH: usize = 64 << 10;

/// What to subscribe to.
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
    pub(crate) start: Start,
    pub(crate) heartbeat: bool,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) expires: Option<Instant>,
}

impl Subscribe {
    /// To these topics, from now on.
    pub fn to<I>(topics: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            topics: topics.into_iter().map(Into::into).collect(),
            start: Start::Live,
            heartbeat: true,
            peer: None,
            expires: None,
        }
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

/// A stream of frames: first a mark of the position that it starts from, or a reset; then what is published.
///
/// It holds a cursor and no queue: it reads on from the log when it is polled. As an [`http_body::Body`] it gives several
/// frames at a time. Dropping it ends it.
///
/// It ends when the hub is closed, when it expires, and where the log's tail has passed it and the hub is set to
/// [`Slow::Disconnect`].
pub struct Subscription {
    hub: Arc<Shared>,
    id: SubscriberId,
    topics: Box<[Topic]>,
    cursor: u64,
    /// Read from the log, and not yet given out.
    ready: VecDeque<Bytes>,
    heartbeat: Option<Heartbeat>,
    expires: Option<Timer>,
    end: Option<End>,
}

/// A timer, which exists only once it was polled: making one needs a runtime.
type Timer = (Instant, Option<Pin<Box<Sleep>>>);

struct Heartbeat {
    interval: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a subscription ended by itself.
#[derive(Clone, Copy)]
enum End {
    Slow,
    Expired,
    Closed,
}

impl Subscription {
    pub(crate) fn new(
        hub: Arc<Shared>,
        id: SubscriberId,
        topics: Box<[Topic]>,
        cursor: u64,
        opening: Bytes,
        heartbeat: Option<Duration>,
        expires: Option<Instant>,
    ) -> Self {
        let heartbeat = heartbeat.map(|interval| Heartbeat {
            interval,
            timer: None,
        });
        let expires = expires.map(|at| (at, None));
        Self {
            hub,
            id,
            topics,
            cursor,
            ready: VecDeque::from([opening]),
            heartbeat,
            expires,
            end: None,
        }
    }

    /// The next frames, at least one; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a frame leaves the subscription only when it is returned.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.ready.is_empty() {
            return Poll::Ready(true);
        }
        if self.end.is_some() {
            return Poll::Ready(false);
        }
        if let Some((at, timer)) = &mut self.expires
            && poll_timer(timer, *at, cx).is_ready()
        {
            self.end = Some(End::Expired);
            return Poll::Ready(false);
        }
        if self.read(cx) {
            return Poll::Ready(self.end.is_none());
        }
        self.poll_heartbeat(cx)
    }

    /// Reads on from the log. Where there is nothing, asks to be woken and returns false.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let mut state = self.hub.lock();
        if state.closed {
            self.end = Some(End::Closed);
            return true;
        }
        state.log.expire(Instant::now());
        if state.log.lost(&self.topics, self.cursor) {
            match self.hub.slow {
                Slow::Disconnect => {
                    self.end = Some(End::Slow);
                    return true;
                }
                Slow::Skip => {
                    let requested = state.log.id(self.cursor).to_string();
                    self.cursor = state.log.before_first();
                    let reset = resume::reset_block(
                        &state.log,
                        &self.topics,
                        self.cursor,
                        &requested,
                        Reason::Evicted,
                    );
                    self.ready.push_back(reset.into());
                }
            }
        }
        let found = state.log.read(&self.topics, self.cursor, BATCH);
        self.cursor = found.cursor;
        self.ready.extend(found.frames);
        if self.ready.is_empty() {
            state.log.index.wait(&self.topics, self.id, cx.waker());
            return false;
        }
        drop(state);
        if let Some(Heartbeat {
            interval,
            timer: Some(timer),
        }) = &mut self.heartbeat
        {
            timer.as_mut().reset(Instant::now() + *interval);
        }
        true
    }

    fn poll_heartbeat(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(Heartbeat { interval, timer }) = &mut self.heartbeat else {
            return Poll::Pending;
        };
        if poll_timer(timer, Instant::now() + *interval, cx).is_pending() {
            return Poll::Pending;
        }
        *timer = None;
        // It has all up to its cursor, so the mark is true even if something was published since.
        let beat = resume::heartbeat(&self.hub.lock().log, self.cursor);
        self.ready.push_back(beat);
        Poll::Ready(true)
    }
}

/// Polls a timer that is made here, to end at `at`, if it is not there yet. Without a runtime there is none.
fn poll_timer(timer: &mut Option<Pin<Box<Sleep>>>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
    if timer.is_none() {
        if tokio::runtime::Handle::try_current().is_err() {
            return Poll::Pending;
        }
        *timer = Some(Box::pin(tokio::time::sleep_until(at)));
    }
    match timer {
        Some(timer) => timer.as_mut().poll(cx),
        None => Poll::Pending,
    }
}

impl Stream for Subscription {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll_ready(cx).map(|_| self.ready.pop_front())
    }
}

impl Body for Subscription {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        let data = match self.ready.len() {
            0 => return Poll::Ready(None),
            1 => self.ready.pop_front().unwrap_or_default(),
            // One write for all that is there; what is copied is bounded by the batch.
            _ => {
                let mut all = BytesMut::with_capacity(self.ready.iter().map(Bytes::len).sum());
                for frame in self.ready.drain(..) {
                    all.extend_from_slice(&frame);
                }
                all.freeze()
            }
        };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        let State {
            log,
            subscribers,
            ended,
            ..
        } = &mut *state;
        log.index.unsubscribe(&self.topics, self.id);
        *subscribers -= 1;
        match self.end {
            None => ended.gone += 1,
            Some(End::Slow) => ended.slow += 1,
            Some(End::Expired) => ended.expired += 1,
            Some(End::Closed) => ended.closed += 1,
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topics", &self.topics)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
