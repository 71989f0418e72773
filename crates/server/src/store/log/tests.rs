//! The log beside a naive one, which remembers everything and looks at all of it for every question.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::position::Epoch;
use crate::publish::Publication;
use crate::resume::{self, Begin, Reason, Start};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn bounds() -> Bounds {
    Bounds {
        max_events: 1000,
        max_bytes: 1 << 20,
        max_age: None,
        max_topics: 1000,
    }
}

fn topics(set: u8) -> Vec<Topic> {
    let names = NAMES.iter().enumerate();
    names
        .filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| Topic::from(*name))
        .collect()
}

fn filter<T: AsRef<str>>(names: &[T]) -> Filter {
    let topics: Box<[Topic]> = names.iter().map(|name| name.as_ref().into()).collect();
    topics.into()
}

fn publish(log: &mut Log, publication: Publication) -> Result<(EventId, bool), PublishError> {
    append(log, publication, Instant::now())
}

fn empty(bounds: Bounds) -> Log {
    Log::new(bounds, Epoch::random(), 0)
}

/// As the appender does, with a store that takes everything.
fn append(
    log: &mut Log,
    publication: Publication,
    now: Instant,
) -> Result<(EventId, bool), PublishError> {
    let event = publication.prepare(usize::MAX).unwrap();
    if let Some(known) = log.admit(&event, &[], now)? {
        return Ok((known, false));
    }
    let id = log.id(log.last() + 1);
    log.push(Entry::new(event, &id), now);
    Ok((id, true))
}

fn begin(log: &Log, filter: &Filter, start: &Start) -> Begin {
    resume::begin(log, filter, start, true, &mut Seek::default()).unwrap()
}

/// What a naive log remembers of one event, for ever.
#[derive(Clone, Debug)]
struct Remembered {
    offset: u64,
    /// Its topics, a bit for each of `NAMES`.
    set: u8,
    frame: Bytes,
    at: Instant,
    held: bool,
}

#[derive(Debug)]
struct Naive {
    bounds: Bounds,
    events: Vec<Remembered>,
}

impl Naive {
    fn expire(&mut self, now: Instant) {
        for event in &mut self.events {
            event.held &= self
                .bounds
                .max_age
                .is_none_or(|age| now.duration_since(event.at) <= age);
        }
    }

    fn append(&mut self, event: Remembered) {
        self.expire(event.at);
        self.events.push(event);
        loop {
            let held = || self.events.iter().filter(|event| event.held);
            let bytes: usize = held().map(|event| event.frame.len()).sum();
            if held().count() <= self.bounds.max_events && bytes <= self.bounds.max_bytes {
                return;
            }
            let first = self.events.iter_mut().find(|event| event.held);
            first.unwrap().held = false;
        }
    }

    fn own(&self, set: u8, cursor: u64) -> impl Iterator<Item = &Remembered> {
        let own = move |event: &&Remembered| event.set & set != 0 && event.offset > cursor;
        self.events.iter().filter(own)
    }

    fn held(&self, set: u8, cursor: u64) -> Vec<&Remembered> {
        self.own(set, cursor).filter(|event| event.held).collect()
    }

    fn lost(&self, set: u8, cursor: u64) -> bool {
        self.own(set, cursor).any(|event| !event.held)
    }
}

/// Reads on from `cursor` until there is nothing, as a subscription does.
fn read_all(log: &Log, filter: &Filter, mut cursor: u64, batch: usize) -> Vec<Bytes> {
    let mut frames = Vec::new();
    loop {
        let found = log.read(filter, cursor, batch);
        if found.frames.is_empty() {
            assert_eq!(found.cursor, log.last());
            return frames;
        }
        assert!(found.cursor > cursor, "reading goes forward");
        cursor = found.cursor;
        frames.extend(found.frames.iter().map(|(_, frame)| frame.plain()));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish { set: u8, size: usize },
    Pass(u64),
    Join(u8),
    Leave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1u8..16, 0usize..120).prop_map(|(set, size)| Step::Publish { set, size }),
        1 => (1u64..40).prop_map(Step::Pass),
        2 => (1u8..16).prop_map(Step::Join),
        1 => Just(Step::Leave),
    ]
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let age = prop_oneof![
        Just(None),
        (10u64..60).prop_map(|age| Some(Duration::from_secs(age)))
    ];
    (1usize..12, 200usize..1500, age, 4usize..6).prop_map(
        |(max_events, max_bytes, max_age, max_topics)| Bounds {
            max_events,
            max_bytes,
            max_age,
            max_topics,
        },
    )
}

/// Compares everything that can be asked.
fn compare(log: &Log, naive: &Naive, exact: bool) {
    let last = naive.events.len() as u64;
    assert_eq!(log.last(), last);
    for set in 1..16 {
        let own = filter(&topics(set));
        for cursor in 0..=last {
            let held = naive.held(set, cursor);
            let expected: Vec<Bytes> = held.iter().map(|event| event.frame.clone()).collect();
            for batch in [0, 100, usize::MAX] {
                assert_eq!(
                    read_all(log, &own, cursor, batch),
                    expected,
                    "{set} after {cursor}"
                );
            }

            let lost = naive.lost(set, cursor);
            let told = log.lost(&own, cursor);
            assert!(
                told || !lost,
                "{set} after {cursor}: a loss without a reset"
            );
            if exact {
                assert!(
                    lost || !told,
                    "{set} after {cursor}: a reset without a loss"
                );
            }

            let start = Start::After(log.id(cursor).to_string());
            let resumed = begin(log, &own, &start);
            assert_eq!(resumed.reset, told.then_some(Reason::Evicted));
            assert_eq!(read_all(log, &own, resumed.cursor, 100), expected);
            // Told once: whoever comes back with the id of the reset gets no other.
            let again = Start::After(log.id(resumed.cursor).to_string());
            assert_eq!(begin(log, &own, &again).reset, None);
        }
        let held = naive.held(set, 0);
        let first = held.first().map(|event| event.offset);
        assert_eq!(log.first_after(&own, 0).map(|id| id.offset), first);
        assert_eq!(
            log.before_held(&own),
            first.map_or(last, |offset| offset - 1)
        );
        for count in 0..=held.len() + 1 {
            let cursor = begin(log, &own, &Start::Last(count)).cursor;
            let expected: Vec<Bytes> = held
                .iter()
                .skip(held.len().saturating_sub(count))
                .map(|event| event.frame.clone())
                .collect();
            assert_eq!(
                read_all(log, &own, cursor, 100),
                expected,
                "the last {count} of {set}"
            );
        }
        let earliest = begin(log, &own, &Start::Earliest);
        assert_eq!(read_all(log, &own, earliest.cursor, 100).len(), held.len());
        let live = begin(log, &own, &Start::Live);
        assert!(read_all(log, &own, live.cursor, 100).is_empty());
    }
}

/// Runs `steps` against both. `crowded` adds topics that are used once, so that others are forgotten.
fn run(bounds: Bounds, steps: Vec<Step>, crowded: bool) {
    let mut log = empty(bounds.clone());
    let mut naive = Naive {
        bounds,
        events: Vec::new(),
    };
    let mut now = Instant::now();
    let mut joined: Vec<Filter> = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Publish { set, size } => {
                let names = topics(set);
                let mut names: Vec<&str> = names.iter().map(|name| &**name).collect();
                let once = format!("once{number}");
                if crowded && size % 2 == 0 {
                    names.push(&once);
                }
                let publication = Publication::to(names, "x".repeat(size)).event("e");
                match append(&mut log, publication, now) {
                    Ok((id, true)) => {
                        let frame = log.record(id.offset).unwrap().frame.plain();
                        naive.append(Remembered {
                            offset: id.offset,
                            set,
                            frame,
                            at: now,
                            held: true,
                        });
                    }
                    Ok((_, false)) => panic!("there are no keys here"),
                    // Nothing was published; what was in the way may be gone.
                    Err(PublishError::TooManyTopics(_)) if crowded => {
                        for event in &mut naive.events {
                            event.held &= event.offset > log.before_first();
                        }
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Pass(seconds) => {
                now += Duration::from_secs(seconds);
                naive.expire(now);
                log.expire(now);
            }
            Step::Join(set) => {
                let own = filter(&topics(set));
                if log.index.subscribe(&own).is_ok() {
                    joined.push(own);
                }
            }
            Step::Leave => {
                if let Some(own) = joined.pop() {
                    log.index.unsubscribe(&own, None);
                }
            }
        }
        assert!(log.len() <= naive.bounds.max_events && log.bytes() <= naive.bounds.max_bytes);
        assert!(log.index.len() <= naive.bounds.max_topics);
    }
    compare(&log, &naive, !crowded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_resume_gives_exactly_what_is_held_and_a_reset_exactly_for_a_loss(
        bounds in any_bounds(),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(bounds, steps, false);
    }

    #[test]
    fn with_forgotten_topics_there_is_still_no_loss_without_a_reset(
        bounds in any_bounds(),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(bounds, steps, true);
    }
}

#[test]
fn offsets_begin_at_1_and_have_no_holes() {
    let mut log = empty(bounds());
    assert_eq!((log.last(), log.before_first()), (0, 0));
    for offset in 1..=3 {
        let (id, appended) = publish(&mut log, Publication::new("a", "x")).unwrap();
        assert_eq!((id.offset(), appended), (offset, true));
        assert_eq!(id.epoch(), log.epoch().as_str());
    }
}

#[test]
fn a_failed_publish_consumes_no_offset_and_evicts_nothing() {
    let mut log = empty(Bounds {
        max_bytes: 100,
        ..bounds()
    });
    publish(&mut log, Publication::new("a", "x").key("k")).unwrap();
    let large = Publication::new("a", "x".repeat(100));
    let error = publish(&mut log, large).unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { size, max: 100 } if size > 100));
    let conflict = Publication::new("a", "y").key("k");
    assert!(matches!(
        publish(&mut log, conflict),
        Err(PublishError::KeyConflict { .. })
    ));
    assert_eq!((log.last(), log.len()), (1, 1));
}

#[test]
fn a_key_is_known_while_its_event_is_held() {
    let mut log = empty(Bounds {
        max_events: 2,
        ..bounds()
    });
    let keyed = || Publication::to(["a", "b"], "x").event("e").key("k");
    let first = publish(&mut log, keyed()).unwrap();
    assert!(first.1);
    assert_eq!(publish(&mut log, keyed()).unwrap(), (first.0, false));
    // The order of the topics says nothing, and a type that is the default is none.
    let turned = Publication::to(["b", "a", "b"], "x").event("e").key("k");
    assert_eq!(publish(&mut log, turned).unwrap(), (first.0, false));
    for other in [
        Publication::new("a", "x").event("e").key("k"),
        Publication::to(["a", "c"], "x").event("e").key("k"),
        Publication::to(["a", "b"], "y").event("e").key("k"),
        Publication::to(["a", "b"], "x").key("k"),
    ] {
        let error = publish(&mut log, other).unwrap_err();
        assert!(
            matches!(&error, PublishError::KeyConflict { key, id } if key == "k" && *id == first.0)
        );
    }
    for _ in 0..2 {
        publish(&mut log, Publication::new("a", "more")).unwrap();
    }
    let (again, appended) = publish(&mut log, keyed()).unwrap();
    assert!(appended && again.offset() == 4);
}

#[test]
fn the_topic_with_the_oldest_last_event_is_forgotten_first_and_its_gap_is_not() {
    let mut log = empty(Bounds {
        max_events: 1,
        max_topics: 2,
        ..bounds()
    });
    for topic in ["old", "new", "other"] {
        publish(&mut log, Publication::new(topic, "x")).unwrap();
    }
    let lost = |log: &Log, topic: &str, cursor| log.lost(&filter(&[topic]), cursor);
    assert!(log.index.get("old").is_none() && log.index.get("new").is_some());
    assert!(lost(&log, "old", 0));
    assert!(!lost(&log, "old", 1));
    // Also when it is known again, as a topic that somebody reads.
    log.index.subscribe(&filter(&["old"])).unwrap();
    assert!(lost(&log, "old", 0));
    // Nobody knows whether there was one of this name.
    assert!(lost(&log, "never", 0));
}

#[test]
fn who_reads_names_that_do_not_exist_leaves_nothing_behind() {
    let mut log = empty(bounds());
    for number in 0..10 {
        let topic = filter(&[number.to_string()]);
        log.index.subscribe(&topic).unwrap();
        assert_eq!(log.index.len(), 1);
        log.index.unsubscribe(&topic, None);
    }
    assert_eq!(log.index.len(), 0);
}

#[test]
fn topics_in_use_are_never_forgotten() {
    let mut log = empty(Bounds {
        max_topics: 2,
        ..bounds()
    });
    publish(&mut log, Publication::new("held", "x")).unwrap();
    log.index.subscribe(&filter(&["read"])).unwrap();
    let error = publish(&mut log, Publication::new("third", "x")).unwrap_err();
    assert!(matches!(error, PublishError::TooManyTopics(2)));
    assert_eq!(log.last(), 1);
    log.index.unsubscribe(&filter(&["read"]), None);
    publish(&mut log, Publication::new("third", "x")).unwrap();
}

#[test]
fn many_topics_are_merged_in_order_and_an_event_under_several_comes_once() {
    let mut log = empty(bounds());
    let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    for number in 0..300 {
        let under = [&names[number % 100], &names[(number * 7) % 100]];
        publish(&mut log, Publication::to(under, number.to_string())).unwrap();
    }
    let frames = read_all(&log, &filter(&names), 0, 1000);
    let expected: Vec<String> = (0..300)
        .map(|number| format!("id: {}\ndata: {number}\n\n", log.id(number + 1)))
        .collect();
    assert_eq!(frames, expected);
}
