//! What publishing answers, and what of it is held.

use eventwire_server::{PublishError, PublishManyError};

use crate::run::Run;
use crate::steps::Message;

/// What becomes of one of several events that are published in one go.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    New(u64),
    /// Another has its key, and is the same.
    Known(u64),
    /// None is stored for its sake.
    Refused,
    /// Its key is that of another event, as only the store knows: the others are stored.
    Conflict,
}

impl Run {
    pub(crate) async fn publish(&mut self, message: &Message) {
        self.expire();
        let published = self.hub.publish(message.publication()).await;
        let naive = &mut self.naive;
        if let Some((offset, same)) = naive.known(message) {
            if matches!(published, Err(PublishError::TooManyTopics(_))) {
                // Refused before the store, which alone knows the key, is asked.
                assert!(self.crowded && self.store.is_some());
            } else if same {
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
        let frame = naive.frame(offset, &message.data());
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
                naive.push(message);
                self.evict();
            }
            Err(PublishError::TooManyTopics(_)) if self.crowded => self.made_room(),
            Err(error) => panic!("{error}"),
        }
    }

    /// All or none, but for what only the store can know.
    pub(crate) async fn publish_many(&mut self, mut messages: Vec<Message>) {
        self.expire();
        if self.crowded {
            // What makes room for one may take away the event that has the key of the next.
            messages.iter_mut().for_each(|message| message.key = None);
        }
        let fates = self.fates(&messages);
        let of = |wanted: Fate| {
            let all = fates.iter().enumerate();
            all.filter(move |(_, fate)| **fate == wanted)
                .map(|(index, _)| index)
                .collect::<Vec<_>>()
        };
        let offsets: Vec<(usize, u64)> = fates
            .iter()
            .enumerate()
            .filter_map(|(index, fate)| match fate {
                Fate::New(offset) | Fate::Known(offset) => Some((index, *offset)),
                Fate::Refused | Fate::Conflict => None,
            })
            .collect();
        let publications = messages.iter().map(Message::publication);
        let published = self.hub.publish_many(publications).await;
        let (refused, conflicts) = (of(Fate::Refused), of(Fate::Conflict));
        match published {
            Ok(ids) => {
                assert!(refused.is_empty() && conflicts.is_empty(), "{fates:?}");
                let ids: Vec<_> = ids.iter().map(|id| id.offset()).enumerate().collect();
                assert_eq!(ids, offsets);
            }
            Err(PublishManyError::Refused {
                count,
                refused: got,
                stored,
            }) => {
                assert_eq!(count, messages.len());
                let crowded_out = |(_, error): &_| matches!(error, PublishError::TooManyTopics(_));
                if self.crowded && got.iter().any(crowded_out) {
                    assert!(stored.is_empty());
                    return self.made_room();
                }
                let got: Vec<_> = got.into_iter().map(|(index, _)| index).collect();
                let stored: Vec<_> = stored.iter().map(|(at, id)| (*at, id.offset())).collect();
                if !refused.is_empty() {
                    assert_eq!((got, stored), (refused, Vec::new()), "all or none");
                    return self.made_room();
                }
                assert_eq!((got, stored), (conflicts, offsets));
            }
            Err(error) => panic!("{error}"),
        }
        for (message, fate) in messages.iter().zip(&fates) {
            if *fate == Fate::New(self.naive.last() + 1) {
                self.naive.push(message);
            }
        }
        self.evict();
    }

    /// What becomes of each, where there is room for its topics.
    fn fates(&self, messages: &[Message]) -> Vec<Fate> {
        let naive = &self.naive;
        let before = |index: usize| {
            let key = messages[index].key?;
            let mut earlier = messages[..index].iter();
            earlier.position(|earlier| earlier.key == Some(key))
        };
        let same =
            |one: &Message, other: &Message| one.set == other.set && one.data() == other.data();
        let twice = |index: usize| {
            before(index).is_some_and(|first| !same(&messages[first], &messages[index]))
        };
        if (0..messages.len()).any(twice) {
            // Nothing else is looked at: the others are not stored either.
            let fate = |index| {
                if twice(index) {
                    Fate::Refused
                } else {
                    Fate::Known(0)
                }
            };
            return (0..messages.len()).map(fate).collect();
        }
        let (before_window, last) = (self.before_window(), naive.last());
        let mut fates: Vec<Fate> = Vec::new();
        // How many are given to the store, and how many of them are stored.
        let (mut given, mut stored) = (0, 0);
        for (index, message) in messages.iter().enumerate() {
            if let Some(first) = before(index) {
                fates.push(fates[first]);
                continue;
            }
            let known = naive.known(message);
            if let Some((offset, same)) = known.filter(|(offset, _)| *offset > before_window) {
                fates.push(if same {
                    Fate::Known(offset)
                } else {
                    Fate::Refused
                });
                continue;
            }
            let frame = naive.frame(last + 1 + given, &message.data());
            if frame.len() > naive.options.max_bytes {
                fates.push(Fate::Refused);
                continue;
            }
            given += 1;
            fates.push(match known {
                Some((offset, true)) => Fate::Known(offset),
                Some((_, false)) => Fate::Conflict,
                None => {
                    stored += 1;
                    Fate::New(last + stored)
                }
            });
        }
        fates
    }

    /// Without a store, what leaves the window is gone.
    fn evict(&mut self) {
        if self.store.is_none() {
            self.naive.evict();
        }
    }

    /// What was in the way of an event that was refused may be gone.
    fn made_room(&mut self) {
        if self.store.is_none() {
            let first = self.before_window() as usize;
            assert!(first == self.naive.first || self.crowded && first > self.naive.first);
            self.naive.first = first;
        }
    }
}
