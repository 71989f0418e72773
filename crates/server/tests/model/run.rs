//! The hub beside the naive one, step by step.

use std::time::Duration;

use eventwire_server::{Hub, Publication, PublishError, Slow, SubscribeError, Subscription};

use crate::common::SlowStore;
use crate::naive::Naive;
use crate::reading::{Read, is_reset, read};
use crate::steps::{Options, Step};
use crate::wish::{Wish, names};

/// A subscriber that is read now and then, and where it stands.
pub(crate) struct Joined {
    wish: Wish,
    frames: Subscription,
    cursor: u64,
}

pub(crate) struct Run {
    pub(crate) hub: Hub,
    pub(crate) naive: Naive,
    pub(crate) joined: Vec<Joined>,
    /// Topics may be forgotten, so that a reset without a loss is allowed.
    pub(crate) crowded: bool,
    /// It holds what the window does not any more.
    pub(crate) store: Option<SlowStore>,
}

impl Run {
    pub(crate) async fn new(options: Options, crowded: bool, store: Option<SlowStore>) -> Self {
        let mut builder = Hub::builder();
        if let Some(store) = &store {
            store.yield_only();
            builder = builder.store_with(store.clone());
        }
        let hub = builder
            .max_events(options.max_events)
            .max_bytes(options.max_bytes)
            .max_age(options.max_age.map(Duration::from_secs))
            .max_topics(options.max_topics)
            .slow(options.slow)
            .heartbeat(None)
            .retain("a", options.retained.0)
            .retain("p/*", options.retained.1)
            .max_retained_bytes(options.max_retained_bytes)
            .open()
            .await
            .unwrap();
        let naive = Naive {
            options,
            epoch: hub.stats().last.epoch().to_owned(),
            events: Vec::new(),
            first: 0,
            retained: Vec::new(),
        };
        Self {
            store,
            hub,
            naive,
            joined: Vec::new(),
            crowded,
        }
    }

    pub(crate) async fn step(&mut self, step: Step) {
        match step {
            Step::Publish(message) => self.publish(&message).await,
            Step::PublishMany(messages) => self.publish_many(messages).await,
            Step::Reserved(set) => {
                let reserved = Publication::to(names(set), "x").event("eventwire.x");
                let error = self.hub.publish(reserved).await.unwrap_err();
                assert!(matches!(error, PublishError::ReservedType(_)));
            }
            Step::Pass(seconds) => tokio::time::advance(Duration::from_secs(seconds)).await,
            Step::Forget(count) => {
                if let Some(store) = &self.store {
                    // What the window has is held.
                    let first = (self.naive.first as u64 + count).min(self.before_window());
                    store.forget_up_to(first);
                    self.naive.first = first as usize;
                }
            }
            Step::Join(wish) => match self.hub.subscribe(wish.subscribe()) {
                Ok(mut frames) => {
                    let cursor = self.naive.last();
                    let mut expected = self.naive.first_of(wish);
                    expected.push(self.naive.mark(cursor));
                    assert_eq!(read(&mut frames), Read::Frames(expected));
                    self.joined.push(Joined {
                        wish,
                        frames,
                        cursor,
                    });
                }
                Err(error) => {
                    assert_eq!(error, SubscribeError::TooManyTopics);
                    assert!(self.crowded, "there is room for all of the topics");
                }
            },
            Step::Read(which) => {
                if !self.joined.is_empty() {
                    self.read_on(which % self.joined.len());
                }
            }
            Step::Leave(which) => {
                if !self.joined.is_empty() {
                    self.joined.swap_remove(which % self.joined.len());
                }
            }
        }
        self.expire();
        self.compare_figures();
    }

    /// The offset just before what the hub holds in memory.
    pub(crate) fn before_window(&self) -> u64 {
        let first = self.hub.stats().first;
        first.map_or(self.naive.last(), |id| id.offset() - 1)
    }

    /// Only what the window holds has an age; a store forgets when it is told to.
    pub(crate) fn expire(&mut self) {
        if self.store.is_none() {
            self.naive.expire();
        }
    }

    /// A subscriber gets what is its own, each once and in order; what it lost, it is told.
    pub(crate) fn read_on(&mut self, which: usize) {
        self.expire();
        let Joined {
            wish,
            frames,
            cursor,
        } = &mut self.joined[which];
        let (naive, got) = (&self.naive, read(frames));
        // It holds its topics, so that none of them is ever forgotten under it: this is exact also where others are.
        if !naive.lost(*wish, *cursor) {
            assert_eq!(got, Read::Frames(naive.held(*wish, *cursor)));
        } else if naive.options.slow == Slow::Disconnect {
            assert_eq!(got, Read::Ended(Vec::new()));
            self.joined.swap_remove(which);
            return;
        } else {
            let Read::Frames(all) = got else {
                panic!("it was to skip: {got:?}");
            };
            assert!(is_reset(&all[0]), "a loss without a reset: {all:?}");
            assert_eq!(all[1..], naive.held(*wish, *cursor));
        }
        *cursor = naive.last();
    }

    fn compare_figures(&self) {
        let (stats, naive) = (self.hub.stats(), &self.naive);
        assert_eq!(stats.published, naive.last());
        assert_eq!(stats.last.offset(), naive.last());
        let places = naive.retained.iter().flat_map(|(_, places)| places);
        let sizes = places.map(|place| naive.size(*place));
        assert_eq!(stats.retained, sizes.clone().count());
        assert_eq!(stats.retained_bytes, sizes.sum::<usize>());
        if self.store.is_none() {
            let held = naive.events.len() - naive.first;
            assert_eq!((stats.events, stats.bytes), (held, naive.bytes()));
            let first = (held > 0).then_some(naive.first as u64 + 1);
            assert_eq!(stats.first.map(|id| id.offset()), first);
        } else {
            assert!(stats.events <= naive.options.max_events);
            assert!(stats.bytes <= naive.options.max_bytes);
        }
        assert_eq!(stats.subscribers, self.joined.len());
        assert!(stats.topics <= naive.options.max_topics);
    }
}
