//! Who is told when something is published under a topic, or under a topic that begins with a prefix.

use std::collections::HashMap;
use std::task::Waker;

use smallvec::SmallVec;

/// Names a subscription of the own process among the waiting ones.
pub(crate) type SubscriberId = usize;

/// The subscribers of one topic that a shard has, as the shard names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) shard: u32,
    pub(crate) group: u32,
}

/// Small, since there may be one for each of a million topics.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// How many subscriptions there are, wherever they are read.
    pub(super) subscribers: u32,
    /// One for each shard that has subscribers. It stands for all of them: publishing costs the same for one and for many.
    groups: SmallVec<[Group; 2]>,
    /// The subscriptions of the own process that have all, and want to be woken.
    #[expect(
        clippy::box_collection,
        reason = "a pointer where there is none, as there may be a million of these"
    )]
    waiting: Option<Box<HashMap<SubscriberId, Waker>>>,
}

/// All who are to be told of one record.
#[derive(Debug, Default)]
pub(crate) struct Woken {
    /// Subscriptions that have had all up to that record.
    pub(crate) readers: Vec<SubscriberId>,
    /// To be woken once nothing is locked any more: what they run may want the same locks.
    pub(crate) wakers: Vec<Waker>,
    pub(crate) groups: Vec<Group>,
}

impl Listeners {
    /// Gives back a waker that this one replaces.
    pub(super) fn wait(&mut self, subscriber: SubscriberId, waker: &Waker) -> Option<Waker> {
        self.waiting
            .get_or_insert_default()
            .insert(subscriber, waker.clone())
    }

    pub(super) fn forget(&mut self, subscriber: SubscriberId) -> Option<Waker> {
        let waiting = self.waiting.as_mut()?;
        let waker = waiting.remove(&subscriber);
        if waiting.is_empty() {
            self.waiting = None;
        }
        waker
    }

    /// The waiting ones, each once until it waits again, and the groups.
    pub(super) fn take(&mut self, woken: &mut Woken) {
        self.take_waiting(woken);
        woken.groups.extend_from_slice(&self.groups);
    }

    pub(super) fn take_waiting(&mut self, woken: &mut Woken) {
        // The map stays: most of those who are woken will wait again.
        for (subscriber, waker) in self.waiting.iter_mut().flat_map(|waiting| waiting.drain()) {
            woken.readers.push(subscriber);
            woken.wakers.push(waker);
        }
    }

    /// The group that `shard` has here; where there is none yet, what `make` names.
    pub(super) fn group(&mut self, shard: u32, make: impl FnOnce() -> u32) -> u32 {
        self.known_group(shard).unwrap_or_else(|| {
            let group = make();
            self.groups.push(Group { shard, group });
            group
        })
    }

    pub(super) fn known_group(&self, shard: u32) -> Option<u32> {
        let known = self.groups.iter().find(|known| known.shard == shard);
        known.map(|known| known.group)
    }

    pub(super) fn drop_group(&mut self, shard: u32) {
        self.groups.retain(|known| known.shard != shard);
    }
}
