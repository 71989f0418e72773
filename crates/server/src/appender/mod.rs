//! The one appender of a hub: publications go to the store in the order of the calls, and become visible in the order of their
//! offsets, once the store has them.
//!
//! Whoever finds the appender idle hands its event to the store at once. A store that answers at once, as memory does, needs no
//! more than that. Where it does not, a task waits for it, and what is published in the meantime queues and goes
//! together, in batches.

mod drive;
mod queue;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::drive::{Flight, drive};
use self::queue::Queue;
use crate::error::PublishError;
use crate::position::EventId;
use crate::publish::NewEvent;
use crate::state::{Shared, Wakes};
use crate::store::log::Entry;
use crate::store::{Appended, Batch, StoreError, StoreFuture};

pub(crate) type Answer = Result<EventId, PublishError>;

/// What became of a publication so far.
pub(crate) enum Published {
    Now(Answer),
    Later(Ticket),
}

#[derive(Debug, Default)]
pub(crate) struct Appender(Mutex<Queue>);

impl Appender {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue. Dropped, the publication goes on if it was accepted; if it still waited for room, it is not published.
pub(crate) struct Ticket {
    shared: Arc<Shared>,
    number: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Future for Ticket {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        Pin::new(&mut self.answer).poll(cx).map(|answer| {
            answer.unwrap_or_else(|_| {
                let error = StoreError::unknown("the runtime that appended to the store has ended");
                Err(PublishError::Store(error))
            })
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Dropped after the lock: it may be large.
        let _abandoned = self.shared.appender.lock().abandon(self.number);
    }
}

/// Publishes, or queues.
pub(crate) fn publish(shared: &Arc<Shared>, event: NewEvent) -> Published {
    let mut queue = shared.appender.lock();
    if queue.closed {
        return Published::Now(Err(PublishError::Closed));
    }
    if !queue.is_idle() {
        return enqueue(shared, queue, event);
    }
    let now = Instant::now();
    let last = {
        let mut state = shared.lock();
        match state.log.admit(&event, 0, now) {
            // Only the appender adds to the log, so that this stays true.
            Ok(None) => state.log.last(),
            Ok(Some(known)) => return Published::Now(Ok(known)),
            Err(error) => return Published::Now(Err(error)),
        }
    };
    let batch = Batch::one(event);
    // Until it has answered, nobody knows what it holds.
    queue.unsure = true;
    let mut answer = drive::append(shared, &batch);
    let polled = drive::poll(&mut answer, &mut Context::from_waker(Waker::noop()));
    let landed = match polled {
        Poll::Ready(Ok(appended)) => match Landing::of(last, &batch, &appended) {
            Landing::Next => {
                queue.unsure = false;
                settle_one(shared, queue, batch, appended, now)
            }
            // What is missing must be read first, which takes time.
            Landing::Gap => return wait(shared, queue, batch, StoreFuture::ready(Ok(appended))),
            Landing::Broken(error) => Err(error.into()),
        },
        Poll::Ready(Err(error)) => {
            queue.unsure = error.is_unknown();
            Err(error.into())
        }
        Poll::Pending => return wait(shared, queue, batch, answer),
    };
    Published::Now(landed)
}

fn settle_one(
    shared: &Shared,
    queue: MutexGuard<'_, Queue>,
    batch: Batch,
    appended: Vec<Appended>,
    now: Instant,
) -> Answer {
    let mut answer = None;
    let wakes = settle(shared, batch, appended, now, |settled| {
        answer = Some(settled)
    });
    drop(queue);
    // Outside of the locks: the woken ones want them.
    wakes.wake();
    answer.unwrap_or(Err(PublishError::Closed))
}

/// A task takes over what the store did not answer at once.
fn wait(
    shared: &Arc<Shared>,
    mut queue: MutexGuard<'_, Queue>,
    batch: Batch,
    answer: StoreFuture<Vec<Appended>>,
) -> Published {
    let Some(runtime) = runtime(shared) else {
        let error = StoreError::unknown(
            "the store did not answer at once, and there is no Tokio runtime to wait in: publish from a task of one",
        );
        return Published::Now(Err(error.into()));
    };
    let (sender, receiver) = oneshot::channel();
    let number = queue.take_off();
    let flight = Flight::new(batch, answer, vec![sender]);
    runtime.spawn(drive(shared.clone(), Some(flight)));
    Published::Later(Ticket {
        shared: shared.clone(),
        number,
        answer: receiver,
    })
}

fn enqueue(shared: &Arc<Shared>, mut queue: MutexGuard<'_, Queue>, event: NewEvent) -> Published {
    if !queue.busy {
        let Some(runtime) = runtime(shared) else {
            let error = StoreError::not_stored(
                "what the store holds must be read before more is appended, and there is no Tokio runtime to wait in: \
                 publish from a task of one",
            );
            return Published::Now(Err(error.into()));
        };
        queue.busy = true;
        runtime.spawn(drive(shared.clone(), None));
    }
    let (sender, receiver) = oneshot::channel();
    let number = queue.enter(event, sender);
    Published::Later(Ticket {
        shared: shared.clone(),
        number,
        answer: receiver,
    })
}

/// Where to wait for a store: where the publisher is, or where the hub was made.
fn runtime(shared: &Shared) -> Option<Handle> {
    Handle::try_current()
        .ok()
        .or_else(|| shared.runtime.clone())
}

/// Takes no more. What is queued is answered; what the store has already been given is still answered by it, and the
/// subscriptions end after that.
pub(crate) fn close(shared: &Shared) {
    let (queued, busy) = {
        let mut queue = shared.appender.lock();
        queue.closed = true;
        (queue.take_all(), queue.busy)
    };
    for waiting in queued {
        waiting.answer(Err(PublishError::Closed));
    }
    if !busy {
        shared.end();
    }
}

/// How the store's answer goes on from the window's end.
enum Landing {
    /// As it must.
    Next,
    /// There are records between that the hub has not seen.
    Gap,
    /// It cannot be.
    Broken(StoreError),
}

impl Landing {
    fn of(last: u64, batch: &Batch, appended: &[Appended]) -> Self {
        let broken = |what: String| {
            Self::Broken(StoreError::unknown(format!("the store is broken: {what}")))
        };
        if appended.len() != batch.len() {
            let (answers, events) = (appended.len(), batch.len());
            return broken(format!("{answers} answers for {events} events"));
        }
        let (mut end, mut landing) = (last, Self::Next);
        for outcome in appended {
            let Appended::Stored(offset) = outcome else {
                continue;
            };
            if *offset <= end {
                return broken(format!(
                    "it stored an event at {offset}, and had {end} before"
                ));
            }
            if *offset != end + 1 {
                landing = Self::Gap;
            }
            end = *offset;
        }
        landing
    }
}

/// Makes visible what was stored, and says what became of each event.
fn settle(
    shared: &Shared,
    batch: Batch,
    appended: Vec<Appended>,
    now: Instant,
    mut answer: impl FnMut(Answer),
) -> Wakes {
    let epoch = shared.epoch;
    let id = |offset| EventId { epoch, offset };
    let mut entries: SmallVec<[(u64, Entry); 1]> = SmallVec::new();
    for (event, outcome) in batch.take().zip(appended) {
        answer(match outcome {
            Appended::Stored(offset) => {
                entries.push((offset, Entry::new(event, &id(offset))));
                Ok(id(offset))
            }
            Appended::Known(offset) => Ok(id(offset)),
            Appended::Conflict(offset) => Err(PublishError::KeyConflict {
                key: event.key().map(ToString::to_string).unwrap_or_default(),
                id: id(offset),
            }),
            Appended::Refused(why) => Err(StoreError::not_stored(why).into()),
        });
    }
    let mut wakes = Wakes::default();
    let mut state = shared.lock();
    for (offset, entry) in entries {
        // What was read after a gap is there already.
        if offset > state.log.last() {
            state.record(entry, now, &mut wakes);
        }
    }
    wakes
}
