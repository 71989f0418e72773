//! One subscriber: a socket, and what it has of the stream.

use std::io::{self, Read, Write};
use std::mem;

use eventwire_codec::Decoder;
use mio::net::TcpStream;

use super::payload::{Mark, Payload};
use super::wire::{self, Framing};

/// The most that an event of a server under test may hold.
const MAX_EVENT: usize = 4 << 20;

/// What bytes are read into, and put together in: the same for all subscribers.
#[derive(Debug)]
pub(super) struct Buffers {
    pub(super) read: Vec<u8>,
    body: Vec<u8>,
}

impl Buffers {
    pub(super) fn new(size: usize) -> Self {
        Self {
            read: vec![0; size],
            body: Vec::with_capacity(size),
        }
    }
}

/// A subscriber, connected or not.
#[derive(Debug)]
pub(super) struct Subscriber {
    state: State,
    decoder: Decoder,
    /// The number of this run's last event that it has; 0 before the first.
    pub(super) last: u64,
    /// The next event may have any number: it has had none, or was told that some are gone.
    is_new: bool,
    /// Of its own, as in [`Seen`].
    pub(super) missed: u64,
    pub(super) repeated: u64,
    pub(super) resets: u64,
}

#[derive(Debug)]
enum State {
    Away,
    /// The request that it sends once it is connected.
    Connecting(TcpStream, Vec<u8>),
    /// What it has of the head.
    Asking(TcpStream, Vec<u8>),
    Open(TcpStream, Framing),
}

/// What all subscribers of a run have seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Events of this run, each counted for each subscriber that got it.
    pub(super) deliveries: u64,
    /// Events that should have come before another that came.
    pub(super) missed: u64,
    /// Events that had come already.
    pub(super) repeated: u64,
    /// Times that a server said that some events are gone.
    pub(super) resets: u64,
}

/// What a readiness has brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// The stream has begun.
    Opened,
    /// The connection is over, and why.
    Ended(String),
}

impl Subscriber {
    pub(super) fn new() -> Self {
        Self {
            state: State::Away,
            decoder: Decoder::builder()
                .max_line(MAX_EVENT)
                .max_event(MAX_EVENT)
                .build(),
            last: 0,
            is_new: true,
            missed: 0,
            repeated: 0,
            resets: 0,
        }
    }

    pub(super) fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(..))
    }

    pub(super) fn is_away(&self) -> bool {
        matches!(self.state, State::Away)
    }

    /// Has `socket`, which is connecting, send `request`; an unfinished event of an earlier connection is forgotten.
    pub(super) fn connect(&mut self, socket: TcpStream, request: Vec<u8>) {
        self.decoder.reset();
        self.state = State::Connecting(socket, request);
    }

    /// Drops the connection; what it has stays.
    pub(super) fn cut(&mut self) {
        self.state = State::Away;
    }

    /// Goes on after a readiness: connects, asks, and reads at most `limit` bytes if there is a limit, else all that is there.
    /// `on` gets each of this run's events.
    pub(super) fn ready(
        &mut self,
        buffers: &mut Buffers,
        limit: Option<usize>,
        payload: &Payload,
        seen: &mut Seen,
        on: &mut impl FnMut(Mark, u64),
    ) -> Change {
        match self.advance(buffers, limit, payload, seen, on) {
            Ok(true) => Change::Opened,
            Ok(false) => Change::Nothing,
            Err(why) => {
                self.cut();
                Change::Ended(why)
            }
        }
    }

    /// Whether the stream has begun just now.
    fn advance(
        &mut self,
        buffers: &mut Buffers,
        limit: Option<usize>,
        payload: &Payload,
        seen: &mut Seen,
        on: &mut impl FnMut(Mark, u64),
    ) -> Result<bool, String> {
        if let State::Connecting(socket, _) = &self.state {
            if let Some(error) = socket.take_error().map_err(|error| error.to_string())? {
                return Err(format!("cannot connect: {error}"));
            }
            match socket.peer_addr() {
                Ok(_) => self.ask()?,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(false),
                Err(error) => return Err(format!("cannot connect: {error}")),
            }
        }
        let mut opened = false;
        let mut left = limit.unwrap_or(usize::MAX);
        while left > 0 {
            let (State::Asking(socket, _) | State::Open(socket, _)) = &mut self.state else {
                break;
            };
            let Buffers { read, body } = &mut *buffers;
            let room = read.len().min(left);
            let count = match socket.read(&mut read[..room]) {
                Ok(0) => return Err(self.ended("the server closed the connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.ended(&error.to_string())),
            };
            left -= count;
            opened |= self.take(&read[..count], body, payload, seen, on)?;
            // Less than there was room for: there is no more, and the next byte is a readiness of its own.
            if cfg!(target_os = "linux") && count < room {
                break;
            }
        }
        Ok(opened)
    }

    fn ended(&self, why: &str) -> String {
        match self.state {
            State::Open(..) => why.to_owned(),
            _ => format!("{why} before it had answered"),
        }
    }

    fn ask(&mut self) -> Result<(), String> {
        let State::Connecting(mut socket, request) = mem::replace(&mut self.state, State::Away)
        else {
            return Ok(());
        };
        // A new connection has room for far more than a request.
        socket
            .write_all(&request)
            .map_err(|error| format!("cannot send the request: {error}"))?;
        self.state = State::Asking(socket, Vec::new());
        Ok(())
    }

    fn take(
        &mut self,
        bytes: &[u8],
        body: &mut Vec<u8>,
        payload: &Payload,
        seen: &mut Seen,
        on: &mut impl FnMut(Mark, u64),
    ) -> Result<bool, String> {
        if self.is_open() {
            return self.events(bytes, body, payload, seen, on).map(|()| false);
        }
        let State::Asking(_, held) = &mut self.state else {
            return Ok(false);
        };
        held.extend_from_slice(bytes);
        let Some((head, length)) =
            wire::head(held).map_err(|why| format!("the server sent {why}"))?
        else {
            return Ok(false);
        };
        let rest = held.split_off(length);
        if head.status != 200 || !head.is_event_stream {
            return Err(format!(
                "the server answered {}{}{}",
                head.status,
                if head.is_event_stream {
                    ""
                } else {
                    ", which is no event stream"
                },
                excerpt(&rest)
            ));
        }
        let State::Asking(socket, _) = mem::replace(&mut self.state, State::Away) else {
            return Ok(false);
        };
        self.state = State::Open(socket, head.framing);
        self.events(&rest, body, payload, seen, on).map(|()| true)
    }

    fn events(
        &mut self,
        mut bytes: &[u8],
        body: &mut Vec<u8>,
        payload: &Payload,
        seen: &mut Seen,
        on: &mut impl FnMut(Mark, u64),
    ) -> Result<(), String> {
        let State::Open(_, framing) = &mut self.state else {
            return Ok(());
        };
        if let Some(first) = framing.next(&mut bytes)? {
            let mut items = self.decoder.feed(whole(first, framing, &mut bytes, body)?);
            while let Some(event) = items.next_event().map_err(|error| error.to_string())? {
                if event.event() == "eventwire.reset" {
                    seen.resets += 1;
                    self.resets += 1;
                    self.is_new = true;
                    continue;
                }
                let Some(mark) = payload.mark(event.data()) else {
                    continue;
                };
                let before = self.last;
                if mark.number <= before {
                    seen.repeated += 1;
                    self.repeated += 1;
                    continue;
                }
                if !self.is_new {
                    seen.missed += mark.number - before - 1;
                    self.missed += mark.number - before - 1;
                }
                (self.last, self.is_new) = (mark.number, false);
                seen.deliveries += 1;
                on(mark, before);
            }
        }
        if framing.is_done() {
            return Err("the server ended the stream".to_owned());
        }
        Ok(())
    }
}

/// All that was read of a body. In a burst most servers give each event a chunk of its own, and to decode them one by one costs more
/// than to put them together first.
fn whole<'a, 'b: 'a>(
    first: &'b [u8],
    framing: &mut Framing,
    bytes: &mut &'b [u8],
    body: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    let Some(second) = framing.next(bytes)? else {
        return Ok(first);
    };
    body.clear();
    body.extend_from_slice(first);
    body.extend_from_slice(second);
    while let Some(piece) = framing.next(bytes)? {
        body.extend_from_slice(piece);
    }
    Ok(body)
}

/// The beginning of a body, for people.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    match text.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}
