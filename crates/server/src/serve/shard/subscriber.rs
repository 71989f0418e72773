//! A socket that a shard writes to, and how far its reader is.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use mio::net::TcpStream;
use smallvec::SmallVec;

use super::super::accept::Counted;
use super::super::handover::Framing;
use super::pages::{PAGE, Reached, framed};
use super::wheel::{NEVER, Tick};
use crate::filter::Filter;
use crate::frame::Frame;
use crate::state::Content;
use crate::stats::End;

/// The end of a stream in chunks (RFC 9112, section 7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
/// How many frames that a stream begins with are sent in one call at most: a newcomer may get thousands of retained ones.
const TOGETHER: usize = 64;

/// Ten thousand of them are idle most of the time: what only a busy one needs is elsewhere.
pub(super) struct Subscriber {
    pub(super) socket: TcpStream,
    pub(super) filter: Arc<Filter>,
    /// The offset up to which it has all.
    pub(super) cursor: u64,
    /// What a send has left over.
    rest: Option<Box<Rest>>,
    pub(super) expires: Tick,
    /// When something was sent to it last: the heartbeat counts from here.
    pub(super) quiet_since: Tick,
    /// Since when it takes nothing of what is there for it; [`NEVER`] while it takes all.
    pub(super) stalled_since: Tick,
    /// When the wheel brings it up next.
    pub(super) look: Tick,
    pub(super) framing: Framing,
    pub(super) heartbeat: bool,
    /// It stands in line to be visited.
    pub(super) queued: bool,
    /// It has all that is its own: the next that is told is what follows.
    pub(super) caught_up: bool,
    /// Its socket takes nothing; it will say when it does.
    pub(super) blocked: bool,
    /// The shard has it in its list of those who are blocked.
    pub(super) listed: bool,
    /// A heartbeat is due.
    pub(super) beat: bool,
    /// Why it ends, once it has what is left over.
    pub(super) ending: Option<End>,
    /// One of the server's open connections.
    _counted: Counted,
}

struct Rest {
    bytes: Bytes,
    /// What is reached once the bytes are out.
    then: Option<Reached>,
    /// What is sent after that, before the log is read.
    frames: VecDeque<Frame>,
}

/// What became of a send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    /// The socket took this many bytes and will say when it takes more.
    Part(usize),
}

impl Subscriber {
    #[expect(clippy::too_many_arguments, reason = "each of them is a field")]
    pub(super) fn new(
        socket: TcpStream,
        filter: Arc<Filter>,
        cursor: u64,
        framing: Framing,
        heartbeat: bool,
        expires: Tick,
        now: Tick,
        counted: Counted,
    ) -> Self {
        Self {
            socket,
            filter,
            cursor,
            rest: None,
            expires,
            quiet_since: now,
            stalled_since: NEVER,
            look: now,
            framing,
            heartbeat,
            queued: false,
            caught_up: false,
            blocked: false,
            listed: false,
            beat: false,
            ending: None,
            _counted: counted,
        }
    }

    /// What it is sent first: its head, and the frames that a stream begins with.
    pub(super) fn begin(&mut self, head: Vec<u8>, mut frames: VecDeque<Frame>) {
        let mut bytes = head;
        // One packet for the head and the mark.
        if let Some(first) = frames.pop_front() {
            bytes.extend_from_slice(&framed(&first, self.framing));
        }
        self.rest = Some(Box::new(Rest {
            bytes: bytes.into(),
            then: None,
            frames,
        }));
    }

    /// Keeps what a send has left over.
    pub(super) fn keep(&mut self, bytes: Bytes, then: Option<Reached>) {
        self.rest = Some(Box::new(Rest {
            bytes,
            then,
            frames: VecDeque::new(),
        }));
    }

    pub(super) fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

    /// Whether it is to be put into the line, now that the record at `offset` is there for it.
    pub(super) fn is_told(&mut self, offset: u64) -> bool {
        if self.caught_up {
            // All before is no concern of its own, however far the log has gone.
            self.cursor = self.cursor.max(offset - 1);
            self.caught_up = false;
        }
        // One that is blocked reads on when it takes something again.
        let waits = !self.queued && !self.blocked;
        self.queued |= waits;
        waits
    }

    /// Everything that was sent, it took.
    pub(super) fn took(&mut self, now: Tick) {
        self.quiet_since = now;
        self.stalled_since = NEVER;
    }

    /// The offset up to which it has all once what is left over is out.
    pub(super) fn position(&self) -> u64 {
        let then = self.rest.as_ref().and_then(|rest| rest.then);
        then.map_or(self.cursor, |reached| reached.cursor)
    }

    /// When its time to take something has run out.
    pub(super) fn stalled_until(&self, timeout: Tick) -> Tick {
        self.stalled_since.saturating_add(timeout)
    }

    /// When it wants a heartbeat.
    pub(super) fn quiet_until(&self, heartbeat: Tick) -> Tick {
        if self.heartbeat && !self.blocked {
            self.quiet_since.saturating_add(heartbeat)
        } else {
            NEVER
        }
    }

    /// Sends what was left over; the events that are out by that, and whether all is.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub(super) fn send_rest(&mut self) -> io::Result<(Content, Sent)> {
        let mut out = Content::default();
        let mut total = 0;
        while let Some(rest) = &mut self.rest {
            let (mut taken, all) = send_together(&mut self.socket, rest, self.framing)?;
            total += taken;
            while taken >= rest.bytes.len() {
                taken -= rest.bytes.len();
                if let Some(reached) = rest.then.take() {
                    self.cursor = reached.cursor;
                    out += reached.content;
                }
                let Some(frame) = rest.frames.pop_front() else {
                    self.rest = None;
                    return Ok((out, Sent::All));
                };
                rest.bytes = framed(&frame, self.framing);
            }
            rest.bytes.advance(taken);
            if !all {
                return Ok((out, Sent::Part(total)));
            }
        }
        Ok((out, Sent::All))
    }

    /// Sends; an empty buffer is sent at once.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        send(&mut self.socket, bytes)
    }

    /// Whether the client is still there and silent. What it sends ends the stream: there is nobody to answer it.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub(super) fn is_listening(&mut self) -> io::Result<bool> {
        match self.socket.read(&mut [0; 64]) {
            Err(error) if is_later(&error) => Ok(true),
            read => read.map(|_| false),
        }
    }

    /// Lets it end as a stream that is whole, if it is between two frames: once that is out, it is over.
    pub(super) fn say_goodbye(&mut self, end: End) {
        self.ending = Some(end);
        if self.framing == Framing::Chunked && self.rest.is_none() {
            self.keep(Bytes::from_static(LAST_CHUNK), None);
        }
    }
}

/// Sends several frames of a rest in one call, without a copy. How many bytes were taken, and whether that is all that was offered.
fn send_together(
    socket: &mut impl Write,
    rest: &Rest,
    framing: Framing,
) -> io::Result<(usize, bool)> {
    let frames = rest.frames.iter().map(|frame| match framing {
        Framing::Chunked => &frame.chunk()[..],
        Framing::Plain => frame.as_bytes(),
    });
    let mut offered = 0;
    let mut parts: SmallVec<[IoSlice<'_>; TOGETHER]> = SmallVec::new();
    for part in std::iter::once(&rest.bytes[..]).chain(frames) {
        if parts.len() == TOGETHER || offered >= PAGE {
            break;
        }
        offered += part.len();
        parts.push(IoSlice::new(part));
    }
    if offered == 0 {
        return Ok((0, true));
    }
    match socket.write_vectored(&parts) {
        Ok(taken) => Ok((taken, taken == offered)),
        Err(error) if is_later(&error) => Ok((0, false)),
        Err(error) => Err(error),
    }
}

fn send(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<Sent> {
    if bytes.is_empty() {
        return Ok(Sent::All);
    }
    match socket.write(bytes) {
        Ok(count) if count == bytes.len() => Ok(Sent::All),
        // A socket that takes less than it is given is full, and says when it is not (epoll(7), edge-triggered).
        Ok(count) => Ok(Sent::Part(count)),
        Err(error) if is_later(&error) => Ok(Sent::Part(0)),
        Err(error) => Err(error),
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes up to so many bytes in a call.
    struct Taking {
        most: usize,
        calls: usize,
        got: Vec<u8>,
    }

    impl Write for Taking {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            self.calls += 1;
            let before = self.got.len();
            for part in parts {
                let room = self.most - (self.got.len() - before);
                self.got.extend_from_slice(&part[..part.len().min(room)]);
            }
            Ok(self.got.len() - before)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_stream_begins_with_is_sent_many_frames_at_a_time() {
        for (framing, frame) in [
            (Framing::Chunked, "9\r\ndata: x\n\n\r\n"),
            (Framing::Plain, "data: x\n\n"),
        ] {
            let rest = Rest {
                bytes: Bytes::from_static(b"head"),
                then: None,
                frames: vec![Frame::new(b"data: x\n\n"); 1000].into(),
            };
            let mut all = Taking {
                most: usize::MAX,
                calls: 0,
                got: Vec::new(),
            };
            let sent = send_together(&mut all, &rest, framing).unwrap();
            let expected = ["head", &frame.repeat(TOGETHER - 1)].concat();
            assert_eq!((sent, all.calls), ((expected.len(), true), 1));
            assert_eq!(all.got, expected.as_bytes());
            let mut some = Taking {
                most: 7,
                calls: 0,
                got: Vec::new(),
            };
            let sent = send_together(&mut some, &rest, framing).unwrap();
            assert_eq!((sent, some.calls), ((7, false), 1));
        }
        let large = Rest {
            bytes: Bytes::from(vec![b'x'; PAGE]),
            then: None,
            frames: vec![Frame::new(b"data: x\n\n")].into(),
        };
        let mut all = Taking {
            most: usize::MAX,
            calls: 0,
            got: Vec::new(),
        };
        let sent = send_together(&mut all, &large, Framing::Plain).unwrap();
        assert_eq!(sent, (PAGE, true));
    }
}
