//! What stands between a socket and hyper: it hands over the heads of requests one at a time, so that at the moment of an
//! answer nothing that the client has sent lies in a buffer of hyper's, and the socket can be taken out.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::stats::End;

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

/// What the service and the driver of a connection see of its gate.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Nothing is handed on until the request that is being answered is decided about.
    shut: AtomicBool,
    /// Bytes that are a body, and so not looked at.
    body: AtomicU64,
    /// How much is a body cannot be told from outside: from now on, anything may be beyond the gate.
    opaque: AtomicBool,
    /// The client has sent more than the head that is being answered.
    unread: AtomicBool,
    /// hyper may have bytes to write.
    unflushed: AtomicBool,
    /// Why the connection has ended, where the socket says it.
    end: OnceLock<End>,
    reader: Mutex<Option<Waker>>,
}

impl Link {
    /// Holds back what comes after the head that was handed on last.
    pub(super) fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
    }

    pub(super) fn open(&self) {
        self.shut.store(false, Ordering::Relaxed);
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.take() {
            reader.wake();
        }
    }

    fn wait(&self, cx: &Context<'_>) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        *reader = Some(cx.waker().clone());
    }

    /// The next `length` bytes are a body.
    pub(super) fn body(&self, length: u64) {
        self.body.store(length, Ordering::Relaxed);
    }

    /// What comes next cannot be told apart.
    pub(super) fn opaque(&self) {
        self.opaque.store(true, Ordering::Relaxed);
    }

    /// Whether nothing that the client sent before now is beyond the gate or in it.
    pub(super) fn is_read_up(&self) -> bool {
        !self.opaque.load(Ordering::Relaxed) && !self.unread.load(Ordering::Relaxed)
    }

    /// Whether the client may be in the middle of what it sends: a body was not read to its end, or its end cannot be told.
    pub(super) fn more_to_come(&self) -> bool {
        !self.is_read_up() || self.body.load(Ordering::Relaxed) > 0
    }

    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed.load(Ordering::Relaxed)
    }

    /// Why the connection has ended, if not because the client has gone.
    pub(super) fn end(&self) -> Option<End> {
        self.end.get().copied()
    }

    /// Notes what an error says. There is none where the client has gone: that is no error, or a reset.
    fn note(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::TimedOut {
            self.end.get_or_init(|| End::Vanished);
        }
    }
}

/// Finds blank lines, which end a head (RFC 9112, section 2.1; hyper takes a bare LF for a line end too).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Within,
    /// At its beginning.
    Begins,
    /// At its beginning, after a CR.
    Returned,
}

impl Line {
    /// How many bytes there are to the end of the first blank line, or all.
    fn cut(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match (*self, bytes[at]) {
                (Self::Begins | Self::Returned, b'\n') => {
                    *self = Self::Begins;
                    return at + 1;
                }
                (Self::Begins, b'\r') => *self = Self::Returned,
                (_, b'\n') => *self = Self::Begins,
                _ => {
                    *self = Self::Within;
                    match memchr(b'\n', &bytes[at..]) {
                        Some(end) => {
                            *self = Self::Begins;
                            at += end;
                        }
                        None => return bytes.len(),
                    }
                }
            }
            at += 1;
        }
        at
    }
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
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[test]
    fn a_blank_line_ends_a_head() {
        let cut = |bytes: &[u8]| Line::default().cut(bytes);
        assert_eq!(cut(b"GET / HTTP/1.1\r\n\r\nGET"), 18);
        assert_eq!(cut(b"GET / HTTP/1.1\n\nGET"), 16);
        assert_eq!(cut(b"GET / HTTP/1.1\n\r\nGET"), 17);
        assert_eq!(cut(b"GET / HTTP/1.1\r\na: b\r\n"), 22);
        assert_eq!(cut(b"a\r\rb\n\n"), 6);
        assert_eq!(cut(b"\r\n\r\n"), 4);
        assert_eq!(cut(b""), 0);
    }

    #[test]
    fn a_blank_line_is_found_over_any_edge() {
        let head = b"GET / HTTP/1.1\r\na: b\r\n\r\n";
        for edge in 0..head.len() {
            let mut line = Line::default();
            assert_eq!(line.cut(&head[..edge]), edge);
            assert_eq!(
                line.cut(&[&head[edge..], b"GET"].concat()),
                head.len() - edge
            );
        }
    }

    async fn next<S: AsyncRead + AsyncWrite + Unpin>(gate: &mut Gate<S>) -> String {
        let mut bytes = [0; 1024];
        let count = gate.read(&mut bytes).await.unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn heads_come_one_at_a_time_and_bodies_whole() {
        let (mut client, server) = duplex(1024);
        let mut gate = Gate::new(server, PATIENCE);
        let link = gate.link();
        client.write_all(b"A\n\nB\n\nx\n\nyC\n\n").await.unwrap();
        assert_eq!(next(&mut gate).await, "A\n\n");
        assert!(!link.is_read_up());
        assert_eq!(next(&mut gate).await, "B\n\n");
        link.body(4);
        assert_eq!(next(&mut gate).await, "x\n\ny");
        assert_eq!(next(&mut gate).await, "C\n\n");
        assert!(link.is_read_up());
    }

    #[tokio::test(start_paused = true)]
    async fn a_shut_gate_holds_back_all_but_the_end() {
        let (mut client, server) = duplex(1024);
        let mut gate = Gate::new(server, PATIENCE);
        let link = gate.link();
        link.shut();
        client.write_all(b"A").await.unwrap();
        let held = tokio::time::timeout(PATIENCE, next(&mut gate)).await;
        assert!(held.is_err() && !link.is_read_up());
        link.open();
        assert_eq!(next(&mut gate).await, "A");
        link.shut();
        drop(client);
        assert_eq!(next(&mut gate).await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (client, server) = duplex(4);
        let mut gate = Gate::new(server, PATIENCE);
        let link = gate.link();
        let error = gate.write_all(b"12345").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(link.end(), Some(End::Stalled));
        drop(client);
    }

    #[tokio::test]
    async fn the_preface_of_http2_is_told_apart_and_stays() {
        for (sent, http2) in [
            (PREFACE, true),
            (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", false),
            (b"POST / HTTP/1.1\r\n", false),
            (b"PRI", false),
            (b"", false),
        ] {
            let (mut client, server) = duplex(1024);
            let mut gate = Gate::new(server, PATIENCE);
            client.write_all(sent).await.unwrap();
            drop(client);
            assert_eq!(gate.speaks_http2().await.unwrap(), http2, "{sent:?}");
            let mut all = Vec::new();
            gate.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, sent);
        }
    }
}
