//! What one call publishes, on its way to the hub.

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::{Error, ErrorKind, Outcome, PublishMessage};

/// The events of one call, as the JSON that is sent, and who waits for their ids. Dropped unanswered, it says so.
#[derive(Debug)]
pub(super) struct Unit {
    /// Objects, with commas between.
    json: String,
    /// How many objects.
    pub(super) count: usize,
    /// The keys that were given; those that are made are in no other unit.
    pub(super) keys: Vec<String>,
    /// Whether it is of a call for many, which is told of an index.
    pub(super) many: bool,
    reply: Option<Reply>,
    /// When it is answered at the latest.
    pub(super) deadline: Option<Instant>,
    pub(super) failures: u32,
    /// An attempt is under way.
    pub(super) under_way: bool,
    /// An attempt may have stored it.
    pub(super) unknown: bool,
}

#[derive(Debug)]
enum Reply {
    One(oneshot::Sender<Result<String, Error>>),
    Many(oneshot::Sender<Result<Vec<String>, Error>>),
}

impl Unit {
    pub(super) fn one(
        topics: Vec<String>,
        message: PublishMessage,
        sender: oneshot::Sender<Result<String, Error>>,
    ) -> Unit {
        Unit::of([(topics, message)], false, Reply::One(sender))
    }

    pub(super) fn many(
        messages: impl IntoIterator<Item = (Vec<String>, PublishMessage)>,
        sender: oneshot::Sender<Result<Vec<String>, Error>>,
    ) -> Unit {
        Unit::of(messages, true, Reply::Many(sender))
    }

    fn of(
        messages: impl IntoIterator<Item = (Vec<String>, PublishMessage)>,
        many: bool,
        reply: Reply,
    ) -> Unit {
        let (mut json, mut count, mut keys) = (String::new(), 0, Vec::new());
        for (topics, message) in messages {
            if count > 0 {
                json.push(',');
            }
            count += 1;
            keys.extend(message.key.clone());
            json.push_str(&encode(topics, message));
        }
        Unit {
            json,
            count,
            keys,
            many,
            reply: Some(reply),
            deadline: None,
            failures: 0,
            under_way: false,
            unknown: false,
        }
    }

    /// The bytes of its JSON.
    pub(super) fn size(&self) -> usize {
        self.json.len()
    }

    /// What is told of it where it failed.
    pub(super) fn outcome(&self) -> Outcome {
        if self.unknown || self.under_way {
            Outcome::Unknown
        } else {
            Outcome::NotStored
        }
    }

    /// Its events were stored: takes their ids.
    pub(super) fn stored(mut self, ids: &mut impl Iterator<Item = String>) {
        let mut ids = ids.take(self.count);
        // Nobody may wait for them any more.
        match self.reply.take() {
            Some(Reply::One(sender)) => drop(ids.next().map(|id| sender.send(Ok(id)))),
            Some(Reply::Many(sender)) => drop(sender.send(Ok(ids.by_ref().collect()))),
            None => {}
        }
        // Those after them are of the next.
        ids.for_each(drop);
    }

    /// Whether it has no answer yet. Who waits for it may be gone: it is published without them.
    pub(super) fn is_open(&self) -> bool {
        self.reply.is_some()
    }

    /// Its time has come. A request that it is in may go on for others.
    pub(super) fn expired(&mut self, error: Error) {
        let attempts = self.failures.saturating_add(u32::from(self.under_way));
        let error = error.with_attempt(attempts).with_outcome(self.outcome());
        self.reject(error);
    }

    /// It is given up.
    pub(super) fn failed(mut self, error: Error) {
        self.under_way = false;
        let error = error
            .with_attempt(self.failures)
            .with_outcome(self.outcome());
        self.reject(error);
    }

    fn reject(&mut self, error: Error) {
        match self.reply.take() {
            Some(Reply::One(sender)) => drop(sender.send(Err(error))),
            Some(Reply::Many(sender)) => drop(sender.send(Err(error))),
            None => {}
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if self.reply.is_some() {
            self.reject(closed(self.outcome()));
        }
    }
}

/// What is told where nobody goes on: the publisher was closed or dropped, or the runtime has ended.
pub(super) fn closed(outcome: Outcome) -> Error {
    let text = match outcome {
        Outcome::NotStored => "the publisher is closed: nothing was stored",
        Outcome::Unknown => {
            "the publisher was closed before the hub had answered: whether it was stored is not known"
        }
    };
    Error::new(ErrorKind::Closed, text).with_outcome(outcome)
}

/// The body of a request for some units: an object for one event, else an array.
pub(super) fn body(units: &[Unit]) -> String {
    if let [unit] = units
        && !unit.many
    {
        return unit.json.clone();
    }
    let size: usize = units.iter().map(|unit| unit.size() + 1).sum();
    let mut body = String::with_capacity(size + 1);
    for unit in units {
        body.push(if body.is_empty() { '[' } else { ',' });
        body.push_str(&unit.json);
    }
    body.push(']');
    body
}

fn encode(topics: Vec<String>, message: PublishMessage) -> String {
    let key = message
        .key
        .unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
    let mut fields = serde_json::json!({ "topic": topics, "data": message.data, "key": key });
    if let Some(event) = message.event {
        fields["event"] = event.into();
    }
    fields.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(message: impl Into<PublishMessage>) -> Unit {
        Unit::one(vec!["a".into()], message.into(), oneshot::channel().0)
    }

    #[test]
    fn every_publish_has_a_key_of_its_own_unless_one_is_given() {
        let key = |message: PublishMessage| {
            let fields: serde_json::Value = serde_json::from_str(&body(&[unit(message)])).unwrap();
            fields["key"].as_str().unwrap().to_owned()
        };
        assert_eq!(key(PublishMessage::new("x").key("mine")), "mine");
        let (one, two) = (key("x".into()), key("x".into()));
        assert_ne!(one, two);
        assert_eq!(one.len(), 32);
    }

    #[test]
    fn one_event_is_an_object_and_several_are_an_array() {
        let many = |count| {
            let events = (0..count).map(|_| (vec!["a".into()], "x".into()));
            Unit::many(events, oneshot::channel().0)
        };
        for (units, count) in [
            (vec![many(1)], 1),
            (vec![many(3)], 3),
            (vec![unit("x"), unit("y")], 2),
            (vec![unit("x"), many(2)], 3),
        ] {
            let array: Vec<serde_json::Value> = serde_json::from_str(&body(&units)).unwrap();
            assert_eq!(array.len(), count);
        }
    }

    #[test]
    fn what_is_dropped_unanswered_says_whether_it_may_have_been_stored() {
        for (under_way, outcome) in [(false, Outcome::NotStored), (true, Outcome::Unknown)] {
            let (sender, mut receiver) = oneshot::channel();
            let mut unit = Unit::one(vec!["a".into()], "x".into(), sender);
            unit.under_way = under_way;
            drop(unit);
            let error = receiver.try_recv().unwrap().unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Closed, Some(outcome))
            );
        }
    }
}
