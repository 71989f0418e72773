//! Who is told when something is published under a topic, or under a topic that begins with a prefix.

use std::collections::HashMap;
use std::task::Waker;

use smallvec::SmallVec;

/// Names a subscription of the own process among the waiting ones.
pub(crate) type SubscriberId = usize;

/// The subscribers of one topic that a shard has, by the number that the shard gives them.
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

    /// Changes what stands for the subscribers that `shard` has here: `change` is given what it is now, and says what it is
    /// to be; `None` where there are none.
    pub(super) fn change_group(
        &mut self,
        shard: u32,
        change: impl FnOnce(Option<u32>) -> Option<u32>,
    ) {
        let place = self.groups.iter().position(|known| known.shard == shard);
        let known = place.map(|place| self.groups[place].group);
        match (place, change(known)) {
            (Some(place), Some(group)) => self.groups[place].group = group,
            (Some(place), None) => drop(self.groups.swap_remove(place)),
            (None, Some(group)) => self.groups.push(Group { shard, group }),
            (None, None) => {}
        }
    }
}
