//! What can be subscribed to.

use eventwire_server::Subscribe;
use proptest::prelude::*;

pub(crate) const TOPICS: [&str; 5] = ["a", "b", "p/x", "p/y", "p/q/z"];
pub(crate) const ALL: u8 = (1 << TOPICS.len()) - 1;
/// Patterns, and which of the topics they cover.
const PATTERNS: [(&str, u8); 3] = [("p/*", 0b11100), ("p/q/*", 0b10000), ("*", ALL)];

pub(crate) fn names(set: u8) -> Vec<&'static str> {
    let all = TOPICS.iter().enumerate();
    all.filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect()
}

/// What is subscribed to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) topics: u8,
    pub(crate) patterns: u8,
    pub(crate) topic_as_event: bool,
}

impl Wish {
    pub(crate) const fn new(topics: u8, patterns: u8, topic_as_event: bool) -> Self {
        Self {
            topics,
            patterns,
            topic_as_event,
        }
    }

    pub(crate) fn subscribe(self) -> Subscribe {
        let patterns = PATTERNS.iter().enumerate();
        let patterns = patterns.filter(|(bit, _)| self.patterns & (1 << bit) != 0);
        let all = patterns.map(|(_, (pattern, _))| *pattern);
        Subscribe::to(all.chain(names(self.topics))).topic_as_event(self.topic_as_event)
    }

    /// All topics that it is for.
    pub(crate) fn set(self) -> u8 {
        let patterns = PATTERNS.iter().enumerate();
        let patterns = patterns.filter(|(bit, _)| self.patterns & (1 << bit) != 0);
        patterns.fold(self.topics, |set, (_, (_, covered))| set | covered)
    }
}

/// What is looked at in the end: each topic, some together, patterns alone and with topics.
pub(crate) const WISHES: [Wish; 16] = [
    Wish::new(0b00001, 0, false),
    Wish::new(0b00010, 0, false),
    Wish::new(0b00100, 0, true),
    Wish::new(0b01000, 0, false),
    Wish::new(0b10000, 0, false),
    Wish::new(0b00011, 0, false),
    Wish::new(0b10101, 0, true),
    Wish::new(ALL, 0, false),
    Wish::new(0, 0b001, false),
    Wish::new(0, 0b010, false),
    Wish::new(0, 0b100, false),
    Wish::new(0, 0b100, true),
    Wish::new(0, 0b011, true),
    Wish::new(0b00001, 0b010, false),
    Wish::new(0b00101, 0b001, true),
    Wish::new(ALL, 0b111, false),
];

pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    (0..=ALL, 0u8..8, any::<bool>())
        .prop_map(|(topics, patterns, topic_as_event)| Wish::new(topics, patterns, topic_as_event))
        .prop_filter("for something", |wish| wish.set() != 0)
}
