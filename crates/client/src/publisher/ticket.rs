//! The wait for an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::{Shared, unit};
use crate::{Error, Outcome};

/// A place in the queue. Dropped, the call goes on if it was accepted; if it still waited for room, nothing is sent.
pub(super) struct Ticket<T> {
    shared: Arc<Shared>,
    number: u64,
    answer: oneshot::Receiver<Result<T, Error>>,
}

impl<T> Ticket<T> {
    pub(super) fn new(
        shared: Arc<Shared>,
        number: u64,
        answer: oneshot::Receiver<Result<T, Error>>,
    ) -> Self {
        Ticket {
            shared,
            number,
            answer,
        }
    }
}

impl<T> Future for Ticket<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(cx);
        // Whoever drops a unit answers it: it cannot be that nobody has.
        answer.map(|answer| answer.unwrap_or_else(|_| Err(unit::closed(Outcome::Unknown))))
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        // Dropped after the lock: it may be large.
        let _abandoned = self.shared.queue().abandon(self.number);
    }
}
