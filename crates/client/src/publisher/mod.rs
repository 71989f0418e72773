//! Publishing to a hub that runs elsewhere.

mod drive;
mod options;
mod queue;
mod request;
mod ticket;
mod unit;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::header::{CONTENT_TYPE, USER_AGENT};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use self::queue::Queue;
use self::request::Requester;
use self::ticket::Ticket;
use self::unit::Unit;
use crate::options::parse_url;
use crate::redact::redacted;
use crate::{Error, ErrorKind, IntoTopics, Outcome, PublishMessage, RetryPolicy, transport};

pub use options::PublisherOptions;

/// How long a publish is tried where the policy has no deadline.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// Publishes to a hub that runs elsewhere, over HTTP. Cheap to clone; clones are the same publisher.
///
/// Calls at the same time share requests: while one is under way, what else is published queues, and goes in the next one, in the
/// order of the calls. Each call has its own answer. The queue takes 4,096 events or 16 MiB; beyond that, callers wait with
/// what they have.
///
/// Every event has a key, one that is made where none is given, so that trying again is harmless. Dropped with its last
/// clone, what is queued is not sent; [`close`](Self::close) lets it go out.
///
/// What is queued is sent by one task, on the runtime of the call that found the publisher idle. Where several runtimes share a publisher,
/// each must be driven as long as its calls may be under way: a current-thread runtime whose `block_on` has returned would hold up the others.
///
/// ```no_run
/// use eventwire_client::{Publisher, PublisherOptions};
///
/// # async fn example() -> Result<(), eventwire_client::Error> {
/// let publisher = Publisher::new("http://127.0.0.1:8844", PublisherOptions::new())?;
/// let id = publisher.publish("orders", "one more").await?;
/// println!("published as {id}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher(Arc<Open>);

/// What all clones of a publisher hold, and no task does: nobody waits any more when it is dropped.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
        self.0.stop();
    }
}

struct Shared {
    requester: Requester,
    retry: Option<RetryPolicy>,
    queue: Mutex<Queue>,
    /// The number of the first call that has no answer yet.
    answered: watch::Sender<u64>,
    /// How large a request with several calls may be; less where the hub, or a proxy before it, has said so.
    batch_bytes: AtomicUsize,
}

impl Publisher {
    /// A publisher for the hub at `url`: the address of its events (`http://host:8844/events`), or of its root, in which
    /// case `/events` is meant. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`] and [`ErrorKind::InvalidOption`].
    pub fn new(url: impl AsRef<str>, options: PublisherOptions) -> Result<Publisher, Error> {
        let mut url = parse_url(url.as_ref())?;
        if url.path() == "/" {
            url.set_path("/events");
        }
        if let Some(error) = options.wrong {
            return Err(error);
        }
        let mut headers = options.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "eventwire/",
                env!("CARGO_PKG_VERSION")
            )));
        let client = transport::client(
            &options.transport,
            url.as_str(),
            options.connect_timeout,
            Some(options.timeout),
        )?;
        let requester = Requester {
            url,
            client,
            headers,
            connect_timeout: options.connect_timeout,
            timeout: options.timeout,
        };
        Ok(Publisher(Arc::new(Open(Arc::new(Shared {
            requester,
            retry: options.retry,
            queue: Mutex::default(),
            answered: watch::Sender::new(0),
            batch_bytes: AtomicUsize::new(queue::BATCH_BYTES),
        })))))
    }

    /// Publishes one message under one or more topics, and gives the id that the hub gave it.
    ///
    /// Lost connections and answers of 408, 425, 429 and 5xx are tried again, with the same key, within the policy. A deadline
    /// counts from the call on. At it the call is answered with the outcome that is known then, also where it is still waiting behind
    /// others, or where a request that it shares goes on for them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`] where the hub refuses, with its reason; [`ErrorKind::Closed`] after [`close`](Self::close);
    /// [`ErrorKind::Timeout`] at the deadline; else what the last attempt failed of. [`Error::outcome`] says whether it may have been stored.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, or while the queue was full, it is not published. Once the queue has it, it is published
    /// without its caller.
    pub async fn publish(
        &self,
        topics: impl IntoTopics,
        message: impl Into<PublishMessage>,
    ) -> Result<String, Error> {
        let (sender, answer) = oneshot::channel();
        let unit = Unit::one(topics.into_topics(), message.into(), sender);
        self.enter(unit, answer)?.await
    }

    /// Publishes several messages in one request, at most 1,000, each under one or more topics: all of them or none. The ids are
    /// theirs, in their order.
    ///
    /// ```no_run
    /// # async fn example(publisher: eventwire_client::Publisher) -> Result<(), eventwire_client::Error> {
    /// let ids = publisher.publish_many([("orders", "number 42"), ("orders", "number 43")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish); [`Error::index`] says which message was refused.
    ///
    /// # Cancel safety
    ///
    /// As [`publish`](Self::publish).
    pub async fn publish_many<T, M>(
        &self,
        messages: impl IntoIterator<Item = (T, M)>,
    ) -> Result<Vec<String>, Error>
    where
        T: IntoTopics,
        M: Into<PublishMessage>,
    {
        let (sender, answer) = oneshot::channel();
        let messages = messages.into_iter();
        let messages = messages.map(|(topics, message)| (topics.into_topics(), message.into()));
        let unit = Unit::many(messages, sender);
        if unit.count == 0 {
            return Ok(Vec::new());
        }
        self.enter(unit, answer)?.await
    }

    fn enter<T>(
        &self,
        mut unit: Unit,
        answer: oneshot::Receiver<Result<T, Error>>,
    ) -> Result<Ticket<T>, Error> {
        let shared = &self.0.0;
        let Ok(runtime) = Handle::try_current() else {
            let text = "publish must be awaited within a Tokio runtime";
            return Err(Error::new(ErrorKind::NoRuntime, text).with_outcome(Outcome::NotStored));
        };
        let patience = shared.patience();
        unit.deadline = patience.and_then(|patience| Instant::now().checked_add(patience));
        let mut queue = shared.queue();
        if queue.closed {
            return Err(unit::closed(Outcome::NotStored));
        }
        let number = queue.enter(unit);
        let idle = !std::mem::replace(&mut queue.driving, true);
        queue.drives += u64::from(idle);
        let drive = queue.drives;
        drop(queue);
        if idle {
            // Without the lock: a runtime that is ending drops the task in this call, and so the task takes it.
            let driver = runtime.spawn(drive::drive(shared.clone()));
            shared.queue().is_driven_by(drive, driver.abort_handle());
        }
        Ok(Ticket::new(shared.clone(), number, answer))
    }

    /// Waits until all that was published before this call has its answer. A failure is told to its own caller, not here. How long
    /// it may take is bounded by what the calls may take.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub async fn flush(&self) {
        let target = self.0.0.queue().next();
        let mut answered = self.0.0.answered.subscribe();
        // It fails only where the publisher is gone, which it is not.
        let _ = answered.wait_for(|first| *first >= target).await;
    }

    /// Takes nothing more, and waits at most `patience` until what it had accepted has gone out; whether all of it has its answer.
    /// What has none by then fails with [`ErrorKind::Closed`], and so does at once what waited for room.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the publisher is closed; what it had accepted goes on.
    pub async fn close(&self, patience: Duration) -> bool {
        let shared = &self.0.0;
        shared.close();
        if !shared.queue().driving {
            return true;
        }
        // Without a clock there is no patience.
        let in_time = Handle::try_current().is_ok()
            && tokio::time::timeout(patience, self.flush()).await.is_ok();
        if !in_time {
            shared.stop();
        }
        in_time
    }

    /// The address that it publishes to, without user name and password.
    pub fn url(&self) -> String {
        redacted(&self.0.0.requester.url)
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let _waiting = {
            let mut queue = self.queue();
            queue.closed = true;
            queue.take_waiting()
        };
    }

    /// Whatever is under way ends.
    fn stop(&self) {
        let mut queue = self.queue();
        queue.stopped = true;
        if let Some(driver) = &queue.driver {
            driver.abort();
        }
    }

    /// All calls before this number have their answers.
    fn tell_answered(&self, first: u64) {
        // Two tasks, one after the other, may tell it in the other order.
        self.answered.send_if_modified(|told| {
            let more = first > *told;
            *told = first.max(*told);
            more
        });
    }

    /// How long a call may take; where nothing is tried again, its one attempt has a bound of its own.
    fn patience(&self) -> Option<Duration> {
        let policy = self.retry.as_ref()?;
        Some(policy.deadline.unwrap_or(DEFAULT_DEADLINE))
    }

    /// Answers a unit whose time has come.
    fn expire(&self, unit: &mut Unit) {
        let has_come = unit.deadline.is_some_and(|time| time <= Instant::now());
        if let Some(patience) = self.patience().filter(|_| has_come) {
            let error = self.requester.late(unit, patience);
            unit.expired(error);
        }
    }

    fn batch_bytes(&self) -> usize {
        self.batch_bytes.load(Ordering::Relaxed)
    }

    /// Something on the way takes no more than that.
    fn limit_batches(&self, bytes: usize) {
        self.batch_bytes.fetch_min(bytes.max(1), Ordering::Relaxed);
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_means_the_events() {
        let url = |text| Publisher::new(text, PublisherOptions::new()).unwrap().url();
        assert_eq!(url("http://127.0.0.1:8844"), "http://127.0.0.1:8844/events");
        assert_eq!(
            url("http://u:p@127.0.0.1:8844/"),
            "http://127.0.0.1:8844/events"
        );
        assert_eq!(
            url("http://127.0.0.1:8844/live"),
            "http://127.0.0.1:8844/live"
        );
    }
}
