//! What a store answers, now or later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::StoreError;

/// An answer of a [`Store`](super::Store), perhaps a later one.
///
/// An answer that is there already costs no allocation: that is what keeps a hub in memory fast.
pub struct StoreFuture<T>(State<T>);

enum State<T> {
    /// None once it was given.
    Ready(Option<Result<T, StoreError>>),
    Later(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>),
}

impl<T> StoreFuture<T> {
    /// The answer is there.
    pub fn ready(answer: Result<T, StoreError>) -> Self {
        Self(State::Ready(Some(answer)))
    }

    /// The answer comes.
    ///
    /// ```
    /// use eventwire_server::store::StoreFuture;
    ///
    /// let number: StoreFuture<u64> = StoreFuture::new(async { Ok(42) });
    /// ```
    pub fn new(answer: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Self {
        Self(State::Later(Box::pin(answer)))
    }
}

impl<T: Unpin> StoreFuture<T> {
    /// The answer, or an error where it takes longer than `timeout`; without a Tokio runtime there is no clock, and so no end to
    /// waiting.
    pub(crate) async fn within(self, timeout: Option<Duration>) -> Result<T, StoreError> {
        let clock = tokio::runtime::Handle::try_current().is_ok();
        match (self.0, timeout.filter(|_| clock)) {
            // What is there needs no clock.
            (answer @ State::Ready(_), _) | (answer, None) => Self(answer).await,
            (answer, Some(timeout)) => tokio::time::timeout(timeout, Self(answer))
                .await
                .unwrap_or_else(|_| Err(StoreError::late(timeout))),
        }
    }
}

impl<T: Unpin> Future for StoreFuture<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(answer) => answer.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for StoreFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Ready(_) => "StoreFuture(ready)",
            State::Later(_) => "StoreFuture(later)",
        })
    }
}
