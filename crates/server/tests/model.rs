//! A hub beside a naive one that never forgets, by what everybody can call. The clock is virtual.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use eventwire_server::{
    EventId, Hub, Publication, PublishError, Slow, Start, Subscribe, SubscribeError, Subscription,
};
use proptest::prelude::*;
use tokio::time::Instant;
use tokio_stream::Stream;

const TOPICS: [&str; 5] = ["a", "b", "c", "d", "e"];
const ALL: u8 = (1 << TOPICS.len()) - 1;
/// A client that is cut at its first read comes back; more often than this it would never end.
const RECONNECTS: usize = 5;

fn names(set: u8) -> Vec<&'static str> {
    let all = TOPICS.iter().enumerate();
    all.filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect()
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
    Join(u8),
    Read(usize),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let one_to_three = (1..=ALL).prop_filter("1 to 3 topics", |set| set.count_ones() <= 3);
    let key = prop_oneof![3 => Just(None), 1 => (0u8..3).prop_map(Some)];
    prop_oneof![
        10 => (one_to_three, 0usize..90, key)
            .prop_map(|(set, size, key)| Step::Publish { set, size, key }),
        1 => (1..=ALL).prop_map(Step::Reserved),
        1 => (1u64..40).prop_map(Step::Pass),
        2 => (1..=ALL).prop_map(Step::Join),
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
}

fn options(max_topics: impl Strategy<Value = usize>) -> impl Strategy<Value = Options> {
    (
        1usize..8,
        60usize..600,
        proptest::option::of(10u64..60),
        max_topics,
        prop_oneof![Just(Slow::Disconnect), Just(Slow::Skip)],
    )
        .prop_map(
            |(max_events, max_bytes, max_age, max_topics, slow)| Options {
                max_events,
                max_bytes,
                max_age,
                max_topics,
                slow,
            },
        )
}

#[derive(Debug)]
struct Remembered {
    set: u8,
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

    fn own(&self, set: u8, cursor: u64) -> impl Iterator<Item = (usize, &Remembered)> {
        let after = self.events.iter().enumerate().skip(cursor as usize);
        after.filter(move |(_, event)| event.set & set != 0)
    }

    fn held(&self, set: u8, cursor: u64) -> Vec<String> {
        self.own(set, cursor)
            .filter(|(place, _)| *place >= self.first)
            .map(|(_, event)| event.frame.clone())
            .collect()
    }

    fn lost(&self, set: u8, cursor: u64) -> bool {
        self.own(set, cursor).any(|(place, _)| place < self.first)
    }
}

/// A subscriber that is read now and then, and where it stands.
struct Joined {
    set: u8,
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
    loop {
        match Pin::new(&mut *frames).poll_next(&mut cx) {
            Poll::Pending => return Read::Frames(all),
            Poll::Ready(None) => return Read::Ended(all),
            Poll::Ready(Some(frame)) => all.push(String::from_utf8(frame.to_vec()).unwrap()),
        }
    }
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
}

impl Run {
    fn new(options: Options, crowded: bool) -> Self {
        let hub = Hub::builder()
            .max_events(options.max_events)
            .max_bytes(options.max_bytes)
            .max_age(options.max_age.map(Duration::from_secs))
            .max_topics(options.max_topics)
            .slow(options.slow)
            .heartbeat(None)
            .build()
            .unwrap();
        let naive = Naive {
            options,
            epoch: hub.stats().last.epoch().to_owned(),
            events: Vec::new(),
            first: 0,
        };
        Self {
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
            Step::Join(set) => match self.hub.subscribe(Subscribe::to(names(set))) {
                Ok(mut frames) => {
                    let cursor = self.naive.last();
                    assert_eq!(
                        read(&mut frames),
                        Read::Frames(vec![self.naive.mark(cursor)])
                    );
                    self.joined.push(Joined {
                        set,
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
        self.naive.expire();
        self.compare_figures();
    }

    async fn publish(&mut self, set: u8, size: usize, key: Option<u8>) {
        self.naive.expire();
        // Few contents, so that a key is met again with the same and with another.
        let data = if key.is_some() {
            "x".repeat(size / 45)
        } else {
            "x".repeat(size)
        };
        let mut publication = Publication::to(names(set), data.clone());
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
            if event.set == set && event.data == data {
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
                    data,
                    key,
                    frame,
                    at: Instant::now(),
                });
                while naive.events.len() - naive.first > naive.options.max_events
                    || naive.bytes() > naive.options.max_bytes
                {
                    naive.first += 1;
                }
            }
            // What was in the way may be gone.
            Err(PublishError::TooManyTopics(_)) if self.crowded => {
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
        self.naive.expire();
        let Joined {
            set,
            frames,
            cursor,
        } = &mut self.joined[which];
        let (naive, got) = (&self.naive, read(frames));
        // It holds its topics, so that none of them is ever forgotten under it: this is exact also where others are.
        if !naive.lost(*set, *cursor) {
            assert_eq!(got, Read::Frames(naive.held(*set, *cursor)));
        } else if naive.options.slow == Slow::Disconnect {
            assert_eq!(got, Read::Ended(Vec::new()));
            self.joined.swap_remove(which);
            return;
        } else {
            let Read::Frames(all) = got else {
                panic!("it was to skip: {got:?}");
            };
            assert!(is_reset(&all[0]), "a loss without a reset: {all:?}");
            assert_eq!(all[1..], naive.held(*set, *cursor));
        }
        *cursor = naive.last();
    }

    fn compare_figures(&self) {
        let (stats, naive) = (self.hub.stats(), &self.naive);
        let held = naive.events.len() - naive.first;
        assert_eq!((stats.events, stats.bytes), (held, naive.bytes()));
        assert_eq!(stats.published, naive.last());
        assert_eq!(stats.last.offset(), naive.last());
        let first = (held > 0).then_some(naive.first as u64 + 1);
        assert_eq!(stats.first.map(|id| id.offset()), first);
        assert_eq!(stats.subscribers, self.joined.len());
        assert!(stats.topics <= naive.options.max_topics);
    }

    /// What a client gets that has all up to `cursor`, and whether it was told of a loss. Where it is cut, it comes back.
    fn resume(&self, set: u8, cursor: u64) -> Option<(bool, Vec<String>)> {
        let naive = &self.naive;
        let (mut told, mut at) = (false, cursor);
        let mut events = Vec::new();
        for _ in 0..RECONNECTS {
            let id = naive.mark(at).trim().replacen("id: ", "", 1);
            let subscribe = Subscribe::to(names(set)).start(Start::After(id));
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
        panic!("cut {RECONNECTS} times in a row after {cursor} of {set:#b}");
    }

    fn compare(&mut self) {
        for which in (0..self.joined.len()).rev() {
            self.read_on(which);
        }
        self.joined.clear();
        let naive = &self.naive;
        for set in 1..=ALL {
            for cursor in 0..=naive.last() {
                let Some((told, events)) = self.resume(set, cursor) else {
                    continue;
                };
                let lost = naive.lost(set, cursor);
                let what = format!("{:?} after {cursor}", names(set));
                assert!(told || !lost, "{what}: a loss without a reset");
                assert!(self.crowded || lost || !told, "{what}: a false alarm");
                if told {
                    // After a reset everything that is held comes, also from before the cursor.
                    assert_eq!(events, naive.held(set, 0), "{what}");
                } else {
                    assert_eq!(events, naive.held(set, cursor), "{what}");
                }
            }
            let held = naive.held(set, 0);
            for count in 0..=held.len() + 1 {
                self.starts(set, Start::Last(count), {
                    &held[held.len().saturating_sub(count)..]
                });
            }
            self.starts(set, Start::Earliest, &held);
            self.starts(set, Start::Live, &[]);
        }
    }

    fn starts(&self, set: u8, start: Start, expected: &[String]) {
        let subscribe = Subscribe::to(names(set)).start(start.clone());
        let Ok(mut frames) = self.hub.subscribe(subscribe) else {
            assert!(self.crowded, "there is room for all of the topics");
            return;
        };
        let Read::Frames(all) = read(&mut frames) else {
            panic!("{start:?} of {set:#b} ended");
        };
        let before = expected
            .first()
            .map_or(self.naive.last(), |frame| offset_of(frame) - 1);
        // Earliest begins where the log does, which may be before the first of its own.
        if start == Start::Earliest {
            assert_eq!(all[0], self.naive.mark(self.naive.first as u64));
        } else {
            assert_eq!(all[0], self.naive.mark(before), "{start:?}");
        }
        assert_eq!(all[1..], *expected, "{start:?} of {:?}", names(set));
    }
}

fn run(options: Options, steps: Vec<Step>, crowded: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut run = Run::new(options, crowded);
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
        run(options, steps, false);
    }

    #[test]
    fn where_topics_are_forgotten_there_is_still_no_loss_without_a_reset(
        options in options(1usize..5),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(options, steps, true);
    }
}
