//! The body of a response while its server may drain.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::gate::Link;
use super::server::{Phase, reached};
use super::stall::Watch;
use crate::http::ReplyBody;

/// How much of an event stream is given at a time where it is watched: what the client must have window for before it counts as
/// one that takes something. HTTP/2 sends no more in one frame anyway (RFC 9113, section 6.5.2).
const PIECE: usize = 16 << 10;

/// A body that, if it has no end of its own, ends when the server drains.
pub(super) struct UntilDrained {
    body: ReplyBody,
    drained: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    link: Arc<Link>,
    /// Only over HTTP/2.
    watch: Option<Arc<Watch>>,
    /// What is left of the frames that were read last, where they go in pieces.
    rest: Bytes,
}

impl UntilDrained {
    pub(super) fn new(
        body: ReplyBody,
        mut phases: watch::Receiver<Phase>,
        link: Arc<Link>,
    ) -> Self {
        let wait = move || -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move { reached(&mut phases, Phase::Draining).await })
        };
        let drained = body.is_stream().then(wait);
        let watch = Watch::current().filter(|_| body.is_stream());
        Self {
            body,
            drained,
            link,
            watch,
            rest: Bytes::new(),
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> PolledFrame {
        if let Some(drained) = &mut self.drained
            && drained.as_mut().poll(cx).is_ready()
        {
            self.drained = None;
            self.body.drain();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    /// The next piece; it counts as taken when another is asked for.
    fn poll_piece(&mut self, cx: &mut Context<'_>, watch: &Watch) -> PolledFrame {
        watch.took();
        if self.rest.is_empty() {
            match ready!(self.poll_body(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                // Event streams have no trailers.
                Some(Ok(Err(_))) | None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
        watch.gave();
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

type PolledFrame = Poll<Option<Result<Frame<Bytes>, Infallible>>>;

impl Body for UntilDrained {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        match self.watch.clone() {
            Some(watch) => self.poll_piece(cx, &watch),
            None => self.poll_body(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for UntilDrained {
    fn drop(&mut self) {
        let stalled = self.watch.as_ref().and_then(|watch| watch.end());
        if let Some(end) = stalled.or_else(|| self.link.end()) {
            self.body.end(end);
        }
    }
}
