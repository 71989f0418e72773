//! HTTP/2 streams whose client takes nothing of them.
//!
//! Over HTTP/2 a client may leave one stream without window and yet take others, so that the socket says nothing of it. hyper then
//! does not ask the body for more, and so nobody can tell by the body: the task of each stream is watched from outside.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::{Instant, Sleep};

use crate::stats::End;

tokio::task_local! {
    /// That of the stream whose task this is.
    static WATCH: Arc<Watch>;
}

/// What the body of a stream tells of itself.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Since when something is there that was not taken.
    since: Option<Instant>,
    end: Option<End>,
}

impl Watch {
    /// The watch of the stream whose task this is; none over HTTP/1, where the socket says it.
    pub(super) fn current() -> Option<Arc<Self>> {
        WATCH.try_with(Arc::clone).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was given to be sent.
    pub(super) fn gave(&self) {
        self.lock().since = Some(Instant::now());
    }

    /// What was given last has found room, and more is asked for.
    pub(super) fn took(&self) {
        self.lock().since = None;
    }

    /// Why the stream has ended, if it was ended from here.
    pub(super) fn end(&self) -> Option<End> {
        self.lock().end
    }
}

/// Runs the streams of a connection, each until its client has taken nothing for the write timeout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watching {
    pub(super) write_timeout: Duration,
}

impl<F> Executor<F> for Watching
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(Watched::new(stream, self.write_timeout));
    }
}

pin_project! {
    /// Dropped before its end, a stream is reset, so that its client comes back.
    struct Watched<F: Future> {
        #[pin]
        stream: TaskLocalFuture<Arc<Watch>, F>,
        watch: Arc<Watch>,
        write_timeout: Duration,
        // Never moved to later, only looked at again when it rings: so that sending does not touch it.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Watched<F> {
    fn new(stream: F, write_timeout: Duration) -> Self {
        let watch = Arc::<Watch>::default();
        Self {
            stream: WATCH.scope(watch.clone(), stream),
            watch,
            write_timeout,
            timer: None,
        }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(since) = this.watch.lock().since else {
                return Poll::Pending;
            };
            let due = since + *this.write_timeout;
            let timer = this
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            ready!(timer.as_mut().poll(cx));
            if due <= Instant::now() {
                this.watch.lock().end = Some(End::Stalled);
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::mpsc;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A stream that gives at once, and has each piece taken when it is told so. In the end its watch is left.
    async fn run(pauses: &[u64]) -> (Option<End>, Duration) {
        let (tell, mut told) = mpsc::unbounded_channel::<()>();
        let (left, leaves) = tokio::sync::oneshot::channel();
        let stream = async move {
            let watch = Watch::current().unwrap();
            let _ = left.send(watch.clone());
            watch.gave();
            while poll_fn(|cx| told.poll_recv(cx)).await.is_some() {
                watch.took();
                watch.gave();
            }
            watch.took();
        };
        let began = Instant::now();
        let task = tokio::spawn(Watched::new(stream, TIMEOUT));
        for pause in pauses {
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            let _ = tell.send(());
        }
        tokio::time::sleep(Duration::from_secs(1000)).await;
        assert!(task.is_finished());
        let watch = leaves.await.unwrap();
        task.await.unwrap();
        let since = watch.lock().since.unwrap();
        (watch.end(), since - began)
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_the_timeout_is_ended_and_who_takes_something_in_time_is_not() {
        let stalled = Some(End::Stalled);
        assert_eq!(run(&[]).await, (stalled, Duration::ZERO));
        // Each time in time, and then no more.
        let slow = run(&[29, 29, 29, 29]).await;
        assert_eq!(slow, (stalled, Duration::from_secs(116)));
        // Too late.
        assert_eq!(run(&[29, 31, 1]).await, (stalled, Duration::from_secs(29)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_has_nothing_to_give_is_left_alone() {
        let (done, waits) = tokio::sync::oneshot::channel::<()>();
        let stream = async move {
            let watch = Watch::current().unwrap();
            watch.gave();
            watch.took();
            waits.await.unwrap();
        };
        let task = tokio::spawn(Watched::new(stream, TIMEOUT));
        tokio::time::sleep(1000 * TIMEOUT).await;
        assert!(!task.is_finished());
        done.send(()).unwrap();
        task.await.unwrap();
        assert!(Watch::current().is_none());
    }
}
