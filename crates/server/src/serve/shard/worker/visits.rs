//! What a subscriber is sent when it is its turn.

use super::super::pages::framed;
use super::super::subscriber::Sent;
use super::super::wheel::{NEVER, Tick, in_ticks};
use super::Worker;
use super::times::CHECK;
use crate::stats::End;

impl Worker {
    /// Gives a subscriber all that it lacks, up to a page.
    pub(super) fn visit(&mut self, key: u32) {
        let now = self.now;
        let Some(subscriber) = self.subscribers.get_mut(key as usize) else {
            return;
        };
        subscriber.queued = false;
        if subscriber.blocked {
            return;
        }
        if subscriber.caught_up {
            self.settle(key);
        }
        let subscriber = &mut self.subscribers[key as usize];
        if subscriber.has_rest() {
            match subscriber.send_rest() {
                Err(error) => return self.lose(key, Some(error)),
                Ok((content, sent)) => {
                    self.delivered += content;
                    if let Sent::Part(taken) = sent {
                        return self.block(key, taken > 0, now);
                    }
                    subscriber.took(now);
                }
            }
        }
        if let Some(end) = subscriber.ending {
            return self.remove(key, Some(end));
        }
        let page = self.pages.read(
            &self.hub,
            &subscriber.filter,
            subscriber.cursor,
            subscriber.framing,
        );
        let page = match page {
            Ok(page) => page,
            Err(end) => return self.end(key, end),
        };
        match subscriber.send(&page.bytes) {
            Err(error) => return self.lose(key, Some(error)),
            Ok(Sent::Part(taken)) => {
                let (reached, rest) = page.broken(taken, subscriber.framing);
                if let Some(reached) = reached {
                    subscriber.cursor = reached.cursor;
                    self.delivered += reached.content;
                }
                if let Some((rest, then)) = rest {
                    subscriber.keep(rest, Some(then));
                }
                return self.block(key, taken > 0, now);
            }
            Ok(Sent::All) => {}
        }
        self.delivered += page.content;
        subscriber.cursor = page.cursor;
        if !page.bytes.is_empty() {
            subscriber.took(now);
            subscriber.beat = false;
        }
        let (all, closed) = (page.all, page.closed);
        if !all {
            return self.line_up(key);
        }
        subscriber.caught_up = true;
        if closed {
            self.end(key, End::Closed);
        } else if self.draining {
            self.end(key, End::Drained);
        } else if subscriber.beat {
            self.beat(key, now);
        }
    }

    /// Moves one that has all to the log's end, or to just before what it has not been told yet.
    fn settle(&mut self, key: u32) {
        let state = self.hub.lock();
        // What is told is told under the same lock: so nothing lies between the log's end and what the inbox says.
        let settled = match self.inbox.first_news() {
            Some(offset) => offset - 1,
            None => state.log.last(),
        };
        let subscriber = &mut self.subscribers[key as usize];
        subscriber.cursor = subscriber.cursor.max(settled);
    }

    /// A comment and a mark for one that has all and was quiet.
    fn beat(&mut self, key: u32, now: Tick) {
        let subscriber = &mut self.subscribers[key as usize];
        subscriber.beat = false;
        let frame = self.pages.heartbeat(&self.hub, subscriber.cursor);
        let bytes = framed(&frame, subscriber.framing);
        match subscriber.send(&bytes) {
            Err(error) => self.lose(key, Some(error)),
            Ok(Sent::All) => subscriber.took(now),
            Ok(Sent::Part(taken)) => {
                if taken > 0 {
                    subscriber.keep(bytes.slice(taken..), None);
                }
                self.block(key, taken > 0, now);
            }
        }
    }

    /// Its socket is full.
    fn block(&mut self, key: u32, progress: bool, now: Tick) {
        let subscriber = &mut self.subscribers[key as usize];
        subscriber.blocked = true;
        subscriber.caught_up = false;
        if progress || subscriber.stalled_since == NEVER {
            subscriber.stalled_since = now;
        }
        self.inbox.slowest_of(subscriber.position());
        if !subscriber.listed {
            subscriber.listed = true;
            self.blocked.push(key);
        }
        if self.check == NEVER {
            self.check = now.saturating_add(in_ticks(CHECK));
        }
        self.schedule(key, now);
    }
}
