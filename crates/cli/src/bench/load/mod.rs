//! The load: many subscribers and some publishers, all of them polled by one thread.

mod connect;
mod wait;

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use super::args::Common;
use super::payload::{Mark, Payload};
use super::publisher::Publisher;
use super::report::Times;
use super::stop::Stop;
use super::subscriber::{Buffers, Change, Seen, Subscriber};
use super::target::Target;
use crate::failure::Failure;

/// How long a poll lasts at most, so that a stop is noticed.
const TURN: Duration = Duration::from_millis(100);
/// Read at a time; a burst comes in pieces of about this size.
const BUFFER: usize = 256 << 10;
/// Tokens from here on are publishers.
const PUBLISHERS: usize = usize::MAX / 2;

/// How a subscriber reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    All,
    /// Only when [`Load::sip`] has it read.
    Slow,
    Never,
}

/// Sockets of subscribers and publishers, and what came through them.
pub(super) struct Load {
    poll: Poll,
    events: Events,
    buffers: Buffers,
    target: Target,
    payload: Payload,
    subscribers: Vec<Subscriber>,
    paces: Vec<Pace>,
    publishers: Vec<Publisher>,
    stop: Stop,
    patience: Duration,
    last_sign: Instant,
    /// The number of the last event that was published.
    pub(super) published: u64,
    pub(super) seen: Seen,
    /// How long the acknowledgement of each publish took.
    pub(super) acknowledged: Times,
    /// Whose connection ended since this was emptied, and why.
    pub(super) ended: Vec<(usize, String)>,
    /// How many streams have begun.
    pub(super) opened: u64,
}

impl Load {
    /// For subscribers of these paces, and so many publishers; none is connected yet.
    pub(super) fn new(
        common: &Common,
        tag: &str,
        paces: Vec<Pace>,
        publishers: usize,
        stop: Stop,
    ) -> Result<Self, Failure> {
        super::process::allow_files(paces.len() + publishers)?;
        let cannot = |error: io::Error| Failure::Said(format!("cannot poll sockets: {error}"));
        let mut load = Self {
            poll: Poll::new().map_err(cannot)?,
            events: Events::with_capacity(1024),
            buffers: Buffers::new(BUFFER),
            target: Target::new(common, paces.len())?,
            payload: Payload::new(tag, common.size as usize),
            subscribers: paces.iter().map(|_| Subscriber::new()).collect(),
            paces,
            publishers: Vec::new(),
            stop,
            patience: common.timeout,
            last_sign: Instant::now(),
            published: 0,
            seen: Seen::default(),
            acknowledged: Times::new(),
            ended: Vec::new(),
            opened: 0,
        };
        for index in 0..publishers {
            let publisher = load.new_publisher(index)?;
            load.publishers.push(publisher);
        }
        Ok(load)
    }

    pub(super) fn url(&self) -> &str {
        self.target.url.as_str()
    }

    pub(super) fn subscriber(&self, index: usize) -> &Subscriber {
        &self.subscribers[index]
    }

    pub(super) fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Those that read all.
    pub(super) fn readers(&self) -> impl Iterator<Item = &Subscriber> {
        let both = self.subscribers.iter().zip(&self.paces);
        both.filter(|(_, pace)| **pace == Pace::All)
            .map(|(subscriber, _)| subscriber)
    }

    /// Lets the next events have `size` bytes of data each.
    pub(super) fn resize(&mut self, size: usize) {
        self.payload.resize(size);
    }

    /// Publishes the next event by a publisher; its time counts from `since`. Returns its number.
    pub(super) fn publish(
        &mut self,
        publisher: usize,
        since: Instant,
        is_end: bool,
    ) -> Result<u64, Failure> {
        self.queue(publisher, since, is_end)?;
        self.flush(publisher)?;
        Ok(self.published)
    }

    /// Publishes `count` events at once: written one behind the other, without waiting for answers in between.
    pub(super) fn publish_many(&mut self, publisher: usize, count: u32) -> Result<u64, Failure> {
        let now = Instant::now();
        for _ in 0..count {
            self.queue(publisher, now, false)?;
        }
        self.flush(publisher)?;
        Ok(self.published)
    }

    fn queue(&mut self, publisher: usize, since: Instant, is_end: bool) -> Result<(), Failure> {
        let of = &self.publishers[publisher];
        if of.is_closed && of.unanswered() == 0 {
            self.publishers[publisher] = self.new_publisher(publisher)?;
        }
        self.published += 1;
        let number = self.published;
        let data = self.payload.data(Mark { number, is_end });
        self.publishers[publisher].push(&self.target, &data, since);
        Ok(())
    }

    fn flush(&mut self, publisher: usize) -> Result<(), Failure> {
        let of = &mut self.publishers[publisher];
        let answered = of
            .ready(&mut self.buffers.read, &mut self.acknowledged)
            .map_err(Failure::Said)?;
        if answered > 0 {
            self.last_sign = Instant::now();
        }
        Ok(())
    }

    /// Publishes that have no answer yet.
    pub(super) fn unanswered(&self) -> usize {
        self.publishers.iter().map(Publisher::unanswered).sum()
    }

    pub(super) fn is_waiting(&self, publisher: usize) -> bool {
        self.publishers[publisher].unanswered() > 0
    }

    /// Waits at most `wait` for what is ready, and goes on with it. `on` gets each event of this run: whose it is, which, and the
    /// number of the one that that subscriber had before.
    pub(super) fn turn(
        &mut self,
        wait: Duration,
        on: &mut impl FnMut(usize, Mark, u64),
    ) -> Result<(), Failure> {
        if self.stop.is_set() {
            return Err(Failure::Said("stopped".to_owned()));
        }
        match self.poll.poll(&mut self.events, Some(wait.min(TURN))) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(Failure::Said(format!("cannot poll sockets: {error}"))),
        }
        let before = (self.seen.deliveries, self.opened);
        for event in &self.events {
            let token = event.token().0;
            if let Some(publisher) = token.checked_sub(PUBLISHERS) {
                let of = &mut self.publishers[publisher];
                let answered = of
                    .ready(&mut self.buffers.read, &mut self.acknowledged)
                    .map_err(Failure::Said)?;
                if answered > 0 {
                    self.last_sign = Instant::now();
                }
                continue;
            }
            let subscriber = &mut self.subscribers[token];
            if subscriber.is_open() && self.paces[token] != Pace::All {
                if self.paces[token] == Pace::Never && (event.is_error() || event.is_read_closed())
                {
                    subscriber.cut();
                    self.ended
                        .push((token, "the server closed the connection".to_owned()));
                }
                continue;
            }
            let mut on = |mark: Mark, before: u64| on(token, mark, before);
            match subscriber.ready(
                &mut self.buffers,
                None,
                &self.payload,
                &mut self.seen,
                &mut on,
            ) {
                Change::Nothing => {}
                Change::Opened => self.opened += 1,
                Change::Ended(why) => self.ended.push((token, why)),
            }
        }
        if (self.seen.deliveries, self.opened) != before {
            self.last_sign = Instant::now();
        }
        Ok(())
    }

    /// Has a slow subscriber read at most so many bytes.
    pub(super) fn sip(&mut self, index: usize, bytes: usize) {
        let subscriber = &mut self.subscribers[index];
        if !subscriber.is_open() {
            return;
        }
        let limit = Some(bytes);
        let change = subscriber.ready(
            &mut self.buffers,
            limit,
            &self.payload,
            &mut self.seen,
            &mut |_, _| (),
        );
        if let Change::Ended(why) = change {
            self.ended.push((index, why));
        }
    }
}
