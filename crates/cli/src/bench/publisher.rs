//! One publisher: a connection that is kept, with any number of publishes unanswered on it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

use super::report::Times;
use super::subscriber::excerpt;
use super::target::Target;
use super::wire::{self, Framing};

/// How much of an answer's body is kept, to be shown where it is a refusal.
const KEPT: usize = 1024;

#[derive(Debug)]
pub(super) struct Publisher {
    socket: TcpStream,
    /// What is to be sent, and how much of it is.
    out: Vec<u8>,
    sent: usize,
    /// When each publish that has no answer yet was to go out.
    unanswered: VecDeque<Instant>,
    /// What was read and is no whole head yet.
    held: Vec<u8>,
    answer: Option<Answer>,
    /// The server said, or did it: the next publish needs another connection.
    pub(super) is_closed: bool,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    framing: Framing,
    body: Vec<u8>,
}

impl Publisher {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            out: Vec::new(),
            sent: 0,
            unanswered: VecDeque::new(),
            held: Vec::new(),
            answer: None,
            is_closed: false,
        }
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    pub(super) fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Adds a publish, which goes out at the next [`ready`](Self::ready). Its time is counted from `since`.
    pub(super) fn push(&mut self, target: &Target, data: &str, since: Instant) {
        target.publish(data, &mut self.out);
        self.unanswered.push_back(since);
    }

    /// Sends and reads what it can; `times` gets the time of each acknowledgement. How many there were.
    ///
    /// # Errors
    ///
    /// A publish was refused, or the connection ended with some unanswered.
    pub(super) fn ready(&mut self, buffer: &mut [u8], times: &mut Times) -> Result<u64, String> {
        self.send().map_err(|error| self.lost(&error.to_string()))?;
        let mut answered = 0;
        loop {
            match self.socket.read(buffer) {
                Ok(0) => {
                    self.is_closed = true;
                    // An answer without a length ends here.
                    answered += self.end_of_answer(times)?;
                    break;
                }
                Ok(count) => answered += self.take(&buffer[..count], times)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.lost(&error.to_string())),
            }
        }
        if self.is_closed && !self.unanswered.is_empty() {
            return Err(self.lost("the server closed the connection"));
        }
        Ok(answered)
    }

    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(())
    }

    fn lost(&self, why: &str) -> String {
        format!(
            "the connection to publish was lost with {} publishes unanswered: {why}",
            self.unanswered.len()
        )
    }

    fn take(&mut self, bytes: &[u8], times: &mut Times) -> Result<u64, String> {
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        let mut answered = 0;
        loop {
            if self.answer.is_none() {
                let Some((head, length)) = wire::head(rest)
                    .map_err(|why| format!("to a publish, the server answered {why}"))?
                else {
                    break;
                };
                rest = &rest[length..];
                self.is_closed |= head.closes;
                // 100 Continue and its like.
                if head.status < 200 {
                    continue;
                }
                self.answer = Some(Answer {
                    status: head.status,
                    framing: head.framing,
                    body: Vec::new(),
                });
            }
            let Some(answer) = &mut self.answer else {
                break;
            };
            while let Some(piece) = answer.framing.next(&mut rest)? {
                let room = KEPT - answer.body.len();
                answer
                    .body
                    .extend_from_slice(&piece[..piece.len().min(room)]);
            }
            if !answer.framing.is_done() {
                break;
            }
            answered += self.end_of_answer(times)?;
        }
        self.held.extend_from_slice(rest);
        Ok(answered)
    }

    fn end_of_answer(&mut self, times: &mut Times) -> Result<u64, String> {
        let Some(answer) = self.answer.take() else {
            return Ok(0);
        };
        if !(200..300).contains(&answer.status) {
            return Err(format!(
                "a publish was answered {}{}",
                answer.status,
                excerpt(&answer.body)
            ));
        }
        let since = self
            .unanswered
            .pop_front()
            .ok_or("the server answered more than it was asked")?;
        times.add(since.elapsed());
        Ok(1)
    }
}
