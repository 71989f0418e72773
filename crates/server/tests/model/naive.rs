//! A hub that never forgets, as simple as can be.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::steps::{Message, Options};
use crate::wish::{Wish, names};

#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) set: u8,
    /// In the order that they were given in.
    pub(crate) topics: Vec<&'static str>,
    pub(crate) data: String,
    pub(crate) key: Option<u8>,
    pub(crate) frame: String,
    at: Instant,
}

/// All that was ever published; what is before `first` is held no more.
pub(crate) struct Naive {
    pub(crate) options: Options,
    pub(crate) epoch: String,
    pub(crate) events: Vec<Remembered>,
    /// The place in `events` of the first that is held; its offset is one more.
    pub(crate) first: usize,
    /// The places of what is retained, by topic.
    pub(crate) retained: Vec<(&'static str, Vec<usize>)>,
}

impl Naive {
    pub(crate) fn last(&self) -> u64 {
        self.events.len() as u64
    }

    pub(crate) fn bytes(&self) -> usize {
        self.events[self.first..]
            .iter()
            .map(|e| e.frame.len())
            .sum()
    }

    pub(crate) fn expire(&mut self) {
        let Some(age) = self.options.max_age.map(Duration::from_secs) else {
            return;
        };
        let held = &self.events[self.first..];
        self.first += held.iter().take_while(|e| e.at.elapsed() > age).count();
    }

    /// The held event that has the key of `message`, and whether it is the same.
    pub(crate) fn known(&self, message: &Message) -> Option<(u64, bool)> {
        let key = message.key?;
        let mut held = self.events.iter().enumerate().skip(self.first);
        let (place, event) = held.find(|(_, event)| event.key == Some(key))?;
        let same = event.set == message.set && event.data == message.data();
        Some((place as u64 + 1, same))
    }

    /// It was published.
    pub(crate) fn push(&mut self, message: &Message) {
        let data = message.data();
        self.events.push(Remembered {
            set: message.set,
            topics: message.topics(),
            frame: self.frame(self.last() + 1, &data),
            data,
            key: message.key,
            at: Instant::now(),
        });
        self.retain();
    }

    /// Holds no more than the bounds allow.
    pub(crate) fn evict(&mut self) {
        while self.events.len() - self.first > self.options.max_events
            || self.bytes() > self.options.max_bytes
        {
            self.first += 1;
        }
    }

    pub(crate) fn frame(&self, offset: u64, data: &str) -> String {
        let space = if data.is_empty() { "" } else { " " };
        format!("id: {}-{offset}\ndata:{space}{data}\n\n", self.epoch)
    }

    pub(crate) fn mark(&self, offset: u64) -> String {
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

    pub(crate) fn held(&self, wish: Wish, cursor: u64) -> Vec<String> {
        self.own(wish, cursor)
            .filter(|(place, _)| *place >= self.first)
            .map(|(_, event)| self.seen(wish, event))
            .collect()
    }

    pub(crate) fn lost(&self, wish: Wish, cursor: u64) -> bool {
        self.own(wish, cursor).any(|(place, _)| place < self.first)
    }

    pub(crate) fn size(&self, place: usize) -> usize {
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
    pub(crate) fn first_of(&self, wish: Wish) -> Vec<String> {
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
