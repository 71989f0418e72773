//! What stands between a socket and hyper: it hands over the heads of requests one at a time, so that at the moment of an
//! answer nothing that the client has sent lies in a buffer of hyper's, and the socket can be taken out.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::stats::End;

mod line;
mod link;

use self::line::Line;
pub(super) use self::link::Link;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much is read from the socket at a time.
const READ: usize = 8 << 10;

/// A socket, read so that no more than one head is beyond the gate at a time, and written with a deadline.
pub(super) struct Gate<S> {
    socket: S,
    /// Read, and not yet handed on.
    held: BytesMut,
    line: Line,
    ended: bool,
    link: Arc<Link>,
    write_timeout: Duration,
    /// Runs while the socket takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    pub(super) fn new(socket: S, write_timeout: Duration) -> Self {
        Self {
            socket,
            held: BytesMut::new(),
            line: Line::default(),
            ended: false,
            link: Arc::default(),
            write_timeout,
            stalled: None,
        }
    }

    pub(super) fn link(&self) -> Arc<Link> {
        self.link.clone()
    }

    /// Whether the client speaks HTTP/2 without having asked (by prior knowledge). Takes nothing away.
    pub(super) async fn speaks_http2(&mut self) -> io::Result<bool> {
        while self.held.len() < PREFACE.len() && PREFACE.starts_with(&self.held) {
            poll_fn(|cx| self.poll_fill(cx)).await?;
            if self.ended {
                break;
            }
        }
        let http2 = self.held.starts_with(PREFACE);
        if http2 {
            self.link.opaque();
        }
        Ok(http2)
    }

    /// The socket, when nothing is in the gate.
    pub(super) fn into_socket(self) -> S {
        self.socket
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Not into what is held: while nothing comes, a connection should hold no buffer.
        let mut space = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut read))
            .inspect_err(|error| self.link.note(error))?;
        self.ended = read.filled().is_empty();
        self.held.extend_from_slice(read.filled());
        self.note_unread();
        Poll::Ready(Ok(()))
    }

    fn hand_on(&mut self, buf: &mut ReadBuf<'_>) {
        let link = &self.link;
        let most = self.held.len().min(buf.remaining());
        let body = link.body.load(Ordering::Relaxed);
        let length = if link.opaque.load(Ordering::Relaxed) {
            most
        } else if body > 0 {
            let length = usize::try_from(body).map_or(most, |body| body.min(most));
            link.body.store(body - length as u64, Ordering::Relaxed);
            length
        } else {
            self.line.cut(&self.held[..most])
        };
        buf.put_slice(&self.held[..length]);
        self.held.advance(length);
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
        self.note_unread();
    }

    fn note_unread(&self) {
        let unread = !self.held.is_empty();
        self.link.unread.store(unread, Ordering::Relaxed);
    }

    /// What a write gave; an error where the socket has taken nothing for too long.
    fn in_time(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.link.unflushed.store(true, Ordering::Relaxed);
        if let Poll::Ready(written) = &written {
            self.stalled = None;
            written
                .as_ref()
                .err()
                .inspect(|error| self.link.note(error));
        }
        if written.is_ready() {
            return written;
        }
        let timeout = self.write_timeout;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(stalled.as_mut().poll(cx));
        self.link.end.get_or_init(|| End::Stalled);
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client took nothing for the write timeout",
        )))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gate<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let shut = self.link.shut.load(Ordering::Relaxed);
        if shut {
            self.link.wait(cx);
        }
        if self.held.is_empty() && !self.ended {
            ready!(self.poll_fill(cx))?;
        }
        if self.held.is_empty() {
            // The end, also while an answer is being found: nobody waits for it any more.
            return Poll::Ready(Ok(()));
        }
        if shut {
            return Poll::Pending;
        }
        self.hand_on(buf);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes the socket only when it has nothing more to write.
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.link.unflushed.store(false, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
