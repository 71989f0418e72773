//! A stream with all of its items.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::EventStream;
use crate::{Error, StreamItem};

/// All items of a stream; see [`EventStream::items`].
///
/// The last item is a [`StreamItem::Closed`], but after a close on this side, which ends it at once; where the end is an
/// error, the error comes after it.
#[derive(Debug)]
pub struct Items {
    pub(super) stream: EventStream,
}

impl Items {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<StreamItem, Error>> {
        self.stream.next_item().await
    }

    /// The stream itself: its state, its last event ID, its closer.
    pub fn stream(&self) -> &EventStream {
        &self.stream
    }

    /// The stream itself, to close it or to take events only for a while.
    pub fn stream_mut(&mut self) -> &mut EventStream {
        &mut self.stream
    }

    /// Back to events only.
    pub fn into_stream(self) -> EventStream {
        self.stream
    }
}

impl Stream for Items {
    type Item = Result<StreamItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_item(cx)
    }
}
