//! The test kit: what a stream sees of a scripted server, and what the server keeps of the stream.

mod clock;
mod script;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use eventwire_client::{ConnectOptions, EventStream, StreamItem};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn get() -> ConnectOptions {
    ConnectOptions::new("http://test/events")
}

/// Polls once, without a runtime.
fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What is there at once, by a clock that goes by itself.
fn now<T>(future: impl Future<Output = T>) -> T {
    match poll(future) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the stream waits, though nothing more happens"),
    }
}

/// All items that are there, each in a word or two.
fn told(stream: &mut EventStream) -> Vec<String> {
    let mut told = Vec::new();
    while let Poll::Ready(Some(item)) = poll(stream.next_item()) {
        told.push(match item {
            Ok(StreamItem::Opened(opened)) => format!("open {}", opened.status),
            Ok(StreamItem::Event(event)) => format!("event {}", event.data()),
            Ok(StreamItem::Comment(text)) => format!("comment {text}"),
            Ok(StreamItem::Reconnecting(again)) => format!("again {:?}", again.reason.kind()),
            Ok(StreamItem::Closed(closed)) => format!("closed {}", closed.reason.name()),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("error {:?}", error.kind()),
        });
    }
    told
}
