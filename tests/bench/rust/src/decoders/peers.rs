//! The other libraries, each given what it likes best, and nothing to wait for: the streams are always ready, and polled by a
//! waker that does nothing, so that only the decoding is timed.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use eventsource_stream::EventStream;
use futures_codec::Decoder as _;
use futures_util::stream::{self, Stream};
use sse_stream::SseByteStream;

use super::Tally;

/// The chunks as `Bytes` that borrow: made without a copy, dropped without a count.
fn chunks(
    input: &'static [u8],
    chunk: usize,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
    stream::iter(
        input
            .chunks(chunk)
            .map(|chunk| Ok(Bytes::from_static(chunk))),
    )
}

fn each<S: Stream>(stream: S, mut take: impl FnMut(S::Item)) {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => take(item),
            Poll::Ready(None) => return,
            Poll::Pending => panic!("a decoder waits although its input is there"),
        }
    }
}

pub(super) fn sse_stream(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut tally = Tally::default();
    each(SseByteStream::new(chunks(input, chunk)), |event| {
        let event = event.expect("sse-stream decodes the workloads");
        // It gives the blocks as they are: what is not there is `None`.
        tally.add(
            event.event.as_deref().unwrap_or("message"),
            event.data.as_deref().unwrap_or_default(),
            event.id.as_deref().unwrap_or_default(),
        );
    });
    Some(tally)
}

pub(super) fn eventsource_stream(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut tally = Tally::default();
    each(EventStream::new(chunks(input, chunk)), |event| {
        let event = event.expect("eventsource-stream decodes the workloads");
        tally.add(&event.event, &event.data, &event.id);
    });
    Some(tally)
}

/// Its codec itself, over one growing buffer: `decode_stream` reads by 8 KiB whatever the chunks are.
pub(super) fn sse_codec(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut codec = sse_codec::SSECodec::default();
    let mut buffer = BytesMut::new();
    for chunk in input.chunks(chunk) {
        buffer.extend_from_slice(chunk);
        while let Some(event) = codec
            .decode(&mut buffer)
            .expect("sse-codec decodes the workloads")
        {
            if let sse_codec::Event::Message { id, event, data } = event {
                tally.add(&event, &data, id.as_deref().unwrap_or_default());
            }
        }
    }
    Some(tally)
}
