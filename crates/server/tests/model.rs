//! A hub beside a naive one that never forgets, by what everybody can call, in memory and over a store that is slow. The clock is
//! virtual.

mod common;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::SlowStore;
use eventwire_server::{
    EventId, Hub, Publication, PublishError, Slow, Start, Subscribe, SubscribeError, Subscription,
};
use proptest::prelude::*;
use tokio::time::Instant;
use tokio_stream::Stream;

const TOPICS: [&str; 5] = ["a", "b", "p/x", "p/y", "p/q/z"];
const ALL: u8 = (1 << TOPICS.len()) - 1;
/// Patterns, and which of the topics they cover.
const PATTERNS: [(&str, u8); 3] = [("p/*", 0b11100), ("p/q/*", 0b10000), ("*", ALL)];
/// A client that is cut at its first read comes back; more often than this it would never end.
const RECONNECTS: usize = 5;

fn names(set: u8) -> Vec<&'static str> {
    let all = TOPICS.iter().enumerate();
    all.filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect()
}

/// What is subscribed to.
#[derive(Clone, Copy, Debug)]
struct Wish {
    topics: u8,
    patterns: u8,
    topic_as_event: bool,
}

impl Wish {
    const fn new(topics: u8, patterns: u8, topic_as_event: bool) -> Self {
        Self {
            topics,
            patterns,
            topic_as_event,
        }
    }

    fn subscribe(self) -> Subscribe {
        let patterns = PATTERNS.iter().enumerate();
        let patterns = patterns.filter(|(bit, _)| self.patterns & (1 << bit) != 0);
        let all = patterns.map(|(_, (pattern, _))| *pattern);
        Subscribe::to(all.chain(names(self.topics))).topic_as_event(self.topic_as_event)
    }

    /// All topics that it is for.
    fn set(self) -> u8 {
        let patterns = PATTERNS.iter().enumerate();
        let patterns = patterns.filter(|(bit, _)| self.patterns & (1 << bit) != 0);
        patterns.fold(self.topics, |set, (_, (_, covered))| set | covered)
    }
}

/// What is looked at in the end: each topic, some together, patterns alone and with topics.
const WISHES: [Wish; 16] = [
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

fn wish() -> impl Strategy<Value = Wish> {
    (0..=ALL, 0u8..8, any::<bool>())
        .prop_map(|(topics, patterns, topic_as_event)| Wish::new(topics, patterns, topic_as_event))
        .prop_filter("for something", |wish| wish.set() != 0)
}

#[derive(Clone, Debug)]
enum Step {
    Publish {
        set: u8,
        size: usize,
        key: Option<u8>,
    },
    /// Refused, whatever the hub holds.
    Reserved(u8),
    Pass(u64),
    Join(Wish),
    Read(usize),
    Leave(usize),
    /// The store drops so many of what it holds.
    Forget(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let one_to_three = (1..=ALL).prop_filter("1 to 3 topics", |set| set.count_ones() <= 3);
    let key = prop_oneof![3 => Just(None), 1 => (0u8..3).prop_map(Some)];
    prop_oneof![
        10 => (one_to_three, 0usize..90, key)
            .prop_map(|(set, size, key)| Step::Publish { set, size, key }),
        1 => (1..=ALL).prop_map(Step::Reserved),
        1 => (1u64..40).prop_map(Step::Pass),
        2 => wish().prop_map(Step::Join),
        1 => (1u64..4).prop_map(Step::Forget),
        2 => any::<usize>().prop_map(Step::Read),
        1 => any::<usize>().prop_map(Step::Leave),
    ]
}

#[derive(Clone, Debug)]
struct Options {
    max_events: usize,
    max_bytes: usize,
    max_age: Option<u64>,
    max_topics: usize,
    slow: Slow,
    /// How many events of `a`, and of each topic under `p/`.
    retained: (usize, usize),
    max_retained_bytes: usize,
}

fn options(max_topics: impl Strategy<Value = usize>) -> impl Strategy<Value = Options> {
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

#[derive(Debug)]
struct Remembered {
    set: u8,
    /// In the order that they were given in.
    topics: Vec<&'static str>,
    data: String,
    key: Option<u8>,
    frame: String,
    at: Instant,
}

/// All that was ever published; what is before `first` is held no more.
struct Naive {
    options: Options,
    epoch: String,
    events: Vec<Remembered>,
    /// The place in `events` of the first that is held; its offset is one more.
    first: usize,
    /// The places of what is retained, by topic.
    retained: Vec<(&'static str, Vec<usize>)>,
}

impl Naive {
    fn last(&self) -> u64 {
        self.events.len() as u64
    }

    fn bytes(&self) -> usize {
        self.events[self.first..]
            .iter()
            .map(|e| e.frame.len())
            .sum()
    }

    fn expire(&mut self) {
        let Some(age) = self.options.max_age.map(Duration::from_secs) else {
            return;
        };
        let held = &self.events[self.first..];
        self.first += held.iter().take_while(|e| e.at.elapsed() > age).count();
    }

    fn frame(&self, offset: u64, data: &str) -> String {
        let space = if data.is_empty() { "" } else { " " };
        format!("id: {}-{offset}\ndata:{space}{data}\n\n", self.epoch)
    }

    fn mark(&self, offset: u64) -> String {
        format!("id: {}-{offset}\n\n", self.epoch)
    }

    fn own(&self, wish: Wish, cursor: u64) -> impl Iterator<Item = (usize, &Remembered)> {
        let after = self.events.iter().enumerate().skip(cursor as usize);
        after.filter(move |(_, event)| event.set & wish.set() != 0)
    }

    /// The frame of an event as it is wished for.
    fn seen(&self, wish: Wish, event: &Remembered) -> String {
        if !wish.topic_as_event {
            return event.frame.clone();
        }
        let covered = names(wish.set());
        let topic = event.topics.iter().find(|topic| covered.contains(topic));
        let (id, rest) = event.frame.split_once('\n').unwrap();
        format!("{id}\nevent: {}\n{rest}", topic.unwrap())
    }

    fn held(&self, wish: Wish, cursor: u64) -> Vec<String> {
        self.own(wish, cursor)
            .filter(|(place, _)| *place >= self.first)
            .map(|(_, event)| self.seen(wish, event))
            .collect()
    }

    fn lost(&self, wish: Wish, cursor: u64) -> bool {
        self.own(wish, cursor).any(|(place, _)| place < self.first)
    }

    fn size(&self, place: usize) -> usize {
        let (_, block) = self.events[place].frame.split_once('\n').unwrap();
        block.len()
    }

    /// The last event is retained for its topics.
    fn retain(&mut self) {
        let place = self.events.len() - 1;
        let fits = self.size(place) <= self.options.max_retained_bytes;
        for topic in self.events[place].topics.clone() {
            let count = match topic {
                "a" => self.options.retained.0,
                "b" => 0,
                _ => self.options.retained.1,
            };
            let mut places = match self.retained.iter().position(|(name, _)| *name == topic) {
                Some(known) => self.retained.remove(known).1,
                None => Vec::new(),
            };
            places.push(place);
            let places = places.split_off(places.len().saturating_sub(count));
            if fits && !places.is_empty() {
                self.retained.push((topic, places));
            }
        }
        let bytes = |retained: &[(&str, Vec<usize>)]| -> usize {
            retained
                .iter()
                .flat_map(|(_, places)| places)
                .map(|place| self.size(*place))
                .sum()
        };
        let mut retained = self.retained.clone();
        while bytes(&retained) > self.options.max_retained_bytes {
            let oldest = retained
                .iter()
                .min_by_key(|(topic, places)| (places.last().copied(), *topic));
            let oldest = oldest.unwrap().0;
            retained.retain(|(topic, _)| *topic != oldest);
        }
        self.retained = retained;
    }

    /// What a newcomer gets first.
    fn first_of(&self, wish: Wish) -> Vec<String> {
        let covered = names(wish.set());
        let retained = self
            .retained
            .iter()
            .filter(|(topic, _)| covered.contains(topic));
        let places: BTreeSet<usize> = retained.flat_map(|(_, places)| places.clone()).collect();
        let block = |place: usize| {
            let frame = self.seen(wish, &self.events[place]);
            frame.split_once('\n').unwrap().1.to_owned()
        };
        places.into_iter().map(block).collect()
    }
}

/// A subscriber that is read now and then, and where it stands.
struct Joined {
    wish: Wish,
    frames: Subscription,
    cursor: u64,
}

#[derive(Debug, PartialEq)]
enum Read {
    /// All there is, without waiting.
    Frames(Vec<String>),
    /// The same, and then it ended.
    Ended(Vec<String>),
}

fn read(frames: &mut Subscription) -> Read {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    // The store answers at the second time that it is asked.
    let mut pending = 0;
    while pending < 3 {
        match Pin::new(&mut *frames).poll_next(&mut cx) {
            Poll::Pending => pending += 1,
            Poll::Ready(None) => return Read::Ended(all),
            Poll::Ready(Some(frame)) => {
                all.push(String::from_utf8(frame.to_vec()).unwrap());
                pending = 0;
            }
        }
    }
    Read::Frames(all)
}

fn is_reset(frame: &str) -> bool {
    frame.contains("\nevent: eventwire.reset\n")
}

fn offset_of(frame: &str) -> u64 {
    let id = frame.strip_prefix("id: ").unwrap().lines().next().unwrap();
    id.parse::<EventId>().unwrap().offset()
}

struct Run {
    hub: Hub,
    naive: Naive,
    joined: Vec<Joined>,
    /// Topics may be forgotten, so that a reset without a loss is allowed.
    crowded: bool,
    /// It holds what the window does not any more.
    store: Option<SlowStore>,
}

impl Run {
    async fn new(options: Options, crowded: bool, store: Option<SlowStore>) -> Self {
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

    async fn step(&mut self, step: Step) {
        match step {
            Step::Publish { set, size, key } => self.publish(set, size, key).await,
            Step::Reserved(set) => {
                let reserved = Publication::to(names(set), "x").event("eventwire.x");
                let error = self.hub.publish(reserved).await.unwrap_err();
                assert!(matches!(error, PublishError::ReservedType(_)));
            }
            Step::Pass(seconds) => tokio::time::advance(Duration::from_secs(seconds)).await,
            Step::Forget(count) => {
                if let Some(store) = &self.store {
                    // What the window has is held.
                    let window = self.hub.stats().first;
                    let window = window.map_or(self.naive.last(), |id| id.offset() - 1);
                    let first = (self.naive.first as u64 + count).min(window);
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

    /// Only what the window holds has an age; a store forgets when it is told to.
    fn expire(&mut self) {
        if self.store.is_none() {
            self.naive.expire();
        }
    }

    async fn publish(&mut self, set: u8, size: usize, key: Option<u8>) {
        self.expire();
        // Few contents, so that a key is met again with the same and with another.
        let data = if key.is_some() {
            "x".repeat(size / 45)
        } else {
            "x".repeat(size)
        };
        let mut topics = names(set);
        if size % 2 == 1 {
            topics.reverse();
        }
        let mut publication = Publication::to(topics.clone(), data.clone());
        if let Some(key) = key {
            publication = publication.key(key.to_string());
        }
        let published = self.hub.publish(publication).await;

        let naive = &mut self.naive;
        let held = naive.events.iter().enumerate().skip(naive.first);
        let known = held
            .filter(|(_, event)| key.is_some() && event.key == key)
            .map(|(place, event)| (place as u64 + 1, event))
            .next();
        if let Some((offset, event)) = known {
            if matches!(published, Err(PublishError::TooManyTopics(_))) {
                // Refused before the store, which alone knows the key, is asked.
                assert!(self.crowded && self.store.is_some());
            } else if event.set == set && event.data == data {
                assert_eq!(published.unwrap().offset(), offset, "the same is one event");
            } else {
                let Err(PublishError::KeyConflict { id, .. }) = published else {
                    panic!("other content under a key: {published:?}");
                };
                assert_eq!(id.offset(), offset);
            }
            return;
        }
        let offset = naive.last() + 1;
        let frame = naive.frame(offset, &data);
        if frame.len() > naive.options.max_bytes {
            assert!(matches!(
                published,
                Err(PublishError::TooLarge { size, .. }) if size == frame.len()
            ));
            return;
        }
        match published {
            Ok(id) => {
                assert_eq!(id.offset(), offset, "offsets have no holes");
                naive.events.push(Remembered {
                    set,
                    topics,
                    data,
                    key,
                    frame,
                    at: Instant::now(),
                });
                naive.retain();
                while self.store.is_none()
                    && (naive.events.len() - naive.first > naive.options.max_events
                        || naive.bytes() > naive.options.max_bytes)
                {
                    naive.first += 1;
                }
            }
            // What was in the way may be gone.
            Err(PublishError::TooManyTopics(_)) if self.crowded => {
                if self.store.is_some() {
                    return;
                }
                let first = self.hub.stats().first;
                let first = first.map_or(naive.last(), |id| id.offset() - 1) as usize;
                assert!(first >= naive.first);
                naive.first = first;
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A subscriber gets what is its own, each once and in order; what it lost, it is told.
    fn read_on(&mut self, which: usize) {
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

    /// What a client gets that has all up to `cursor`, and whether it was told of a loss. Where it is cut, it comes back.
    fn resume(&self, wish: Wish, cursor: u64) -> Option<(bool, Vec<String>)> {
        let naive = &self.naive;
        let (mut told, mut at) = (false, cursor);
        let mut events = Vec::new();
        for _ in 0..RECONNECTS {
            let id = naive.mark(at).trim().replacen("id: ", "", 1);
            let subscribe = wish.subscribe().start(Start::After(id));
            let mut frames = match self.hub.subscribe(subscribe) {
                Ok(frames) => frames,
                Err(error) => {
                    assert_eq!(error, SubscribeError::TooManyTopics);
                    assert!(self.crowded, "there is room for all of the topics");
                    return None;
                }
            };
            let (all, ended) = match read(&mut frames) {
                Read::Frames(all) => (all, false),
                Read::Ended(all) => (all, true),
            };
            assert!(self.crowded || !ended, "cut without a reason");
            for (number, frame) in all.into_iter().enumerate() {
                at = offset_of(&frame);
                if is_reset(&frame) {
                    told = true;
                } else if number == 0 {
                    assert_eq!(frame, naive.mark(at), "a stream begins with a mark");
                } else {
                    events.push(frame);
                }
            }
            if !ended {
                // Told once: the last event ID of after a reset gets no other.
                return Some((told, events));
            }
        }
        panic!("cut {RECONNECTS} times in a row after {cursor} of {wish:?}");
    }

    fn compare(&mut self) {
        for which in (0..self.joined.len()).rev() {
            self.read_on(which);
        }
        self.joined.clear();
        let naive = &self.naive;
        for wish in WISHES {
            for cursor in 0..=naive.last() {
                let Some((told, events)) = self.resume(wish, cursor) else {
                    continue;
                };
                let lost = naive.lost(wish, cursor);
                // Of a pattern nobody knows what it covered of what is gone; a store does, here.
                let passed =
                    self.store.is_none() && wish.patterns != 0 && cursor < naive.first as u64;
                let what = format!("{wish:?} after {cursor}");
                assert!(told || !lost, "{what}: a loss without a reset");
                assert!(
                    told || !passed,
                    "{what}: a pattern that the tail has passed"
                );
                let false_alarms = self.crowded && self.store.is_none();
                assert!(
                    false_alarms || lost || passed || !told,
                    "{what}: a false alarm"
                );
                if told {
                    // After a reset everything that is held comes, also from before the cursor.
                    assert_eq!(events, naive.held(wish, 0), "{what}");
                } else {
                    assert_eq!(events, naive.held(wish, cursor), "{what}");
                }
            }
            // The last ones are counted in memory.
            let window = self
                .hub
                .stats()
                .first
                .map_or(naive.last(), |id| id.offset() - 1);
            let held = naive.held(wish, 0);
            let recent = naive.held(wish, window);
            for count in 0..=recent.len() + 1 {
                self.starts(wish, Start::Last(count), {
                    &recent[recent.len().saturating_sub(count)..]
                });
            }
            self.starts(wish, Start::Earliest, &held);
            self.starts(wish, Start::Live, &[]);
        }
    }

    fn starts(&self, wish: Wish, start: Start, expected: &[String]) {
        let subscribe = wish.subscribe().start(start.clone());
        let Ok(mut frames) = self.hub.subscribe(subscribe) else {
            assert!(self.crowded, "there is room for all of the topics");
            return;
        };
        let Read::Frames(all) = read(&mut frames) else {
            panic!("{start:?} of {wish:?} ended");
        };
        let retained = if start == Start::Live {
            self.naive.first_of(wish)
        } else {
            Vec::new()
        };
        assert_eq!(all[..retained.len()], retained, "{start:?} of {wish:?}");
        let all = &all[retained.len()..];
        let before = expected
            .first()
            .map_or(self.naive.last(), |frame| offset_of(frame) - 1);
        // Earliest begins where the log does, which may be before the first of its own.
        if start == Start::Earliest {
            let first = all[0].strip_prefix("id: ").unwrap().trim();
            let first = first.parse::<EventId>().unwrap().offset();
            match &self.store {
                None => assert_eq!(first, self.naive.first as u64),
                Some(_) => assert!(first <= before),
            }
        } else {
            assert_eq!(all[0], self.naive.mark(before), "{start:?}");
        }
        assert_eq!(all[1..], *expected, "{start:?} of {wish:?}");
    }
}

fn run(options: Options, steps: Vec<Step>, crowded: bool, store: Option<SlowStore>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut run = Run::new(options, crowded, store).await;
        for step in steps {
            run.step(step).await;
        }
        run.compare();
        let naive = (run.naive.last(), run.hub.stats());
        assert_eq!((naive.0, 0), (naive.1.published, naive.1.subscribers));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_subscriber_gets_each_held_event_once_and_a_reset_exactly_for_a_loss(
        options in options(5usize..8),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(options, steps, false, None);
    }

    #[test]
    fn where_topics_are_forgotten_there_is_still_no_loss_without_a_reset(
        options in options(1usize..5),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(options, steps, true, None);
    }

    #[test]
    fn over_a_store_nothing_is_lost_that_the_store_holds(
        options in options(1usize..8),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let crowded = options.max_topics < TOPICS.len();
        run(options, steps, crowded, Some(SlowStore::new()));
    }
}
