//! One stream's side of a scripted server: its connections, and its view of the clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{HeaderMap, StatusCode};

use super::script::{Attempt, Step};
use super::server::Shared;
use crate::session::{Failure, Head, Request};
use crate::wire::{Connection, Progress, Wire};

/// The time of day at which the clock is zero, for `Retry-After` with a date: 2026-01-01 00:00:00 UTC.
const ORIGIN: Duration = Duration::from_secs(1_767_225_600);

/// What is one stream's own: how far it has come. A clock that jumps over several things that are due is seen by the stream at
/// the time of each of them, so that they come in their order.
#[derive(Debug, Default)]
pub(super) struct Local {
    view: Mutex<View>,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct View {
    now: Duration,
    /// When the connection has something next.
    due: Option<Duration>,
    /// When the last connection was over.
    over: Option<Duration>,
}

impl Local {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn catch_up(&self, now: Duration) {
        let mut view = self.view();
        view.now = view.now.max(now);
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }
}

/// A stream's wire.
#[derive(Debug)]
pub(super) struct Part {
    shared: Arc<Shared>,
    local: Arc<Local>,
}

impl Part {
    pub(super) fn new(shared: Arc<Shared>, local: Arc<Local>) -> Part {
        Part { shared, local }
    }
}

impl Wire for Part {
    fn connect(&self, request: Request) -> Box<dyn Connection> {
        let (now, over) = {
            let mut view = self.local.view();
            (view.now, view.over.take())
        };
        let mut state = self.shared.lock();
        state
            .delays
            .extend(over.map(|over| now.saturating_sub(over)));
        let connect_timeout = request.connect_timeout;
        let (attempt, steps) = state.take_request(now, request);
        Box::new(Played {
            local: self.local.clone(),
            attempt,
            steps,
            at: now,
            connect_timeout,
            is_over: false,
        })
    }

    fn now(&self) -> Option<Duration> {
        Some(self.local.view().now)
    }

    fn poll_until(&self, at: Option<Duration>, cx: &mut Context<'_>) -> Option<Poll<()>> {
        // Before the look at the clock, so that no advance falls between the two.
        self.local.waker.register(cx.waker());
        let due = {
            let view = self.local.view();
            at.into_iter().chain(view.due).min()
        };
        let mut state = self.shared.lock();
        if let Some(due) = due
            && !state.paused
        {
            state.go_to(due);
        }
        let now = state.now;
        drop(state);
        Some(match due {
            Some(due) if due <= now => {
                self.local.catch_up(due);
                Poll::Ready(())
            }
            _ => {
                self.local.catch_up(now);
                Poll::Pending
            }
        })
    }
}

/// A connection that goes by the script.
struct Played {
    local: Arc<Local>,
    attempt: Attempt,
    steps: VecDeque<Step>,
    /// When the last step was.
    at: Duration,
    connect_timeout: Duration,
    is_over: bool,
}

impl Played {
    /// Whether it is time for what comes `after` the last step; if not, the clock knows when.
    fn is_due(&mut self, after: Duration) -> bool {
        let at = self.at.saturating_add(after);
        let mut view = self.local.view();
        if view.now < at {
            view.due = Some(at);
            return false;
        }
        self.at = at;
        true
    }

    fn head(&self) -> Option<Progress> {
        let (status, _) = self.attempt.head.as_ref()?;
        if self.attempt.is_interim() {
            return None;
        }
        let received = SystemTime::UNIX_EPOCH + ORIGIN.saturating_add(self.at);
        let head = Head::new(*status, self.attempt.headers()).with_received(received);
        Some(Progress::Head(head))
    }

    fn over(&mut self, progress: Progress) -> Poll<Progress> {
        self.mark_over();
        Poll::Ready(progress)
    }

    fn mark_over(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            let mut view = self.local.view();
            view.over = Some(view.now);
            view.due = None;
        }
    }

    fn failed(&mut self, failure: Failure) -> Poll<Progress> {
        self.over(Progress::Failed(failure))
    }
}

impl Connection for Played {
    fn poll_progress(&mut self, _: &mut Context<'_>) -> Poll<Progress> {
        loop {
            self.local.view().due = None;
            let Some(step) = self.steps.pop_front() else {
                return Poll::Pending;
            };
            match step {
                Step::Wait(wait) => {
                    if !self.is_due(wait) {
                        self.steps.push_front(Step::Wait(wait));
                        return Poll::Pending;
                    }
                }
                Step::Unreachable => {
                    if !self.is_due(self.connect_timeout) {
                        self.steps.push_front(Step::Unreachable);
                        return Poll::Pending;
                    }
                    return self.failed(Failure::connect_timeout());
                }
                Step::Drip(bytes, every) if !bytes.is_empty() => {
                    if !self.is_due(every) {
                        self.steps.push_front(Step::Drip(bytes, every));
                        return Poll::Pending;
                    }
                    let (byte, rest) = (bytes.slice(..1), bytes.slice(1..));
                    self.steps.push_front(Step::Drip(rest, every));
                    return Poll::Ready(Progress::Chunk(byte));
                }
                Step::Bytes(bytes) if !bytes.is_empty() => {
                    return Poll::Ready(Progress::Chunk(bytes));
                }
                Step::Drip(..) | Step::Bytes(_) => {}
                Step::Head => {
                    if let Some(head) = self.head() {
                        return Poll::Ready(head);
                    }
                }
                Step::Refuse => return self.failed(Failure::connect("connection refused")),
                Step::TlsFailure => {
                    let what = "invalid peer certificate: UnknownIssuer";
                    return self.failed(Failure::connect(what));
                }
                Step::Reset => {
                    return self.failed(Failure::disconnected("connection reset by peer"));
                }
                Step::End if self.head().is_none() => {
                    let what = "connection closed before message completed";
                    return self.failed(Failure::disconnected(what));
                }
                Step::End => return self.over(Progress::Ended),
                Step::Silence => {
                    self.steps.push_front(Step::Silence);
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.mark_over();
    }
}

impl Attempt {
    /// What comes after the last attempt of a script.
    pub(super) fn no_content() -> Attempt {
        Attempt {
            head: Some((StatusCode::NO_CONTENT, HeaderMap::new())),
            steps: vec![Step::Head, Step::Bytes(Bytes::new()), Step::End],
        }
    }
}
