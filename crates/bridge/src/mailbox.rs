//! Where Rust leaves items and another language's thread fetches them.
//!
//! The mailbox is the only thing that two worlds touch. It is bounded by bytes, so that a consumer that does not fetch
//! stops the producer, and with it the socket; empty, it takes one item of any size, so that an item larger than the
//! bound still passes.

use std::fmt;
use std::task::{Context, Poll, Waker};
#[cfg(not(loom))]
use std::time::Duration;

use crate::notifier::Notifier;
use crate::packed::Batch;
use crate::sync::{Arc, Condvar, Mutex, lock};

/// What a consumer found in a mailbox.
#[derive(Debug)]
pub struct Drained<E> {
    /// The items, possibly none.
    pub batch: Batch,
    /// Set when no item will follow those in `batch`: how the producer ended.
    pub end: Option<Result<(), E>>,
}

/// What a blocking wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// There is something to drain: items, or the end.
    Ready,
    /// Nothing came in the time given.
    TimedOut,
}

/// Why an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no room now: wait with [`Mailbox::poll_room`].
    Full,
    /// The consumer has closed the mailbox: stop producing.
    Closed,
}

struct State<E> {
    batch: Batch,
    end: Option<Result<(), E>>,
    closed: bool,
    /// The producer, where it waits for room.
    producer: Option<Waker>,
    /// Whether the consumer was told, and has not drained since: the edge.
    told: bool,
}

impl<E> State<E> {
    fn has_something(&self) -> bool {
        !self.batch.is_empty() || self.end.is_some() || self.closed
    }
}

/// A mailbox between one producer (a task of the runtime) and one consumer (a thread of another language).
pub struct Mailbox<E> {
    state: Mutex<State<E>>,
    arrived: Condvar,
    bound: usize,
    listener: Mutex<Option<(Arc<Notifier>, u64)>>,
}

impl<E: Clone> Mailbox<E> {
    /// A mailbox that holds up to `bound` bytes of items, or one larger item.
    pub fn new(bound: usize) -> Self {
        Self {
            state: Mutex::new(State {
                batch: Batch::new(),
                end: None,
                closed: false,
                producer: None,
                told: false,
            }),
            arrived: Condvar::new(),
            bound,
            listener: Mutex::new(None),
        }
    }

    /// Makes `notifier` hear of `token` on every edge from now on, and at once if there is something already. A
    /// consumer that waits by [`wait`](Self::wait) needs none.
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        *lock(&self.listener) = Some((notifier.clone(), token));
        let tell = {
            let mut state = lock(&self.state);
            state.told = state.has_something();
            state.told
        };
        if tell {
            notifier.notify(token);
        }
    }

    /// Puts an item in by `push`, which must add exactly one item of about `size` bytes to the batch.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`] where there is no room, [`Refused::Closed`] where nobody will ever fetch; `push` was not
    /// called then.
    pub fn try_push(&self, size: usize, push: impl FnOnce(&mut Batch)) -> Result<(), Refused> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Refused::Closed);
        }
        let full = state.batch.size() + size > self.bound || !state.batch.fits(size);
        if full && !state.batch.is_empty() {
            return Err(Refused::Full);
        }
        push(&mut state.batch);
        self.tell(state);
        Ok(())
    }

    /// Ready when [`try_push`](Self::try_push) is worth another try: the consumer has drained, or closed.
    pub fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.closed || state.batch.is_empty() {
            return Poll::Ready(());
        }
        state.producer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Puts an item in, waiting for room; the error is always [`Refused::Closed`].
    ///
    /// # Errors
    ///
    /// [`Refused::Closed`] where the consumer has closed the mailbox.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has put nothing in.
    pub async fn push(&self, size: usize, push: impl Fn(&mut Batch)) -> Result<(), Refused> {
        loop {
            match self.try_push(size, &push) {
                Err(Refused::Full) => std::future::poll_fn(|cx| self.poll_room(cx)).await,
                done => return done,
            }
        }
    }

    /// Says how the producer ended; the first word counts.
    pub fn finish(&self, end: Result<(), E>) {
        let mut state = lock(&self.state);
        if state.end.is_none() && !state.closed {
            state.end = Some(end);
            self.tell(state);
        }
    }

    /// Wakes the consumer on the edge, outside the lock.
    fn tell(&self, mut state: crate::sync::MutexGuard<'_, State<E>>) {
        let edge = !std::mem::replace(&mut state.told, true);
        drop(state);
        if edge {
            self.arrived.notify_all();
            let listener = lock(&self.listener).clone();
            if let Some((notifier, token)) = listener {
                notifier.notify(token);
            }
        }
    }

    /// Takes all items, and the end where it has come. Never waits.
    pub fn drain(&self) -> Drained<E> {
        let (drained, producer) = {
            let mut state = lock(&self.state);
            state.told = false;
            let end = if state.closed {
                Some(Ok(()))
            } else {
                state.end.clone()
            };
            let drained = Drained {
                batch: std::mem::take(&mut state.batch),
                end,
            };
            (drained, state.producer.take())
        };
        if let Some(producer) = producer {
            producer.wake();
        }
        drained
    }

    /// Waits until there is something to drain, at most `timeout`. For consumers without an event loop.
    #[cfg(not(loom))]
    pub fn wait(&self, timeout: Duration) -> Waited {
        let state = lock(&self.state);
        let waited = self
            .arrived
            .wait_timeout_while(state, timeout, |state| !state.has_something());
        match waited {
            Ok((_, timed_out)) if timed_out.timed_out() => Waited::TimedOut,
            // A poisoned lock guards nothing half-done here: look and see.
            _ => Waited::Ready,
        }
    }

    /// Closes from the consumer's side, from any thread: what was not fetched is dropped, nothing is delivered any
    /// more, and whoever waits, on either side, is woken.
    pub fn close(&self) {
        let producer = {
            let mut state = lock(&self.state);
            if state.closed {
                return;
            }
            state.closed = true;
            state.batch = Batch::new();
            state.producer.take()
        };
        if let Some(producer) = producer {
            producer.wake();
        }
        self.tell(lock(&self.state));
    }

    /// Whether the consumer has closed it.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

impl<E> fmt::Debug for Mailbox<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox")
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
