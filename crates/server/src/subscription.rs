//! A subscription: a set of topics and a cursor, read as a stream of frames.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::Body;
use tokio::time::{Instant, Sleep};

use crate::filter::Filter;
use crate::frame::Frame;
use crate::options::Slow;
use crate::resume;
use crate::state::{Shared, WAITING};
use crate::stats::End;
use crate::store::listeners::SubscriberId;

mod behind;
mod control;

use self::behind::Behind;
pub(crate) use self::behind::Question;
pub use self::control::CloseHandle;
use self::control::Control;

/// How many bytes of frames are read from the log at a time: what one subscription can hold beyond its cursor.
const BATCH: usize = 64 << 10;

/// A stream of frames: first a mark of the position that it starts from, or a reset; then what is published.
///
/// It holds a cursor and no queue: it reads on from the log when it is polled. As an [`http_body::Body`] it gives several
/// frames at a time. Dropping it ends it.
///
/// It ends when it was closed by its [handle](Self::close_handle), when it expires, and where the log's tail has passed
/// it and the hub, or [`set_slow`](Self::set_slow), says [`Slow::Disconnect`]. [`end`](Self::end) tells which it was. When the hub is closed, it first gives what was published before.
///
/// It wants a Tokio runtime for its heartbeat and to expire on time; without one it does neither until it is read.
///
/// ```
/// use eventwire_server::{Hub, Publication, Subscribe};
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::new();
/// let mut frames = hub.subscribe(Subscribe::to(["orders"]))?;
/// let mark = frames.next().await.unwrap();
/// assert!(mark.starts_with(b"id: ") && mark.ends_with(b"-0\n\n"));
///
/// let id = hub.publish(Publication::new("orders", "number 42")).await?;
/// assert_eq!(frames.next().await.unwrap(), format!("id: {id}\ndata: number 42\n\n"));
/// hub.close();
/// assert_eq!(frames.next().await, None);
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// A future that waits for the next frame can be dropped: a frame leaves the subscription only when it is given out.
pub struct Subscription {
    hub: Arc<Shared>,
    id: SubscriberId,
    filter: Arc<Filter>,
    cursor: u64,
    /// Read from the log, and not yet given out.
    ready: VecDeque<Frame>,
    /// Only where it must be read through the store.
    behind: Option<Box<Behind>>,
    heartbeat: Option<Duration>,
    /// What becomes of it when the log's tail passes it.
    slow: Slow,
    /// When something was last read: the heartbeat counts from here.
    quiet_since: Instant,
    expires: Option<Instant>,
    /// For the heartbeat and the end. It is never moved to later, only looked at again when it rings: so that reading
    /// does not touch it.
    timer: Option<Pin<Box<Sleep>>>,
    /// Only where a handle was asked for.
    control: Option<Arc<Control>>,
    /// Set when it is to end as soon as it has all.
    draining: bool,
    end: Option<End>,
    /// Somebody else has taken over what is left of it.
    taken: bool,
}

/// What is left of a subscription that a shard takes over.
pub(crate) struct Remains {
    pub(crate) filter: Arc<Filter>,
    pub(crate) cursor: u64,
    /// To be sent first.
    pub(crate) ready: VecDeque<Frame>,
    pub(crate) heartbeat: bool,
    pub(crate) expires: Option<Instant>,
}

/// What [`crate::Hub::subscribe`] found out.
pub(crate) struct Opening {
    pub(crate) id: SubscriberId,
    pub(crate) filter: Arc<Filter>,
    pub(crate) cursor: u64,
    /// What it begins with: retained values, and a mark or a reset.
    pub(crate) frames: Vec<Frame>,
    pub(crate) question: Option<Question>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) expires: Option<Instant>,
}

impl Subscription {
    pub(crate) fn new(hub: Arc<Shared>, opening: Opening) -> Self {
        let hub_slow = hub.slow;
        Self {
            hub,
            id: opening.id,
            filter: opening.filter,
            cursor: opening.cursor,
            ready: opening.frames.into(),
            behind: opening.question.map(Behind::begins),
            heartbeat: opening.heartbeat,
            slow: hub_slow,
            quiet_since: Instant::now(),
            expires: opening.expires,
            timer: None,
            control: None,
            draining: false,
            end: None,
            taken: false,
        }
    }

    /// Whether it must be read through the store, which no shard waits for.
    pub(crate) fn needs_store(&self) -> bool {
        self.behind.is_some()
    }

    /// Gives it to a shard, which from now on reads it, counts it, and says that it has left.
    pub(crate) fn into_remains(mut self) -> Remains {
        self.taken = true;
        self.hub.hand_over(self.id);
        Remains {
            filter: self.filter.clone(),
            cursor: self.cursor,
            ready: std::mem::take(&mut self.ready),
            heartbeat: self.heartbeat.is_some(),
            expires: self.expires,
        }
    }

    /// What becomes of it when the log's tail passes it, in place of what the hub's `slow` says. Who reads in the same process has
    /// nobody to come back for what is gone, and may want to be told in band ([`Slow::Skip`]).
    pub fn set_slow(&mut self, slow: Slow) {
        self.slow = slow;
    }

    /// Why it gives nothing more; `None` until then.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use eventwire_server::{Hub, Publication, Subscribe, SubscriptionEnd};
    /// use tokio_stream::StreamExt;
    ///
    /// let hub = Hub::builder().max_events(10).build()?;
    /// let mut subscription = hub.subscribe(Subscribe::to(["orders"]))?;
    /// for number in 0..100 {
    ///     hub.publish(Publication::new("orders", number.to_string())).await?;
    /// }
    /// while subscription.next().await.is_some() {}
    /// assert_eq!(subscription.end(), Some(SubscriptionEnd::Slow));
    /// # Ok(())
    /// # }
    /// ```
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// A handle that ends this subscription from elsewhere.
    pub fn close_handle(&mut self) -> CloseHandle {
        CloseHandle(self.control.get_or_insert_default().clone())
    }

    /// Lets it give what was published before, and then end.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
    }

    /// Ends it for a reason that its reader knows, unless it has ended before.
    pub(crate) fn end_as(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// Whether there are frames; false at the end.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.end.is_some() {
            return Poll::Ready(false);
        }
        if let Some(control) = &self.control
            && control.is_closed(cx)
        {
            return self.finish(End::Closed);
        }
        if self.expires.is_some_and(|at| at <= Instant::now()) {
            return self.finish(End::Expired);
        }
        if !self.ready.is_empty() {
            return Poll::Ready(true);
        }
        if let Err(end) = ready!(self.read(cx)) {
            return self.finish(end);
        }
        if !self.ready.is_empty() {
            return Poll::Ready(true);
        }
        self.poll_timer(cx)
    }

    fn finish(&mut self, end: End) -> Poll<bool> {
        self.end = Some(end);
        self.ready.clear();
        Poll::Ready(false)
    }

    /// Reads on from the log. Where there is nothing, asks to be woken.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        loop {
            if self.has_asked() {
                ready!(self.poll_store(cx))?;
            } else if self.read_window(cx)? {
                return Poll::Ready(Ok(()));
            }
            if !self.ready.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads on from the window; false where that does not decide yet.
    fn read_window(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        // Dropped after the lock: that may run code of others.
        let _replaced;
        let mut state = self.hub.lock();
        let now = Instant::now();
        state.log.expire(now);
        self.cursor = match state.readers.get(self.id) {
            // Nothing of its own came since it read: it has all, however far the log has gone.
            Some(&WAITING) => state.log.last(),
            Some(&position) => position,
            None => self.cursor,
        };
        if self.behind.is_some()
            || (!self.hub.window_is_all && state.log.lost(&self.filter, self.cursor))
        {
            drop(state);
            self.ask_store();
            return Ok(false);
        }
        let page = state.read(&self.filter, self.cursor, BATCH, self.slow)?;
        self.cursor = page.cursor;
        let empty = page.is_empty();
        // What was looked at was not its own, and there is more.
        let undecided = empty && !page.all;
        let has_all = empty && page.all;
        if has_all && state.closed {
            return Err(End::Closed);
        } else if has_all && self.draining {
            return Err(End::Drained);
        } else if has_all {
            _replaced = state.log.index.wait(&self.filter, self.id, cx.waker());
        } else if !empty {
            self.quiet_since = now;
        }
        if let Some(position) = state.readers.get_mut(self.id) {
            *position = if has_all { WAITING } else { page.cursor };
        }
        drop(state);
        self.hub.delivered.add(page.content());
        self.ready.extend(page.reset);
        self.ready
            .extend(page.frames.into_iter().map(|(_, frame)| frame));
        Ok(!undecided)
    }

    /// The end, or the heartbeat, of a subscription that has all.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            // A time that cannot be counted is never reached.
            let beat = self
                .heartbeat
                .and_then(|interval| self.quiet_since.checked_add(interval));
            let Some(due) = beat.into_iter().chain(self.expires).min() else {
                return Poll::Pending;
            };
            if self.timer.is_none() && tokio::runtime::Handle::try_current().is_err() {
                return Poll::Pending;
            }
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if self.expires.is_some_and(|at| at <= now) {
                return self.finish(End::Expired);
            }
            if beat.is_some_and(|at| at <= now) {
                // It has all up to its cursor, which is the log's end since the read just before; so the mark is true
                // even if something was published in between.
                let beat = resume::heartbeat(&self.hub.lock().log, self.cursor);
                self.ready.push_back(Frame::new(&beat));
                self.quiet_since = now;
                return Poll::Ready(true);
            }
            timer.as_mut().reset(due);
        }
    }
}

impl Stream for Subscription {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll_ready(cx)
            .map(|_| Some(self.ready.pop_front()?.plain()))
    }
}

impl Body for Subscription {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        if !ready!(self.poll_ready(cx)) {
            return Poll::Ready(None);
        }
        let data = if self.ready.len() == 1 {
            self.ready
                .pop_front()
                .map(|frame| frame.plain())
                .unwrap_or_default()
        } else {
            // One write for all that is there; what is copied is bounded by the batch.
            let mut all = BytesMut::with_capacity(self.ready.iter().map(Frame::len).sum());
            for frame in self.ready.drain(..) {
                all.extend_from_slice(frame.as_bytes());
            }
            all.freeze()
        };
        Poll::Ready(Some(Ok(http_body::Frame::data(data))))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if !self.taken {
            self.hub.leave(&self.filter, self.id, self.end);
        }
        // A handle may live on; the reader need not.
        if let Some(control) = &self.control {
            control.forget_reader();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topics", &self.filter.topics())
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
