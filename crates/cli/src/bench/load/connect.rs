//! Connecting subscribers and publishers.

use std::io;
use std::time::{Duration, Instant};

use mio::{Interest, Token};

use super::{Load, PUBLISHERS, Pace};
use crate::bench::payload::Mark;
use crate::bench::publisher::Publisher;
use crate::failure::Failure;

/// How many connections are being made at a time: fewer than any server's backlog.
const CONNECTING: usize = 100;
/// The receive buffer of one that does not read all: small, so that it stalls soon.
const SMALL_BUFFER: usize = 4096;

impl Load {
    pub(super) fn new_publisher(&mut self, index: usize) -> Result<Publisher, Failure> {
        let socket = self.target.connect_publisher().map_err(|error| {
            Failure::Said(format!(
                "cannot connect to publish ({error}): is the server of {} running?",
                self.target.url
            ))
        })?;
        let mut publisher = Publisher::new(mio::net::TcpStream::from_std(socket));
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered =
            self.poll
                .registry()
                .register(publisher.socket(), Token(PUBLISHERS + index), interest);
        registered.map_err(|error| Failure::Said(format!("cannot poll a socket: {error}")))?;
        Ok(publisher)
    }

    /// Begins to connect a subscriber, from where it was.
    pub(in crate::bench) fn connect(&mut self, index: usize) -> Result<(), Failure> {
        let cannot = |error: io::Error| {
            Failure::Said(format!(
                "cannot connect subscriber {index} ({error}): is the server running, and may this process open as many sockets?"
            ))
        };
        let small = (self.paces[index] != Pace::All).then_some(SMALL_BUFFER);
        let socket = self.target.connect(index, small).map_err(cannot)?;
        let mut socket = mio::net::TcpStream::from_std(socket);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut socket, Token(index), interest)
            .map_err(cannot)?;
        let subscriber = &mut self.subscribers[index];
        let request = self.target.subscribe(subscriber.last_event_id());
        subscriber.connect(socket, request);
        Ok(())
    }

    pub(in crate::bench) fn cut(&mut self, index: usize) {
        self.subscribers[index].cut();
    }

    /// Connects all that are not, within `jitter` evenly, and waits until their streams have begun.
    ///
    /// # Errors
    ///
    /// One could not, or was ended; the first of them is told.
    pub(in crate::bench) fn connect_all(
        &mut self,
        jitter: Duration,
        on: &mut impl FnMut(usize, Mark, u64),
    ) -> Result<(), Failure> {
        let away: Vec<usize> = (0..self.len())
            .filter(|index| self.subscribers[*index].is_away())
            .collect();
        let (start, opened_before) = (Instant::now(), self.opened);
        let mut begun = 0;
        self.last_sign = start;
        loop {
            let opened = usize::try_from(self.opened - opened_before).unwrap_or(usize::MAX);
            if opened >= away.len() {
                return Ok(());
            }
            let due = if jitter.is_zero() {
                away.len()
            } else {
                let part = start.elapsed().as_secs_f64() / jitter.as_secs_f64();
                (part * away.len() as f64) as usize
            };
            while begun < due.min(away.len()).min(opened + CONNECTING) {
                self.connect(away[begun])?;
                begun += 1;
            }
            self.turn(Duration::from_millis(10), on)?;
            self.none_ended(|_| true)?;
            self.patiently(|| format!("{opened} of {} streams have begun", away.len()))?;
        }
    }
}
