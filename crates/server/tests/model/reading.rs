//! What a subscription gives.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use eventwire_server::{EventId, Subscription};
use tokio_stream::Stream;

#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    /// All there is, without waiting.
    Frames(Vec<String>),
    /// The same, and then it ended.
    Ended(Vec<String>),
}

pub(crate) fn read(frames: &mut Subscription) -> Read {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    // The store answers at the second time that it is asked.
    let mut pending = 0;
    while pending < 3 {
        match Pin::new(&mut *frames).poll_next(&mut cx) {
            Poll::Pending => pending += 1,
            Poll::Ready(None) => return Read::Ended(all),
            Poll::Ready(Some(frame)) => {
                all.push(String::from_utf8(frame.to_vec()).unwrap());
                pending = 0;
            }
        }
    }
    Read::Frames(all)
}

pub(crate) fn is_reset(frame: &str) -> bool {
    frame.contains("\nevent: eventwire.reset\n")
}

pub(crate) fn offset_of(frame: &str) -> u64 {
    let id = frame.strip_prefix("id: ").unwrap().lines().next().unwrap();
    id.parse::<EventId>().unwrap().offset()
}
