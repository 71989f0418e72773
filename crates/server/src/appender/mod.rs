//! The one appender of a hub: publications go to the store in the order of the calls, and become visible in the order of their
//! offsets, once the store has them.
//!
//! Whoever finds the appender idle hands its event to the store at once. A store that answers at once, as memory does, needs no
//! more than that. Where it does not, a task waits for it, and what is published in the meantime queues and goes
//! together, in batches.

mod drive;
mod landing;
mod queue;
mod sink;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::drive::{Flight, drive};
use self::landing::{Landing, settle};
use self::queue::Queue;
use self::sink::{Admitted, Failing, Sink, Waiting};
use crate::error::PublishError;
use crate::many::{Many, ManyAnswer};
use crate::position::EventId;
use crate::publish::NewEvent;
use crate::state::Shared;
use crate::store::{Appended, Batch, StoreError, StoreFuture};

pub(crate) type Answer = Result<EventId, PublishError>;

/// What became of a publication so far, or of many that were published in one go.
pub(crate) enum Published<T> {
    Now(T),
    Later(Ticket<T>),
}

#[derive(Debug, Default)]
pub(crate) struct Appender(Mutex<Queue>);

impl Appender {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue. Dropped, the publication goes on if it was accepted; if it still waited for room, it is not published.
pub(crate) struct Ticket<T> {
    shared: Arc<Shared>,
    number: u64,
    answer: oneshot::Receiver<T>,
}

impl<T: Failing> Future for Ticket<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.answer).poll(cx).map(|answer| {
            answer.unwrap_or_else(|_| {
                let error = StoreError::unknown("the runtime that appended to the store has ended");
                T::failed(PublishError::Store(error))
            })
        })
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        // Dropped after the lock: it may be large.
        let _abandoned = self.shared.appender.lock().abandon(self.number);
    }
}

/// Publishes, or queues.
pub(crate) fn publish(shared: &Arc<Shared>, event: NewEvent) -> Published<Answer> {
    let queue = shared.appender.lock();
    if queue.closed {
        return Published::Now(Err(PublishError::Closed));
    }
    if !queue.is_idle() {
        return enqueue(shared, queue, |sender| Waiting::One(event, sender));
    }
    let now = Instant::now();
    let last = {
        let mut state = shared.lock();
        match state.log.admit(&event, &[], now) {
            // Only the appender adds to the log, so that this stays true.
            Ok(None) => state.log.last(),
            Ok(Some(known)) => return Published::Now(Ok(known)),
            Err(error) => return Published::Now(Err(error)),
        }
    };
    match attempt(shared, queue, Batch::one(event), last, now) {
        Attempt::Settled(mut answers) => {
            let answer = answers.pop();
            Published::Now(answer.unwrap_or(Err(PublishError::Closed)))
        }
        Attempt::Failed(error) => Published::Now(Err(error.into())),
        Attempt::Later(queue, batch, answer) => {
            let (sender, receiver) = oneshot::channel();
            let sinks = vec![Sink::One(sender)];
            wait(shared, queue, Flight::new(batch, answer, sinks), receiver)
        }
    }
}

/// The same for what is published in one go.
pub(crate) fn publish_many(shared: &Arc<Shared>, many: Many) -> Published<ManyAnswer> {
    if many.events.is_empty() {
        return Published::Now(Ok(Vec::new()));
    }
    let queue = shared.appender.lock();
    if queue.closed {
        return Published::Now(ManyAnswer::failed(PublishError::Closed));
    }
    if !queue.is_idle() {
        return enqueue(shared, queue, |sender| Waiting::Many(many, sender));
    }
    let now = Instant::now();
    let (sender, mut receiver) = oneshot::channel();
    let mut events = Vec::with_capacity(many.events.len());
    let (last, admitted) = {
        let mut state = shared.lock();
        let admitted = Admitted::of(many, sender, &mut state.log, &mut events, now);
        (state.log.last(), admitted)
    };
    let sinks = match admitted {
        Admitted::New(sinks) => sinks,
        Admitted::Answered(_, answer) => return Published::Now(answer),
    };
    match attempt(shared, queue, Batch::of(events), last, now) {
        Attempt::Settled(answers) => {
            for (sink, answer) in sinks.into_iter().zip(answers) {
                sink.send(answer);
            }
            let closed = |_| ManyAnswer::failed(PublishError::Closed);
            Published::Now(receiver.try_recv().unwrap_or_else(closed))
        }
        Attempt::Failed(error) => Published::Now(ManyAnswer::failed(error.into())),
        Attempt::Later(queue, batch, answer) => {
            wait(shared, queue, Flight::new(batch, answer, sinks), receiver)
        }
    }
}

/// What became of a batch where it was handed over.
enum Attempt<'a> {
    Settled(SmallVec<[Answer; 1]>),
    Failed(StoreError),
    Later(MutexGuard<'a, Queue>, Batch, StoreFuture<Vec<Appended>>),
}

/// Hands a batch to the store, which nobody else does at the moment, and looks once whether it has answered.
fn attempt<'a>(
    shared: &Shared,
    mut queue: MutexGuard<'a, Queue>,
    batch: Batch,
    last: u64,
    now: Instant,
) -> Attempt<'a> {
    // Until it has answered, nobody knows what it holds.
    queue.unsure = true;
    let mut answer = drive::append(shared, &batch);
    let polled = drive::poll(&mut answer, &mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(Ok(appended)) => match Landing::of(last, &batch, &appended) {
            Landing::Next => {
                queue.unsure = false;
                let mut answers = SmallVec::new();
                let wakes = settle(shared, batch, appended, now, |answer| answers.push(answer));
                drop(queue);
                // Outside of the locks: the woken ones want them.
                wakes.wake();
                Attempt::Settled(answers)
            }
            // What is missing must be read first, which takes time.
            Landing::Gap => Attempt::Later(queue, batch, StoreFuture::ready(Ok(appended))),
            Landing::Broken(error) => Attempt::Failed(error),
        },
        Poll::Ready(Err(error)) => {
            queue.unsure = error.is_unknown();
            Attempt::Failed(error)
        }
        Poll::Pending => Attempt::Later(queue, batch, answer),
    }
}

/// A task takes over what the store did not answer at once.
fn wait<T: Failing>(
    shared: &Arc<Shared>,
    mut queue: MutexGuard<'_, Queue>,
    flight: Flight,
    answer: oneshot::Receiver<T>,
) -> Published<T> {
    let Some(runtime) = runtime(shared) else {
        let error = StoreError::unknown(
            "the store did not answer at once, and there is no Tokio runtime to wait in: publish from a task of one",
        );
        return Published::Now(T::failed(error.into()));
    };
    let number = queue.take_off();
    // A runtime that has ended drops the task at once, which wants the lock.
    drop(queue);
    runtime.spawn(drive(shared.clone(), Some(flight)));
    Published::Later(Ticket {
        shared: shared.clone(),
        number,
        answer,
    })
}

fn enqueue<T: Failing>(
    shared: &Arc<Shared>,
    mut queue: MutexGuard<'_, Queue>,
    waiting: impl FnOnce(oneshot::Sender<T>) -> Waiting,
) -> Published<T> {
    let mut idle = None;
    if !queue.busy {
        let Some(runtime) = runtime(shared) else {
            let error = StoreError::not_stored(
                "what the store holds must be read before more is appended, and there is no Tokio runtime to wait in: \
                 publish from a task of one",
            );
            return Published::Now(T::failed(error.into()));
        };
        queue.busy = true;
        idle = Some(runtime);
    }
    let (sender, receiver) = oneshot::channel();
    let number = queue.enter(waiting(sender));
    // A runtime that has ended drops the task at once, which wants the lock and answers all who wait.
    drop(queue);
    if let Some(runtime) = idle {
        runtime.spawn(drive(shared.clone(), None));
    }
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
        waiting.fail(PublishError::Closed);
    }
    if !busy {
        shared.end();
    }
}
