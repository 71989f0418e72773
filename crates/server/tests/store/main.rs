//! A hub over a store that is slow, fails on demand and refuses: the order, the answers, and what is seen. The clock is virtual.

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/mod.rs"]
mod support;

mod appending;
mod behind;
mod timeout;

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{Failing, SlowStore};
use eventwire_server::store::{
    Appended, Batch, Epoch, Newest, Opened, Outcome, Page, Query, Store, StoreError, StoreFuture,
    Window,
};
use eventwire_server::{
    BuildError, EventId, Hub, HubBuilder, Publication, PublishError, ServeOptions, Slow, Start,
    Subscribe, Subscription,
};
use support::{Raw, unchunked};
use tokio_stream::{Stream, StreamExt};

async fn open(store: &SlowStore) -> Hub {
    open_with(store, |builder| builder).await
}

async fn open_with(store: &SlowStore, change: impl FnOnce(HubBuilder) -> HubBuilder) -> Hub {
    let builder = Hub::builder().heartbeat(None).store_with(store.clone());
    change(builder).open().await.unwrap()
}

fn data(number: usize) -> Publication {
    Publication::new("a", number.to_string())
}

/// Begins to publish, as a call does: in the order of the calls.
fn begin(
    hub: &Hub,
    publication: Publication,
) -> tokio::task::JoinHandle<Result<EventId, PublishError>> {
    let hub = hub.clone();
    let mut publishing = Box::pin(async move { hub.publish(publication).await });
    let first = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    match first {
        Poll::Ready(answer) => tokio::spawn(std::future::ready(answer)),
        Poll::Pending => tokio::spawn(publishing),
    }
}

fn at_once(frames: &mut Subscription) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(frame)) = std::pin::Pin::new(&mut *frames).poll_next(&mut cx) {
        all.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    all
}

/// What comes until nothing has come for a long time, or the end: marks and resets by their first line, events by their data.
async fn all(frames: &mut Subscription) -> Vec<String> {
    let mut all = Vec::new();
    let patience = Duration::from_secs(1000);
    while let Ok(Some(frame)) = tokio::time::timeout(patience, frames.next()).await {
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let mut lines = text.lines().filter(|line| !line.starts_with("retry: "));
        let id = lines.next().unwrap();
        let offset = id.rsplit('-').next().unwrap().to_owned();
        all.push(match lines.next() {
            Some("event: eventwire.reset") => format!("reset {offset}"),
            Some("") | None => format!("mark {offset}"),
            Some(data) => format!("{offset} {data}"),
        });
    }
    all
}
