//! The body of a response while its server may drain.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::gate::Link;
use super::server::{Phase, reached};
use crate::http::ReplyBody;

/// A body that, if it has no end of its own, ends when the server drains.
pub(super) struct UntilDrained {
    body: ReplyBody,
    drained: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    link: Arc<Link>,
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
        Self {
            body,
            drained,
            link,
        }
    }
}

impl Body for UntilDrained {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(drained) = &mut self.drained
            && drained.as_mut().poll(cx).is_ready()
        {
            self.drained = None;
            self.body.drain();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for UntilDrained {
    fn drop(&mut self) {
        if let Some(end) = self.link.end() {
            self.body.end(end);
        }
    }
}
