//! Names of topics.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::TopicError;
use crate::filter::Filter;

/// The longest name of a topic, in bytes.
pub const MAX_TOPIC: usize = 256;

/// The most topics that one event is published under, or one subscription reads.
pub const MAX_TOPICS_AT_ONCE: usize = 1000;

pub(crate) type Topic = Arc<str>;

/// The types that begin so are the hub's own, and so are topics, which can become types.
pub(crate) const RESERVED: &str = "eventwire.";

/// The topics that an event is published under: checked, each once, in the order given.
pub(crate) fn check<I>(names: I) -> Result<Box<[Topic]>, TopicError>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    distinct(names, |name| {
        if name.contains('*') {
            return Err(TopicError::Pattern(name.to_owned()));
        }
        check_name(name)
    })
    .map(Into::into)
}

/// What a subscription is for, by names of topics and by patterns: `orders/*` is every topic that begins with `orders/`, and
/// `*` every topic.
pub(crate) fn filter<I>(names: I) -> Result<Filter, TopicError>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let all = distinct(names, |name| {
        let prefix = prefix(name).unwrap_or(name);
        if prefix.contains('*') {
            return Err(TopicError::Pattern(name.to_owned()));
        }
        if prefix.is_empty() && !name.is_empty() {
            return Ok(());
        }
        check_name(prefix)
    })?;
    let (patterns, topics): (Vec<Topic>, Vec<Topic>) =
        all.into_iter().partition(|name| prefix(name).is_some());
    let prefixes = patterns.iter().filter_map(|name| prefix(name));
    let prefixes = prefixes.map(Topic::from).collect();
    Ok(Filter::new(topics.into(), prefixes))
}

/// What stands before the `*` of a pattern; None where this is none.
fn prefix(name: &str) -> Option<&str> {
    name.strip_suffix('*')
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
}

fn distinct<I>(
    names: I,
    check: impl Fn(&str) -> Result<(), TopicError>,
) -> Result<Vec<Topic>, TopicError>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut topics: Vec<Topic> = Vec::new();
    // A set, since a list of any length may come from outside.
    let mut seen: HashSet<Topic> = HashSet::new();
    for name in names {
        let name = name.as_ref();
        check(name)?;
        if seen.contains(name) {
            continue;
        }
        let topic = Topic::from(name);
        seen.insert(topic.clone());
        topics.push(topic);
        if topics.len() > MAX_TOPICS_AT_ONCE {
            return Err(TopicError::TooMany(topics.len()));
        }
    }
    if topics.is_empty() {
        Err(TopicError::None)
    } else {
        Ok(topics)
    }
}

/// All prefixes that a pattern could have which covers `topic`: the empty one, and those that end with a `/`.
pub(crate) fn prefixes(topic: &str) -> impl Iterator<Item = &str> {
    let slashes = topic.match_indices('/').map(|(at, _)| at + 1);
    std::iter::once(0).chain(slashes).map(|end| &topic[..end])
}

fn check_name(name: &str) -> Result<(), TopicError> {
    if name.is_empty() {
        Err(TopicError::Empty)
    } else if name.len() > MAX_TOPIC {
        Err(TopicError::TooLong(name.len()))
    } else if name.chars().any(char::is_control) {
        Err(TopicError::Control(name.to_owned()))
    } else if name.starts_with(RESERVED) {
        Err(TopicError::Reserved(name.to_owned()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_once_in_the_order_given() {
        let topics = check(["b", "a", "b"]).unwrap();
        assert_eq!(topics.iter().map(|t| &**t).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn what_could_cover_a_topic() {
        let all = |topic| prefixes(topic).collect::<Vec<_>>();
        assert_eq!(all("a"), [""]);
        assert_eq!(all("a/b/c"), ["", "a/", "a/b/"]);
        assert_eq!(all("a/"), ["", "a/"]);
    }

    #[test]
    fn patterns_are_told_from_names() {
        let filter = filter(["orders/*", "b", "a", "b", "*"]).unwrap();
        let text = |topics: &[Topic]| topics.iter().map(|t| t.to_string()).collect::<Vec<_>>();
        assert_eq!(text(filter.topics()), ["a", "b"]);
        assert_eq!(text(filter.prefixes()), ["", "orders/"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for name in ["a*", "*/a", "a/*/b", "a/**", "**", "a/*b"] {
            let error = Err(TopicError::Pattern(name.to_owned()));
            assert_eq!(filter([name]).map(|_| ()), error, "{name}");
        }
        assert_eq!(filter([""]).unwrap_err(), TopicError::Empty);
        let reserved = TopicError::Reserved("eventwire.x/*".to_owned());
        assert!(
            matches!(filter(["eventwire.x/*"]), Err(TopicError::Reserved(_))),
            "{reserved}"
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert_eq!(
            check(["eventwire.reset"]),
            Err(TopicError::Reserved("eventwire.reset".into()))
        );
        assert_eq!(check([] as [&str; 0]), Err(TopicError::None));
        assert_eq!(check([""]), Err(TopicError::Empty));
        assert_eq!(check(["x".repeat(257)]), Err(TopicError::TooLong(257)));
        assert_eq!(check(["a\nb"]), Err(TopicError::Control("a\nb".into())));
        assert_eq!(
            check(["orders/*"]),
            Err(TopicError::Pattern("orders/*".into()))
        );
        let many = (0..=MAX_TOPICS_AT_ONCE).map(|n| n.to_string());
        assert_eq!(
            check(many),
            Err(TopicError::TooMany(MAX_TOPICS_AT_ONCE + 1))
        );
    }
}
