//! What a subscription is for.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::topic::Topic;

/// The topics of a subscription: those that it names, and those that begin with one of its prefixes.
///
/// Subscribers that asked for the same have equal filters, so that what is read for one of them serves all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// First, so that most filters that differ are told apart by it alone.
    hash: u64,
    topics: Box<[Topic]>,
    /// Of each pattern, what stands before its `*`: empty for all topics.
    prefixes: Box<[Topic]>,
}

impl Filter {
    pub(crate) fn new(topics: Box<[Topic]>, prefixes: Box<[Topic]>) -> Self {
        let mut hasher = DefaultHasher::new();
        (&topics, &prefixes).hash(&mut hasher);
        Self {
            hash: hasher.finish(),
            topics,
            prefixes,
        }
    }

    /// The topics that it names.
    pub(crate) fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// The prefixes of topics that it is for.
    pub(crate) fn prefixes(&self) -> &[Topic] {
        &self.prefixes
    }
}

impl Hash for Filter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl From<Box<[Topic]>> for Filter {
    fn from(topics: Box<[Topic]>) -> Self {
        Self::new(topics, Box::default())
    }
}
