//! An event stream on its way from hyper, which has read the request, to a shard, which writes the answer.

use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, Version, header};
use tokio::sync::oneshot;

use super::accept::Counted;
use super::shard::Seat;
use crate::http::Reply;
use crate::subscription::Subscription;

/// How the frames of a stream are told apart on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Framing {
    /// As chunks, of HTTP/1.1.
    Chunked,
    /// As they are: HTTP/1.0 ends with the connection.
    Plain,
}

/// A stream that a shard can have, if its socket is free.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) reply: Reply,
    pub(super) version: Version,
    pub(super) seat: Seat,
}

/// All that a shard needs to write a stream.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) socket: TcpStream,
    pub(super) head: Vec<u8>,
    pub(super) framing: Framing,
    pub(super) stream: Subscription,
    pub(super) counted: Counted,
}

impl Offer {
    /// Gives the stream to the shard, with the socket that it came on.
    pub(super) fn give(self, socket: TcpStream, counted: Counted) {
        let framing = match self.version {
            Version::HTTP_11 => Framing::Chunked,
            _ => Framing::Plain,
        };
        let head = head(&self.reply.headers, framing);
        // Only streams are offered.
        if let Some(stream) = self.reply.body.into_stream() {
            self.seat.take(Taken {
                socket,
                head,
                framing,
                stream,
                counted,
            });
        }
    }
}

/// The head as hyper would write it.
fn head(headers: &HeaderMap, framing: Framing) -> Vec<u8> {
    let version = match framing {
        Framing::Chunked => "HTTP/1.1",
        Framing::Plain => "HTTP/1.0",
    };
    let mut head = format!("{version} 200 OK\r\n").into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    for (name, value) in headers {
        line(name.as_str(), value.as_bytes());
    }
    if framing == Framing::Chunked {
        line("transfer-encoding", b"chunked");
    }
    let date = httpdate::fmt_http_date(SystemTime::now());
    line("date", date.as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

/// A stream has no length, so that its connection ends with it.
pub(super) fn close_after(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// Where the service of a connection leaves an offer for the one who drives it.
#[derive(Debug, Default)]
pub(super) struct Offers(Mutex<Option<(Offer, oneshot::Sender<Reply>)>>);

impl Offers {
    /// Offers a stream. The reply comes back where it is declined, and never where it is taken.
    pub(super) async fn offer(&self, offer: Offer) -> Reply {
        let (decline, declined) = oneshot::channel();
        *self.lock() = Some((offer, decline));
        match declined.await {
            Ok(reply) => reply,
            // The socket is gone from here, and this future with it.
            Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.lock().is_some()
    }

    pub(super) fn take(&self) -> Option<Offer> {
        self.lock().take().map(|(offer, _)| offer)
    }

    pub(super) fn decline(&self) {
        if let Some((offer, decline)) = self.lock().take() {
            // Nobody is there for it where the request is gone.
            let _ = decline.send(offer.reply);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Offer, oneshot::Sender<Reply>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
