//! The task that waits for a store and goes on with what has queued.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::Answer;
use super::landing::{Landing, settle};
use super::sink::Sink;
use crate::state::{Shared, Wakes};
use crate::store::{Appended, Batch, Query, StoreError, StoreFuture};

/// How many bytes of records that the hub has not seen are read at a time.
const UNSEEN_BYTES: usize = 1 << 20;

/// A batch that the store was given.
pub(super) struct Flight {
    batch: Batch,
    answer: StoreFuture<Vec<Appended>>,
    sinks: Vec<Sink>,
}

impl Flight {
    pub(super) fn new(batch: Batch, answer: StoreFuture<Vec<Appended>>, sinks: Vec<Sink>) -> Self {
        Self {
            batch,
            answer,
            sinks,
        }
    }
}

/// Appends until nobody waits.
pub(super) fn drive(shared: Arc<Shared>, first: Option<Flight>) -> impl Future<Output = ()> {
    // Made here, since the runtime may end the task before it has begun.
    let driver = Driver {
        shared,
        done: false,
    };
    run(driver, first)
}

async fn run(mut driver: Driver, first: Option<Flight>) {
    let shared = driver.shared.clone();
    let mut next = first;
    loop {
        if let Some(flight) = next.take() {
            land(&shared, flight).await;
        }
        let unsure = shared.appender.lock().unsure;
        if unsure && let Err(error) = catch_up(&shared).await {
            // Nothing of it was given to the store.
            let error = StoreError::not_stored(error.message()).caused_by(error);
            let failed = shared.appender.lock().unload();
            for waiting in failed {
                waiting.fail(error.clone().into());
            }
        }
        let load = {
            let mut queue = shared.appender.lock();
            if queue.is_empty() {
                queue.busy = false;
                driver.done = true;
                return;
            }
            if queue.unsure {
                continue;
            }
            queue.load(&shared)
        };
        for settled in load.answered {
            settled.send();
        }
        if let Some(batch) = load.batch {
            // Until it has answered, nobody knows what it holds.
            shared.appender.lock().unsure = true;
            let answer = append(&shared, &batch);
            next = Some(Flight::new(batch, answer, load.sinks));
        }
    }
}

/// Hands a batch to the store; a panic of it is an error.
pub(super) fn append(shared: &Shared, batch: &Batch) -> StoreFuture<Vec<Appended>> {
    let append = || shared.store.append(batch.clone());
    catch_unwind(AssertUnwindSafe(append)).unwrap_or_else(|_| StoreFuture::ready(Err(panicked())))
}

async fn land(shared: &Shared, flight: Flight) {
    let Flight {
        batch,
        answer,
        sinks,
    } = flight;
    let last = shared.lock().log.last();
    let outcome = match in_time(shared, answer).await {
        Ok(appended) => match Landing::of(last, &batch, &appended) {
            Landing::Next => {
                shared.appender.lock().unsure = false;
                Ok(appended)
            }
            Landing::Gap => match catch_up(shared).await {
                Ok(()) => Ok(appended),
                // The store has it: what failed is reading what came before it.
                Err(error) => Err(StoreError::unknown(error.message()).caused_by(error)),
            },
            Landing::Broken(error) => Err(error),
        },
        Err(error) => {
            shared.appender.lock().unsure = error.is_unknown();
            Err(error)
        }
    };
    let mut answers: Vec<Answer> = Vec::with_capacity(sinks.len());
    let wakes = match outcome {
        Ok(appended) => settle(shared, batch, appended, Instant::now(), |answer| {
            answers.push(answer)
        }),
        Err(error) => {
            answers.extend(sinks.iter().map(|_| Err(error.clone().into())));
            Wakes::default()
        }
    };
    wakes.wake();
    for (sink, answer) in sinks.into_iter().zip(answers) {
        sink.send(answer);
    }
}

/// Reads and shows what the store holds beyond the window's end.
async fn catch_up(shared: &Shared) -> Result<(), StoreError> {
    loop {
        let last = shared.lock().log.last();
        let query = Query::all(last, UNSEEN_BYTES);
        let page = in_time(shared, shared.store.read(query)).await?;
        if page.records.is_empty() {
            shared.appender.lock().unsure = false;
            return Ok(());
        }
        let now = Instant::now();
        let mut wakes = Wakes::default();
        let mut contiguous = true;
        {
            let mut state = shared.lock();
            for record in page.records {
                if record.offset != state.log.last() + 1 {
                    contiguous = false;
                    break;
                }
                let id = state.log.id(record.offset);
                let at = now.checked_sub(record.age).unwrap_or(now);
                state.record(record.into_entry(&id), at, &mut wakes);
            }
        }
        wakes.wake();
        if !contiguous {
            return Err(StoreError::unknown(format!(
                "the store is broken: asked for what follows {last}, it left something out"
            )));
        }
    }
}

/// What the store answers, or an error where it takes too long. Who has queued for too long in the meantime is answered.
async fn in_time<T: Unpin>(shared: &Shared, mut answer: StoreFuture<T>) -> Result<T, StoreError> {
    // A time that cannot be counted is never reached.
    let due = |since: Instant| since.checked_add(shared.store_timeout?);
    let (Some(timeout), Some(end)) = (shared.store_timeout, due(Instant::now())) else {
        return unharmed(answer).await;
    };
    loop {
        // Who comes later has longer than this answer has.
        let oldest = shared.appender.lock().oldest();
        let next = oldest.and_then(due).map_or(end, |due| due.min(end));
        tokio::select! {
            biased;
            answer = poll_fn(|cx| poll(&mut answer, cx)) => return answer,
            () = tokio::time::sleep_until(next) => {}
        }
        let now = Instant::now();
        let before = now.checked_sub(timeout);
        let late = before.map(|before| shared.appender.lock().take_from_before(before));
        for waiting in late.into_iter().flatten() {
            waiting.fail(StoreError::crowded_out(timeout).into());
        }
        if end <= now {
            return Err(StoreError::late(timeout));
        }
    }
}

/// What a future gives; a panic of it is an error, so that the appender lives on.
async fn unharmed<T: Unpin>(mut answer: StoreFuture<T>) -> Result<T, StoreError> {
    poll_fn(move |cx| poll(&mut answer, cx)).await
}

pub(super) fn poll<T: Unpin>(
    answer: &mut StoreFuture<T>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, StoreError>> {
    // What it leaves half done is its own, and is dropped with it.
    catch_unwind(AssertUnwindSafe(|| Pin::new(answer).poll(cx)))
        .unwrap_or_else(|_| Poll::Ready(Err(panicked())))
}

fn panicked() -> StoreError {
    StoreError::unknown("the store panicked")
}

/// The one task that appends.
struct Driver {
    shared: Arc<Shared>,
    /// It has handed back its turn.
    done: bool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let (left, closed) = {
            let mut queue = self.shared.appender.lock();
            let mut left = Vec::new();
            if !self.done {
                // Its runtime has ended it, and nobody would go on.
                queue.busy = false;
                left = queue.take_all();
            }
            (left, queue.closed)
        };
        for waiting in left {
            let error = StoreError::not_stored("the runtime that appended to the store has ended");
            waiting.fail(error.into());
        }
        if closed {
            self.shared.end();
        }
    }
}
