//! A subscription in the hub's own process as a handle.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eventwire_codec as codec;
use eventwire_server as server;
use futures_util::StreamExt;
use tokio::task::AbortHandle;

use crate::decode;
use crate::failure::{Failure, FailureKind};
use crate::mailbox::{Drained, Mailbox, Refused, Waited};
use crate::notifier::Notifier;
use crate::owner::Owner;
use crate::packed::{Batch, Kind};
use crate::runtime;
use crate::stream::DEFAULT_MAILBOX;

/// What to subscribe to in this process's hub.
#[derive(Clone, Debug)]
pub struct SubscribeOptions {
    /// The topics; at least one.
    pub topics: Vec<String>,
    /// Where to resume from.
    pub last_event_id: Option<String>,
    /// Where to begin without a last event ID: `live`, `earliest` or `last:N`.
    pub start: String,
    /// How many bytes may wait for the consumer; the rest waits in the log.
    pub mailbox: usize,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            last_event_id: None,
            start: "live".to_owned(),
            mailbox: DEFAULT_MAILBOX,
        }
    }
}

/// A subscription in the hub's own process. It has all that is published from its making on, since what it has not read
/// is in the log.
#[derive(Debug)]
pub struct Subscription {
    owner: Owner,
    mailbox: Arc<Mailbox<Failure>>,
    last_event_id: Arc<Mutex<String>>,
    reading: Mutex<Reading>,
}

#[derive(Debug)]
enum Reading {
    Unopened(server::Subscription),
    Open(AbortHandle),
    Closed,
}

impl Subscription {
    pub(super) fn new(unopened: server::Subscription, mailbox: usize) -> Self {
        Self {
            owner: Owner::of_this_process(),
            mailbox: Arc::new(Mailbox::new(mailbox)),
            last_event_id: Arc::default(),
            reading: Mutex::new(Reading::Unopened(unopened)),
        }
    }

    /// Starts to read it, the first time: as frames of bytes, heartbeats and marks among them, or as events.
    ///
    /// # Errors
    ///
    /// The hub was used in another process, before a `fork`; or as [`runtime::handle`].
    pub fn open(&self, frames: bool) -> Result<(), Failure> {
        self.owner.check("subscription")?;
        let runtime = runtime::handle()?;
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading::Unopened(_) = *reading else {
            return Ok(());
        };
        let Reading::Unopened(unopened) = std::mem::replace(&mut *reading, Reading::Closed) else {
            return Ok(());
        };
        let mailbox = self.mailbox.clone();
        let task = if frames {
            runtime.spawn(pump_frames(unopened, mailbox))
        } else {
            runtime.spawn(pump_events(unopened, mailbox, self.last_event_id.clone()))
        };
        *reading = Reading::Open(task.abort_handle());
        Ok(())
    }

    /// As [`Mailbox::listen`].
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        self.mailbox.listen(notifier, token);
    }

    /// As [`Mailbox::wait`].
    pub fn wait(&self, timeout: Duration) -> Waited {
        self.mailbox.wait(timeout)
    }

    /// As [`Mailbox::drain`].
    pub fn drain(&self) -> Drained<Failure> {
        self.mailbox.drain()
    }

    /// Closes it, from any thread; nothing is delivered after that.
    pub fn close(&self) {
        self.mailbox.close();
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Reading::Open(task) = std::mem::replace(&mut *reading, Reading::Closed) {
            task.abort();
        }
    }

    /// The id of the position that it has reached; resume from it.
    pub fn last_event_id(&self) -> String {
        self.last_event_id
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.close();
    }
}

async fn pump_frames(mut frames: server::Subscription, mailbox: Arc<Mailbox<Failure>>) {
    // What reads frames sends them on, to somebody who comes back with the last id when they end.
    while let Some(frame) = frames.next().await {
        // A frame was encoded from strings, so it is UTF-8 and nothing is replaced here.
        let text = String::from_utf8_lossy(&frame);
        if mailbox
            .push(text.len(), |batch| batch.push_other(Kind::Frame, &text))
            .await
            == Err(Refused::Closed)
        {
            return;
        }
    }
    mailbox.finish(ended(&frames));
}

/// How a subscription that has ended by itself did so.
fn ended(frames: &server::Subscription) -> Result<(), Failure> {
    match frames.end() {
        Some(server::SubscriptionEnd::Failed) => Err(Failure::new(
            FailureKind::Store,
            "the hub's store cannot be read, so the subscription has ended: subscribe again with its last event ID",
        )),
        _ => Ok(()),
    }
}

/// Events come out of the same frames by the same decoder as everywhere else.
async fn pump_events(
    mut frames: server::Subscription,
    mailbox: Arc<Mailbox<Failure>>,
    last_event_id: Arc<Mutex<String>>,
) {
    // Nobody would come back for what is gone: a reset says so in band.
    frames.set_slow(server::Slow::Skip);
    let mut decoder = codec::Decoder::builder()
        .max_line(usize::MAX)
        .max_event(usize::MAX)
        .build();
    while let Some(frame) = frames.next().await {
        let mut batch = Batch::new();
        if let Err(error) = decode::fill(&mut decoder, &frame, &mut batch) {
            mailbox.finish(Err(Failure::from(error)));
            return;
        }
        decoder
            .last_event_id()
            .clone_into(&mut last_event_id.lock().unwrap_or_else(PoisonError::into_inner));
        for item in batch.items() {
            let push = |batch: &mut Batch| batch.push_event(item.event, item.id, item.data);
            if mailbox.push(frame.len(), push).await == Err(Refused::Closed) {
                return;
            }
        }
    }
    mailbox.finish(ended(&frames));
}
