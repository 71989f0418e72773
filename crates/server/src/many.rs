//! Several events that are published in one go: the call as a whole, and what can be wrong with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::error::PublishError;
use crate::position::EventId;
use crate::publish::{NewEvent, Publication};

/// The most events that are published in one go.
pub const MAX_PUBLISH_MANY: usize = 1000;

pub(crate) type ManyAnswer = Result<Vec<EventId>, PublishManyError>;

/// The hub did not take what was to be published in one go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PublishManyError {
    /// More events than [`MAX_PUBLISH_MANY`]; none was stored.
    TooMany(usize),
    /// Some were refused. None of the others was stored, unless only the store could know what is wrong: a key that was used so
    /// long ago that the hub's window has its event no more.
    Refused {
        /// How many there were.
        count: usize,
        /// The refused ones, by index, and why; at least one.
        refused: Vec<(usize, PublishError)>,
        /// Those that were stored all the same, by index.
        stored: Vec<(usize, EventId)>,
    },
    /// All failed alike: the hub is closed, or the store failed, whose outcome says whether they were stored.
    All(PublishError),
}

impl PublishManyError {
    /// The index of the first event that was refused; None where all failed alike.
    pub fn index(&self) -> Option<usize> {
        match self {
            Self::Refused { refused, .. } => refused.first().map(|(index, _)| *index),
            Self::TooMany(_) | Self::All(_) => None,
        }
    }
}

impl fmt::Display for PublishManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(count) => write!(
                f,
                "{count} events at once: at most {MAX_PUBLISH_MANY} are allowed; publish them in several calls"
            ),
            Self::Refused {
                count,
                refused,
                stored,
            } => {
                if let Some((index, error)) = refused.first() {
                    write!(f, "the event at index {index} of {count}: {error}")?;
                }
                if refused.len() > 1 {
                    write!(f, " (and {} more)", refused.len() - 1)?;
                }
                f.write_str(if stored.is_empty() {
                    "; none was stored"
                } else {
                    "; the others were stored"
                })
            }
            Self::All(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PublishManyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What they say themselves is in the text already.
        match self {
            Self::All(error) => error.source(),
            Self::TooMany(_) | Self::Refused { .. } => None,
        }
    }
}

/// What is to be published in one go, checked and encoded.
#[derive(Debug)]
pub(crate) struct Many {
    /// No key twice.
    pub(crate) events: Vec<NewEvent>,
    pub(crate) places: Places,
}

impl Many {
    /// Checks and encodes everything that does not need the log.
    pub(crate) fn prepare<I>(publications: I, max_event: usize) -> Result<Self, PublishManyError>
    where
        I: IntoIterator<Item = Publication>,
    {
        let mut events: Vec<NewEvent> = Vec::new();
        let mut places = Vec::new();
        let mut refused = Vec::new();
        let mut count = 0;
        // Where each key stands, as an event and as a publication.
        let mut keys: HashMap<Arc<str>, (usize, usize)> = HashMap::new();
        for (index, publication) in publications.into_iter().enumerate() {
            count += 1;
            if count > MAX_PUBLISH_MANY {
                // Only counted: nothing of it is held.
                continue;
            }
            let event = match publication.prepare(max_event) {
                Ok(event) => event,
                Err(error) => {
                    refused.push((index, error));
                    continue;
                }
            };
            if let Some(key) = event.key().cloned() {
                if let Some(&(place, first)) = keys.get(&key) {
                    if event.is_same_as(&events[place]) {
                        places.push(place);
                    } else {
                        let key = key.to_string();
                        refused.push((index, PublishError::KeyTwice { key, index: first }));
                    }
                    continue;
                }
                keys.insert(key, (events.len(), index));
            }
            places.push(events.len());
            events.push(event);
        }
        if count > MAX_PUBLISH_MANY {
            return Err(PublishManyError::TooMany(count));
        }
        if !refused.is_empty() {
            return Err(PublishManyError::Refused {
                count,
                refused,
                stored: Vec::new(),
            });
        }
        let places = Places(places.into());
        Ok(Self { events, places })
    }
}

/// For each publication of a call, which of the events it is: the same key with the same content is one event.
#[derive(Clone, Debug)]
pub(crate) struct Places(Box<[usize]>);

impl Places {
    /// Some events cannot be appended, so that none of them is.
    pub(crate) fn refuse(&self, errors: &HashMap<usize, PublishError>) -> PublishManyError {
        let refused = self.0.iter().enumerate();
        let refused =
            refused.filter_map(|(index, place)| Some((index, errors.get(place)?.clone())));
        PublishManyError::Refused {
            count: self.0.len(),
            refused: refused.collect(),
            stored: Vec::new(),
        }
    }

    /// What became of each event, as the answer to the call. `given` is how many of them the store was given.
    pub(crate) fn answer(
        &self,
        answers: &[Result<EventId, PublishError>],
        given: usize,
    ) -> ManyAnswer {
        let failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        let (mut alike, mut first) = (0, None);
        for error in failed {
            if matches!(error, PublishError::Store(_) | PublishError::Closed) {
                alike += 1;
                first.get_or_insert(error);
            }
        }
        if let Some(error) = first.filter(|_| alike == given) {
            return Err(PublishManyError::All(error.clone()));
        }
        let (mut refused, mut stored) = (Vec::new(), Vec::new());
        for (index, place) in self.0.iter().enumerate() {
            match &answers[*place] {
                Ok(id) => stored.push((index, *id)),
                Err(error) => refused.push((index, error.clone())),
            }
        }
        if refused.is_empty() {
            return Ok(stored.into_iter().map(|(_, id)| id).collect());
        }
        Err(PublishManyError::Refused {
            count: self.0.len(),
            refused,
            stored,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(data: &str) -> Publication {
        Publication::new("a", data)
    }

    fn prepare(
        publications: impl IntoIterator<Item = Publication>,
    ) -> Result<Many, PublishManyError> {
        Many::prepare(publications, usize::MAX)
    }

    #[test]
    fn a_key_that_is_there_twice_is_one_event_or_an_error() {
        let same = prepare([
            publication("x").key("k"),
            publication("y"),
            publication("x").key("k"),
        ])
        .unwrap();
        assert_eq!((same.events.len(), &*same.places.0), (2, &[0, 1, 0][..]));
        let error = prepare([publication("x").key("k"), publication("z").key("k")]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the event at index 1 of 2: the key \"k\" is also that of the event at index 0, which has other content: use a key \
             once per event; none was stored"
        );
    }

    #[test]
    fn all_that_are_wrong_are_named() {
        let error = prepare([
            publication("x"),
            Publication::new("", "x"),
            publication("x"),
            publication("x").event("eventwire.x"),
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the event at index 1 of 4: a topic's name is empty (and 1 more); none was stored"
        );
        let PublishManyError::Refused { refused, .. } = error else {
            panic!("{error}");
        };
        let indexes: Vec<_> = refused.iter().map(|(index, _)| *index).collect();
        assert_eq!(indexes, [1, 3]);
    }

    #[test]
    fn their_number_is_bounded() {
        let many = |count| prepare((0..count).map(|_| publication("x")));
        assert_eq!(many(1000).unwrap().events.len(), 1000);
        assert!(matches!(many(1001), Err(PublishManyError::TooMany(1001))));
    }
}
