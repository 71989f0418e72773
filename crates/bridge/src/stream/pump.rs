//! The task that reads a stream, and what is known of the stream meanwhile.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use eventwire_client as client;
use eventwire_client::Place;
use eventwire_client::session::Step;
use serde_json::json;

use super::lock;
use crate::failure::Failure;
use crate::mailbox::{Mailbox, Refused};
use crate::packed::{Batch, Kind};

/// How far the stream has come, for those who ask while the task reads it.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) state: client::State,
    pub(super) last_event_id: String,
    pub(super) reconnection_time: Option<u64>,
    pub(super) counted: client::Counted,
}

impl Progress {
    pub(super) fn of(stream: &client::EventStream) -> Self {
        Self {
            state: stream.state(),
            last_event_id: stream.last_event_id().to_owned(),
            reconnection_time: stream.reconnection_time(),
            counted: stream.counted(),
        }
    }

    /// For every event, so it asks no clock, and copies an id only where it is another one.
    fn update(&mut self, stream: &client::EventStream) {
        self.state = stream.state();
        self.reconnection_time = stream.reconnection_time();
        self.counted = stream.counted();
        if self.last_event_id != stream.last_event_id() {
            stream.last_event_id().clone_into(&mut self.last_event_id);
        }
    }
}

/// Reads the stream into the mailbox until either side ends. A full mailbox stops the reading, and so the socket.
pub(super) struct Pump {
    pub(super) stream: client::EventStream,
    pub(super) mailbox: Arc<Mailbox<Failure>>,
    pub(super) progress: Arc<Mutex<Progress>>,
    pub(super) place: Option<Arc<Mutex<Place>>>,
    /// Whether comments are handed out.
    pub(super) comments: bool,
}

impl Pump {
    pub(super) async fn run(mut self) {
        loop {
            let pushed = match self.next().await {
                Some(Step::Item(Ok(client::StreamItem::Comment(_)))) if !self.comments => Ok(()),
                Some(Step::Item(Ok(item))) => {
                    let push = |batch: &mut Batch| pack(batch, &item);
                    self.mailbox.push(size(&item), push).await
                }
                // Only a place needs to know.
                Some(Step::Mark) if self.place.is_some() => {
                    let id = self.stream.last_event_id();
                    let push = |batch: &mut Batch| batch.push_other(Kind::Mark, id);
                    self.mailbox.push(id.len(), push).await
                }
                Some(Step::Mark) => Ok(()),
                Some(Step::Item(Err(error))) => {
                    self.mailbox.finish(Err(error.into()));
                    return;
                }
                None => {
                    self.mailbox.finish(Ok(()));
                    return;
                }
            };
            if pushed == Err(Refused::Closed) {
                return;
            }
        }
    }

    async fn next(&mut self) -> Option<Step> {
        poll_fn(|cx| {
            if let Some(place) = &self.place
                && let Poll::Ready(error) = lock(place).poll_failed(cx)
            {
                return Poll::Ready(Some(Step::Item(Err(error))));
            }
            let polled = self.stream.poll_step(cx);
            // After every poll, not only after every item: a connection opens and ends without one, too.
            self.progress
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .update(&self.stream);
            polled
        })
        .await
    }
}

fn size(item: &client::StreamItem) -> usize {
    match item {
        client::StreamItem::Event(event) => {
            event.event().len() + event.id().len() + event.data().len()
        }
        client::StreamItem::Comment(text) => text.len(),
        _ => 256,
    }
}

fn pack(batch: &mut Batch, item: &client::StreamItem) {
    use client::StreamItem as Item;
    match item {
        Item::Event(event) => batch.push_event(event.event(), event.id(), event.data()),
        Item::Comment(text) => batch.push_other(Kind::Comment, text),
        Item::Opened(opened) => {
            let headers: Vec<_> = opened
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect();
            let json = json!({ "status": opened.status, "url": opened.url, "headers": headers });
            batch.push_other(Kind::Opened, &json.to_string());
        }
        Item::Reset(reset) => {
            let event = reset.event();
            batch.push_reset(event.event(), event.id(), event.data());
        }
        Item::Reconnecting(again) => {
            let json = json!({
                "reason": Failure::from(again.reason.clone()).to_value(),
                "attempt": again.attempt,
                "delay": again.delay.as_millis() as u64,
            });
            batch.push_other(Kind::Reconnecting, &json.to_string());
        }
        Item::Closed(closed) => {
            let json = json!({
                "reason": closed.reason.name(),
                "error": closed.error.as_ref().map(|error| Failure::from(error.clone()).to_value()),
            });
            batch.push_other(Kind::Closed, &json.to_string());
        }
        _ => {}
    }
}
