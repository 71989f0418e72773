//! The loop of a shard.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use tokio::sync::watch;
use tracing::{debug, error};

use super::super::handover::Taken;
use super::super::server::Phase;
use super::groups::Groups;
use super::inbox::{Inbox, Letters};
use super::pages::Pages;
use super::subscriber::Subscriber;
use super::wheel::{Clock, NEVER, Tick, Wheel, in_ticks};
use crate::filter::Filter;
use crate::state::{Content, Shared};
use crate::stats::End;

mod times;
mod visits;

/// What other threads wake it by; subscribers have the tokens from 0 on.
const WAKER: Token = Token(usize::MAX);
/// After so many visits it looks at closes, timers and new sockets again.
const VISITS: usize = 256;
const EVENTS: usize = 1024;
/// Among how many of those who came last to its topic one is sought that has the same filter.
const ALIKE: usize = 16;

pub(super) struct Worker {
    hub: Arc<Shared>,
    /// Which of the hub's shards it is.
    id: u32,
    inbox: Arc<Inbox>,
    phases: watch::Receiver<Phase>,
    poll: Poll,
    clock: Clock,
    /// When this turn of the loop began.
    now: Tick,
    heartbeat: Tick,
    write_timeout: Tick,
    subscribers: Slab<Subscriber>,
    groups: Groups,
    wheel: Wheel,
    pages: Pages,
    /// Who is to be visited, in turn.
    line: VecDeque<u32>,
    /// What was sent and is not yet counted by the hub.
    delivered: Content,
    /// Those who are blocked, and some who were.
    blocked: Vec<u32>,
    check: Tick,
    draining: bool,
    closed: bool,
}

impl Worker {
    pub(super) fn new(
        hub: Arc<Shared>,
        write_timeout: Duration,
        phases: watch::Receiver<Phase>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(poll.registry(), WAKER)?);
        let id = hub.lock().shards.insert(inbox.clone());
        Ok(Self {
            // A hub has never more shards than threads, which are counted in fewer bits.
            id: u32::try_from(id).unwrap_or(u32::MAX),
            inbox,
            phases,
            poll,
            clock: Clock::start(),
            now: 0,
            heartbeat: hub.heartbeat.map_or(NEVER, in_ticks),
            write_timeout: in_ticks(write_timeout),
            subscribers: Slab::new(),
            groups: Groups::default(),
            wheel: Wheel::new(),
            pages: Pages::default(),
            line: VecDeque::new(),
            delivered: Content::default(),
            blocked: Vec::new(),
            check: NEVER,
            draining: false,
            closed: false,
            hub,
        })
    }

    pub(super) fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    /// Works until the server has ended.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut letters = Letters::default();
        loop {
            if let Err(error) = self.wait(&mut events)
                && error.kind() != ErrorKind::Interrupted
            {
                // Nothing more can be heard of any socket.
                error!(target: "eventwire::hub", %error, "a shard cannot wait for its sockets: it ends their streams");
                self.end_all();
            }
            self.now = self.clock.now();
            for event in &events {
                self.hear(event);
            }
            self.inbox.take(&mut letters);
            self.open(&mut letters);
            let phase = *self.phases.borrow();
            if phase == Phase::Closed {
                self.end_all();
            }
            let last_round = phase >= Phase::Draining;
            let closed = self.hub.lock().closed;
            if (last_round && !self.draining) || (closed && !self.closed) {
                (self.draining, self.closed) = (last_round, closed);
                // What was read before does not know it.
                self.pages.clear();
                self.line_up_all();
            }
            self.look_at_times();
            for _ in 0..VISITS {
                let Some(key) = self.line.pop_front() else {
                    break;
                };
                self.visit(key);
            }
            if self.line.is_empty() {
                // Nobody is at the same place any more.
                self.pages.clear();
            }
            self.hub.delivered.add(std::mem::take(&mut self.delivered));
            if last_round && self.subscribers.is_empty() && self.inbox.end() {
                return;
            }
        }
    }

    /// Waits for sockets, letters or a timer; not at all while somebody stands in line.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let timeout = if self.line.is_empty() && self.inbox.sleep() {
            let due = self.wheel.next().into_iter().chain([self.check]).min();
            due.filter(|due| *due != NEVER)
                .map(|due| self.clock.until(due))
        } else {
            Some(Duration::ZERO)
        };
        let waited = self.poll.poll(events, timeout);
        self.inbox.awake();
        waited
    }

    /// What a socket says.
    fn hear(&mut self, event: &Event) {
        let token = event.token().0;
        let Some(subscriber) = self.subscribers.get_mut(token) else {
            return;
        };
        let key = token as u32;
        if event.is_error() {
            let error = subscriber.socket.take_error().ok().flatten();
            self.lose(key, error);
        } else if event.is_readable() || event.is_read_closed() {
            match subscriber.is_listening() {
                Ok(true) => {}
                Ok(false) => self.remove(key, None),
                Err(error) => self.lose(key, Some(error)),
            }
        }
        // It may be gone by now.
        if event.is_writable()
            && let Some(subscriber) = self.subscribers.get_mut(token)
            && subscriber.blocked
        {
            subscriber.blocked = false;
            self.line_up(key);
        }
    }

    fn open(&mut self, letters: &mut Letters) {
        if !letters.told.is_empty() || letters.told_all.is_some() {
            // Before anybody reads: whoever is told reads what is told.
            self.pages.clear();
        }
        for &(group, offset) in &letters.told {
            for key in self.groups.members(group) {
                if let Some(subscriber) = self.subscribers.get_mut(key as usize)
                    && subscriber.is_told(offset)
                {
                    self.line.push_back(key);
                }
            }
        }
        if let Some(offset) = letters.told_all {
            for (key, subscriber) in &mut self.subscribers {
                if subscriber.is_told(offset) {
                    self.line.push_back(key as u32);
                }
            }
        }
        for taken in letters.arrived.drain(..) {
            self.admit(taken);
        }
    }

    fn admit(&mut self, taken: Taken) {
        let Taken {
            socket,
            head,
            framing,
            stream,
            counted,
        } = taken;
        let remains = stream.into_remains();
        let now = self.now;
        let expires = remains.expires.map_or(NEVER, |at| {
            let left = at.saturating_duration_since(tokio::time::Instant::now());
            self.clock.at(Instant::now() + left)
        });
        let mut socket = TcpStream::from_std(socket);
        let key = self.subscribers.vacant_key() as u32;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self
            .poll
            .registry()
            .register(&mut socket, Token(key as usize), interest);
        let groups = &mut self.groups;
        let mut first = None;
        let mut state = self.hub.lock();
        state
            .log
            .index
            .change_groups(&remains.filter, self.id, |group| {
                first = first.or(group);
                Some(groups.enter(group, key))
            });
        self.pages.joined_at(state.log.last());
        drop(state);
        let mut subscriber = Subscriber::new(
            socket,
            self.shared(remains.filter, first),
            remains.cursor,
            framing,
            remains.heartbeat && self.heartbeat != NEVER,
            expires,
            now,
            counted,
        );
        subscriber.begin(head, remains.ready);
        self.subscribers.insert(subscriber);
        if let Err(error) = registered {
            self.lose(key, Some(error));
            return;
        }
        self.schedule(key, now);
        self.line_up(key);
    }

    /// The filter of one in this group, where it is equal: so that one filter serves many. Others are looked at only a little.
    fn shared(&self, filter: Arc<Filter>, group: Option<u32>) -> Arc<Filter> {
        let members = group
            .into_iter()
            .flat_map(|group| self.groups.members(group));
        let others = members
            .rev()
            .take(ALIKE)
            .filter_map(|key| self.subscribers.get(key as usize));
        let mut equal = others.filter(|other| other.filter == filter);
        equal.next().map_or(filter, |other| other.filter.clone())
    }

    /// Puts it into the line, once.
    fn line_up(&mut self, key: u32) {
        let subscriber = &mut self.subscribers[key as usize];
        if !subscriber.queued {
            subscriber.queued = true;
            self.line.push_back(key);
        }
    }

    fn line_up_all(&mut self) {
        for (key, subscriber) in &mut self.subscribers {
            if !subscriber.queued && !subscriber.blocked {
                subscriber.queued = true;
                self.line.push_back(key as u32);
            }
        }
    }

    /// The connection is broken.
    fn lose(&mut self, key: u32, error: Option<io::Error>) {
        let vanished = error
            .as_ref()
            .is_some_and(|error| error.kind() == ErrorKind::TimedOut);
        if let Some(error) = error {
            debug!(target: "eventwire::hub", %error, "a subscriber's connection broke");
        }
        self.remove(key, vanished.then_some(End::Vanished));
    }

    /// Ends a stream: at once where its reader does not read, or else once it has the end.
    fn end(&mut self, key: u32, end: End) {
        let Some(subscriber) = self.subscribers.get_mut(key as usize) else {
            return;
        };
        if subscriber.blocked || subscriber.ending.is_some() {
            return self.remove(key, Some(end));
        }
        subscriber.say_goodbye(end);
        self.line_up(key);
    }

    /// Takes it out; without a reason, its reader is gone.
    fn remove(&mut self, key: u32, end: Option<End>) {
        let Some(subscriber) = self.subscribers.try_remove(key as usize) else {
            return;
        };
        let groups = &mut self.groups;
        let mut state = self.hub.lock();
        state
            .log
            .index
            .change_groups(&subscriber.filter, self.id, |group| {
                groups.leave(group?, key)
            });
        state.leave(&subscriber.filter, end);
        drop(state);
        self.inbox.left();
    }

    /// Cuts all streams: their clients see that they are not whole, and come back.
    fn end_all(&mut self) {
        let keys: Vec<_> = self.subscribers.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.remove(key, Some(End::Closed));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Also after a panic: nobody is to wait for it.
        self.inbox.abandon();
        self.end_all();
        self.hub.lock().shards.try_remove(self.id as usize);
    }
}

#[cfg(test)]
mod tests;
