//! What happens to a hub, and how it is set.

use eventwire_server::{Publication, Slow};
use proptest::prelude::*;

use crate::wish::{ALL, Wish, names, wish};

/// An event to publish.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) set: u8,
    size: usize,
    pub(crate) key: Option<u8>,
}

impl Message {
    /// In some order.
    pub(crate) fn topics(&self) -> Vec<&'static str> {
        let mut topics = names(self.set);
        if self.size % 2 == 1 {
            topics.reverse();
        }
        topics
    }

    pub(crate) fn data(&self) -> String {
        // Few contents, so that a key is met again with the same and with another.
        let few = if self.key.is_some() { 45 } else { 1 };
        "x".repeat(self.size / few)
    }

    pub(crate) fn publication(&self) -> Publication {
        let publication = Publication::to(self.topics(), self.data());
        match self.key {
            Some(key) => publication.key(key.to_string()),
            None => publication,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Publish(Message),
    PublishMany(Vec<Message>),
    /// Refused, whatever the hub holds.
    Reserved(u8),
    Pass(u64),
    Join(Wish),
    Read(usize),
    Leave(usize),
    /// The store drops so many of what it holds.
    Forget(u64),
}

fn message() -> impl Strategy<Value = Message> {
    let one_to_three = (1..=ALL).prop_filter("1 to 3 topics", |set| set.count_ones() <= 3);
    let key = prop_oneof![3 => Just(None), 1 => (0u8..3).prop_map(Some)];
    (one_to_three, 0usize..90, key).prop_map(|(set, size, key)| Message { set, size, key })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => message().prop_map(Step::Publish),
        3 => proptest::collection::vec(message(), 0..6).prop_map(Step::PublishMany),
        1 => (1..=ALL).prop_map(Step::Reserved),
        1 => (1u64..40).prop_map(Step::Pass),
        2 => wish().prop_map(Step::Join),
        1 => (1u64..4).prop_map(Step::Forget),
        2 => any::<usize>().prop_map(Step::Read),
        1 => any::<usize>().prop_map(Step::Leave),
    ]
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) max_events: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_age: Option<u64>,
    pub(crate) max_topics: usize,
    pub(crate) slow: Slow,
    /// How many events of `a`, and of each topic under `p/`.
    pub(crate) retained: (usize, usize),
    pub(crate) max_retained_bytes: usize,
}

pub(crate) fn options(max_topics: impl Strategy<Value = usize>) -> impl Strategy<Value = Options> {
    (
        1usize..8,
        60usize..600,
        proptest::option::of(10u64..60),
        max_topics,
        prop_oneof![Just(Slow::Disconnect), Just(Slow::Skip)],
        (0usize..3, 0usize..4),
        prop_oneof![Just(10_000), 20usize..300],
    )
        .prop_map(
            |(max_events, max_bytes, max_age, max_topics, slow, retained, max_retained_bytes)| {
                Options {
                    max_events,
                    max_bytes,
                    max_age,
                    max_topics,
                    slow,
                    retained,
                    max_retained_bytes,
                }
            },
        )
}
