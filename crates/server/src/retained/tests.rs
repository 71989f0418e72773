//! What is retained, and what makes room.

use super::*;
use crate::position::EventId;
use crate::publish::Publication;

fn retained(rules: &[(&str, usize)], max_bytes: usize) -> Retained {
    let mut all = Rules::default();
    for (name, count) in rules {
        all.add(name, *count).unwrap();
    }
    Retained::new(all, max_bytes)
}

fn keep(retained: &mut Retained, offset: u64, topics: &[&str], data: &str) {
    let event = Publication::to(topics.iter().copied(), data)
        .prepare(usize::MAX)
        .unwrap();
    let id: EventId = format!("abcdefgh-{offset}").parse().unwrap();
    retained.keep(&Entry::new(event, &id), offset);
}

fn of(retained: &Retained, names: &[&str]) -> Vec<String> {
    let frames = retained.of(&topic::filter(names).unwrap());
    let text = |frame: Frame| String::from_utf8(frame.plain().to_vec()).unwrap();
    frames.into_iter().map(text).collect()
}

#[test]
fn the_last_of_each_topic_without_ids_in_the_order_of_the_log() {
    let mut retained = retained(&[("a", 2), ("p/*", 1)], 1000);
    for (offset, topics, data) in [
        (1, &["a"][..], "1"),
        (2, &["p/x", "other"], "2"),
        (3, &["a", "p/y"], "3"),
        (4, &["a"], "4"),
        (5, &["other"], "5"),
    ] {
        keep(&mut retained, offset, topics, data);
    }
    let frames = |data: &[u8]| {
        let frame = |n: &u8| format!("data: {n}\n\n");
        data.iter().map(frame).collect::<Vec<_>>()
    };
    assert_eq!(of(&retained, &["a"]), frames(&[3, 4]));
    assert_eq!(
        of(&retained, &["p/y", "a"]),
        frames(&[3, 4]),
        "each event once"
    );
    assert_eq!(of(&retained, &["*"]), frames(&[2, 3, 4]));
    assert_eq!(of(&retained, &["p/*", "p/x"]), frames(&[2, 3]));
    assert!(of(&retained, &["other", "p", "q/*"]).is_empty());
    assert_eq!(
        (retained.events(), retained.bytes()),
        (4, 4 * "data: 1\n\n".len())
    );
}

#[test]
fn a_name_goes_before_patterns_and_a_longer_pattern_before_a_shorter_one() {
    let mut retained = retained(&[("*", 1), ("p/*", 2), ("p/secret", 0)], 1000);
    for offset in 1..=3 {
        for topic in ["p/a", "p/secret", "q"] {
            keep(&mut retained, offset, &[topic], topic);
        }
    }
    let count = |topic| of(&retained, &[topic]).len();
    assert_eq!([count("p/a"), count("p/secret"), count("q")], [2, 0, 1]);
}

#[test]
fn the_topic_that_was_unwritten_the_longest_makes_room() {
    let size = "data: x\n\n".len();
    let mut retained = retained(&[("*", 2)], 3 * size);
    keep(&mut retained, 1, &["old"], "x");
    keep(&mut retained, 2, &["mid"], "x");
    keep(&mut retained, 3, &["old"], "x");
    keep(&mut retained, 4, &["new"], "x");
    let count = |topic| of(&retained, &[topic]).len();
    assert_eq!([count("old"), count("mid"), count("new")], [2, 0, 1]);
    assert_eq!(retained.bytes(), 3 * size);
}

#[test]
fn one_that_does_not_fit_is_not_kept_and_leaves_no_older_one_as_the_newest() {
    let mut retained = retained(&[("*", 5)], 30);
    keep(&mut retained, 1, &["a"], "x");
    keep(&mut retained, 2, &["b"], "x");
    keep(&mut retained, 3, &["a"], &"x".repeat(30));
    assert_eq!(
        [of(&retained, &["a"]).len(), of(&retained, &["b"]).len()],
        [0, 1]
    );
    assert_eq!((retained.events(), retained.by_age.len()), (1, 1));
}

#[test]
fn topics_are_named_on_request() {
    let mut retained = retained(&[("*", 1)], 1000);
    keep(&mut retained, 1, &["z/1", "a/1"], "x");
    let filter = topic::filter(["a/*"]).unwrap().topic_as_event(true);
    let frames = retained.of(&filter);
    assert_eq!(frames[0].plain(), "event: a/1\ndata: x\n\n");
}

#[test]
fn what_is_named_is_made_once_for_all_who_want_the_same_name() {
    let mut retained = retained(&[("*", 1)], 1000);
    keep(&mut retained, 1, &["a/1", "b/1", "c/1", "d/1", "e/1"], "x");
    let of = |names: &[&str]| {
        let filter = topic::filter(names).unwrap().topic_as_event(true);
        let mut frames = retained.of(&filter);
        assert_eq!(frames.len(), 1);
        frames.pop().unwrap()
    };
    let first = of(&["a/*"]);
    for same in [&["a/*"][..], &["*"], &["a/1", "c/1"]] {
        assert_eq!(
            of(same).chunk().as_ptr(),
            first.chunk().as_ptr(),
            "{same:?}"
        );
    }
    for other in ["b/*", "c/1", "d/1", "e/1"] {
        let topic = other.replace('*', "1");
        assert_eq!(of(&[other]).plain(), format!("event: {topic}\ndata: x\n\n"));
    }
    // Those that nobody has asked for lately are made again.
    assert_eq!(of(&["*"]), first);
    let kept = &retained.topics["a/1"][0].kept;
    assert_eq!(kept.named.lock().unwrap().len(), MAX_NAMED);
}
