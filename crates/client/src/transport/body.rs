//! The body of an answer, decompressed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use tokio::task::coop;

use super::encoding::{Decoding, WrongBody};

/// The body of an answer, without its encodings.
pub(crate) struct Body(Content);

enum Content {
    Plain(reqwest::Body),
    Encoded(reqwest::Body, Box<Decoding>),
    /// Nothing more comes.
    Over,
}

/// Why a body broke off.
#[derive(Debug)]
pub(crate) enum BrokenBody {
    Lost(reqwest::Error),
    Wrong(WrongBody),
}

impl Body {
    /// An answer's body. Of `headers` it takes away what is no longer so. One that cannot be decoded is none at all, and comes
    /// with the reason.
    pub(crate) fn new(body: reqwest::Body, headers: &mut HeaderMap) -> (Body, Option<String>) {
        match Decoding::of(headers) {
            Ok(None) => (Body(Content::Plain(body)), None),
            Ok(Some(decoding)) => (Body(Content::Encoded(body, Box::new(decoding))), None),
            Err(reason) => (Body(Content::Over), Some(reason)),
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BrokenBody>>> {
        let polled = match &mut self.0 {
            Content::Plain(body) => poll_data(body, cx).map_err(BrokenBody::Lost),
            Content::Encoded(body, decoding) => poll_decoded(body, decoding, cx),
            Content::Over => return Poll::Ready(None),
        };
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.0 = Content::Over;
        }
        polled
    }
}

fn poll_data(
    body: &mut reqwest::Body,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, reqwest::Error>>> {
    loop {
        let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)?) else {
            return Poll::Ready(None);
        };
        // Trailers have nothing for us.
        if let Ok(data) = frame.into_data() {
            return Poll::Ready(Some(Ok(data)));
        }
    }
}

fn poll_decoded(
    body: &mut reqwest::Body,
    decoding: &mut Decoding,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, BrokenBody>>> {
    loop {
        // What a chunk decompresses to is as good as endless, and nothing here waits for a socket meanwhile.
        let turn = ready!(coop::poll_proceed(cx));
        match decoding.next() {
            Ok(Some(piece)) => {
                turn.made_progress();
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(piece)));
                }
                continue;
            }
            Ok(None) => drop(turn),
            Err(wrong) => return Poll::Ready(Some(Err(BrokenBody::Wrong(wrong)))),
        }
        // Only now: an error would come in place of what is still to be decoded.
        match ready!(poll_data(body, cx)) {
            Some(Ok(chunk)) => decoding.feed(chunk),
            Some(Err(error)) => return Poll::Ready(Some(Err(BrokenBody::Lost(error)))),
            None => {
                let end = decoding.finish().err().map(BrokenBody::Wrong);
                return Poll::Ready(end.map(Err));
            }
        }
    }
}
