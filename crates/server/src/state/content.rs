//! What was given to subscribers, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::frame::Frame;

/// What was given to subscribers. Beside the state: shards count without its lock.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    events: AtomicU64,
    bytes: AtomicU64,
    resets: AtomicU64,
}

/// What is in some frames: events with their bytes, without framing, and resets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) resets: u64,
}

impl Content {
    /// An event.
    pub(crate) fn event(frame: &Frame) -> Self {
        Self {
            events: 1,
            bytes: frame.len() as u64,
            resets: 0,
        }
    }

    /// Says that something was missed.
    pub(crate) const RESET: Self = Self {
        events: 0,
        bytes: 0,
        resets: 1,
    };
}

impl std::ops::AddAssign for Content {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
        self.resets += other.resets;
    }
}

impl std::iter::Sum for Content {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let mut sum = Self::default();
        all.for_each(|one| sum += one);
        sum
    }
}

impl Delivered {
    pub(crate) fn add(&self, content: Content) {
        self.events.fetch_add(content.events, Ordering::Relaxed);
        self.bytes.fetch_add(content.bytes, Ordering::Relaxed);
        self.resets.fetch_add(content.resets, Ordering::Relaxed);
    }

    pub(crate) fn sum(&self) -> Content {
        Content {
            events: self.events.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            resets: self.resets.load(Ordering::Relaxed),
        }
    }
}
