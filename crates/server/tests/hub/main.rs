//! Subscriptions in the hub's own process: where they begin, what they are told, when they end. The clock is virtual.

mod beginning;
mod ending;
mod holding;

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use eventwire_codec::{Decoder, Event};
use eventwire_server::{
    EventId, Hub, HubBuilder, Publication, PublishError, Slow, Start, Subscribe, SubscribeError,
    Subscription, SubscriptionEnd,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt};

async fn publish(hub: &Hub, topic: &str, data: &str) -> EventId {
    hub.publish(Publication::new(topic, data)).await.unwrap()
}

fn subscribe(hub: &Hub, topics: &[&str], start: Start) -> Subscription {
    let subscribe = Subscribe::to(topics.iter().copied()).start(start);
    hub.subscribe(subscribe).unwrap()
}

async fn next(frames: &mut Subscription) -> String {
    let frame = frames.next().await.expect("the stream goes on");
    String::from_utf8(frame.to_vec()).unwrap()
}

/// What is there without waiting.
fn at_once(frames: &mut Subscription) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(frame)) = std::pin::Pin::new(&mut *frames).poll_next(&mut cx) {
        all.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    all
}

fn id(hub: &Hub, offset: u64) -> String {
    format!("{}-{offset}", hub.stats().last.epoch())
}

fn mark(hub: &Hub, offset: u64) -> String {
    format!("id: {}\n\n", id(hub, offset))
}

fn event(hub: &Hub, offset: u64, data: &str) -> String {
    format!("id: {}\ndata: {data}\n\n", id(hub, offset))
}

fn small(change: impl FnOnce(HubBuilder) -> HubBuilder) -> Hub {
    change(Hub::builder().max_events(3)).build().unwrap()
}

/// A reset as a client sees it: its id, and what its data says.
fn read_reset(frame: &str) -> (String, Value) {
    let mut decoder = Decoder::new();
    let mut items = decoder.feed(frame.as_bytes());
    let event: Event = items.next_event().unwrap().unwrap().to_event();
    assert_eq!(event.event(), "eventwire.reset");
    (
        event.id().to_owned(),
        serde_json::from_str(event.data()).unwrap(),
    )
}
