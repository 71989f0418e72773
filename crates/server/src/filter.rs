//! What a subscription is for.

use std::hash::{DefaultHasher, Hash, Hasher};

use smallvec::SmallVec;

use crate::topic::{self, Topic};

/// The topics of a subscription: those that it names, and those that begin with one of its prefixes.
///
/// Subscribers that asked for the same have equal filters, so that what is read for one of them serves all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// First, so that most filters that differ are told apart by it alone.
    hash: u64,
    /// Most subscribers name one.
    topics: SmallVec<[Topic; 1]>,
    /// Of each pattern, what stands before its `*`: empty for all topics.
    prefixes: Box<[Topic]>,
    /// Whether an event is to name its topic in its type.
    topic_as_event: bool,
}

impl Filter {
    pub(crate) fn new(topics: Box<[Topic]>, mut prefixes: Box<[Topic]>) -> Self {
        let mut topics: SmallVec<[Topic; 1]> = topics.into_iter().collect();
        // The order says nothing, and sorted ones are found sooner.
        topics.sort_unstable();
        prefixes.sort_unstable();
        Self {
            hash: 0,
            topics,
            prefixes,
            topic_as_event: false,
        }
        .hashed()
    }

    fn hashed(mut self) -> Self {
        let mut hasher = DefaultHasher::new();
        (&self.topics, &self.prefixes, self.topic_as_event).hash(&mut hasher);
        self.hash = hasher.finish();
        self
    }

    /// Sets whether an event is to name its topic in its type; false by default.
    pub(crate) fn topic_as_event(mut self, topic_as_event: bool) -> Self {
        self.topic_as_event = topic_as_event;
        self.hashed()
    }

    /// Whether it is for this topic.
    pub(crate) fn wants(&self, topic: &str) -> bool {
        let among =
            |list: &[Topic], name: &str| list.binary_search_by(|known| (**known).cmp(name)).is_ok();
        among(&self.topics, topic)
            || (!self.prefixes.is_empty()
                && topic::prefixes(topic).any(|prefix| among(&self.prefixes, prefix)))
    }

    /// What an event under `topics` is to name as its topic: the first of them that it is for, if it is to name one.
    pub(crate) fn name_of<'a>(
        &self,
        topics: impl IntoIterator<Item = &'a Topic>,
    ) -> Option<&'a Topic> {
        topics
            .into_iter()
            .find(|topic| self.topic_as_event && self.wants(topic))
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
