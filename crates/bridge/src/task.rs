//! An operation that ends later, and its one answer.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::failure::Failure;
use crate::notifier::Notifier;
use crate::runtime;

enum State<T> {
    Running(Option<(Arc<Notifier>, u64)>),
    Done(Result<T, Failure>),
    Taken,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

/// An operation under way: wait for it ([`wait`](Self::wait)), or be told by a notifier ([`listen`](Self::listen)), then
/// [`take`](Self::take) its answer. Dropping it does not stop the operation.
pub struct Task<T>(Arc<Shared<T>>);

impl<T: Send + 'static> Task<T> {
    /// Starts `future`. It is tried once where it is called, so that what needs no waiting (a publish into memory)
    /// has its answer at once, in the order of the calls; else it goes on on the runtime.
    ///
    /// # Errors
    ///
    /// As [`runtime::handle`].
    pub fn start<F>(future: F) -> Result<Self, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let handle = runtime::handle()?;
        let mut future = Box::pin(future);
        let first = {
            let _runtime = handle.enter();
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        };
        let task = match first {
            Poll::Ready(answer) => Self::with(State::Done(answer)),
            Poll::Pending => {
                let task = Self::with(State::Running(None));
                let unfinished = Unfinished(task.0.clone());
                handle.spawn(async move {
                    let answer = pin!(future).await;
                    unfinished.0.finish(answer);
                });
                task
            }
        };
        Ok(task)
    }

    /// One whose answer is there.
    pub(crate) fn ready(answer: T) -> Self {
        Self::with(State::Done(Ok(answer)))
    }

    fn with(state: State<T>) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            done: Condvar::new(),
        }))
    }

    /// The answer, where it is there; None before that. It is given once: asked again, it is a failure that says so.
    pub fn take(&self) -> Option<Result<T, Failure>> {
        let mut state = self.0.lock();
        if matches!(*state, State::Running(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(answer) => Some(answer),
            State::Running(_) | State::Taken => {
                let text = "this answer was taken before: keep what the first call gave";
                Some(Err(Failure::closed(text)))
            }
        }
    }

    /// Waits at most `timeout`; whether [`take`](Self::take) is worth a call.
    pub fn wait(&self, timeout: Duration) -> bool {
        let state = self.0.lock();
        let waited = self
            .0
            .done
            .wait_timeout_while(state, timeout, |state| matches!(state, State::Running(_)));
        waited.is_ok_and(|(state, _)| !matches!(*state, State::Running(_)))
    }

    /// Makes `notifier` hear of `token` when the answer is there, at once if it is.
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        {
            let mut state = self.0.lock();
            if let State::Running(listener) = &mut *state {
                *listener = Some((notifier, token));
                return;
            }
        }
        notifier.notify(token);
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, answer: Result<T, Failure>) {
        let before = std::mem::replace(&mut *self.lock(), State::Done(answer));
        self.done.notify_all();
        if let State::Running(Some((notifier, token))) = before {
            notifier.notify(token);
        }
    }
}

/// Of a task on the runtime. Dropped without an answer (the future has panicked, or the runtime has ended), it is one.
struct Unfinished<T>(Arc<Shared<T>>);

impl<T> Drop for Unfinished<T> {
    fn drop(&mut self) {
        if matches!(*self.0.lock(), State::Running(_)) {
            let text =
                "the operation was given up without an answer: whether it was done is not known";
            self.0.finish(Err(Failure::internal(text)));
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}
