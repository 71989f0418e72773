//! Who is told what became of an event: its publisher, or the call that published it together with others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Answer;
use crate::error::PublishError;
use crate::many::{Many, ManyAnswer, Places, PublishManyError};
use crate::publish::NewEvent;
use crate::store::log::Log;

/// The answers that can be a failure.
pub(crate) trait Failing {
    /// It failed.
    fn failed(error: PublishError) -> Self;
}

impl Failing for Answer {
    fn failed(error: PublishError) -> Self {
        Err(error)
    }
}

impl Failing for ManyAnswer {
    fn failed(error: PublishError) -> Self {
        Err(PublishManyError::All(error))
    }
}

/// Who waits for the answer of one event.
pub(super) enum Sink {
    One(oneshot::Sender<Answer>),
    Part(Arc<Gathering>, usize),
}

impl Sink {
    /// Called without a lock: it wakes.
    pub(super) fn send(self, answer: Answer) {
        match self {
            // Its publisher may be gone.
            Self::One(sender) => drop(sender.send(answer)),
            Self::Part(gathering, place) => gathering.take(place, answer),
        }
    }
}

/// The answers of one call's events, until all are there. Dropped before that, its sender says so.
pub(super) struct Gathering {
    places: Places,
    /// How many of its events the store was given.
    given: usize,
    gathered: Mutex<Gathered>,
}

struct Gathered {
    answers: Vec<Option<Answer>>,
    /// How many are not there yet.
    left: usize,
    sender: Option<oneshot::Sender<ManyAnswer>>,
}

impl Gathering {
    fn take(&self, place: usize, answer: Answer) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.answers[place] = Some(answer);
        gathered.left -= 1;
        if gathered.left > 0 {
            return;
        }
        let answers: Vec<Answer> = gathered.answers.drain(..).flatten().collect();
        let sender = gathered.sender.take();
        drop(gathered);
        if let Some(sender) = sender {
            let _ = sender.send(self.places.answer(&answers, self.given));
        }
    }
}

/// What the log says to events that were published in one go.
pub(super) enum Admitted {
    /// Some are to be stored, each with its sink; the others are known by their keys.
    New(Vec<Sink>),
    /// There is nothing to store.
    Answered(oneshot::Sender<ManyAnswer>, ManyAnswer),
}

impl Admitted {
    /// Whether all of `many` can be appended behind `events`. Those that are to be stored join them.
    pub(super) fn of(
        many: Many,
        sender: oneshot::Sender<ManyAnswer>,
        log: &mut Log,
        events: &mut Vec<NewEvent>,
        now: Instant,
    ) -> Self {
        let Many {
            events: own,
            places,
        } = many;
        let ahead = events.len();
        let mut answers: Vec<Option<Answer>> = vec![None; own.len()];
        let mut refused: HashMap<usize, PublishError> = HashMap::new();
        let mut at = Vec::with_capacity(own.len());
        for (place, event) in own.into_iter().enumerate() {
            match log.admit(&event, events, now) {
                Ok(None) => {
                    events.push(event);
                    at.push(place);
                }
                Ok(Some(known)) => answers[place] = Some(Ok(known)),
                Err(error) => drop(refused.insert(place, error)),
            }
        }
        if !refused.is_empty() {
            events.truncate(ahead);
            return Self::Answered(sender, Err(places.refuse(&refused)));
        }
        if at.is_empty() {
            let answers: Vec<Answer> = answers.into_iter().flatten().collect();
            return Self::Answered(sender, places.answer(&answers, 0));
        }
        let gathering = Arc::new(Gathering {
            places,
            given: at.len(),
            gathered: Mutex::new(Gathered {
                answers,
                left: at.len(),
                sender: Some(sender),
            }),
        });
        let part = |place| Sink::Part(gathering.clone(), place);
        Self::New(at.into_iter().map(part).collect())
    }
}

/// Somebody who waits for the appender.
pub(super) enum Waiting {
    One(NewEvent, oneshot::Sender<Answer>),
    Many(Many, oneshot::Sender<ManyAnswer>),
}

impl Waiting {
    pub(super) fn events(&self) -> &[NewEvent] {
        match self {
            Self::One(event, _) => std::slice::from_ref(event),
            Self::Many(many, _) => &many.events,
        }
    }

    /// About how many bytes its events take.
    pub(super) fn size(&self) -> usize {
        self.events().iter().map(NewEvent::size).sum()
    }

    /// Called without a lock: it wakes.
    pub(super) fn fail(self, error: PublishError) {
        // Nobody may wait for it any more.
        match self {
            Self::One(_, sender) => drop(sender.send(Answer::failed(error))),
            Self::Many(_, sender) => drop(sender.send(ManyAnswer::failed(error))),
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

/// An answer, to be given without a lock.
pub(super) enum Settled {
    One(oneshot::Sender<Answer>, Answer),
    Many(oneshot::Sender<ManyAnswer>, ManyAnswer),
}

impl Settled {
    pub(super) fn send(self) {
        match self {
            Self::One(sender, answer) => drop(sender.send(answer)),
            Self::Many(sender, answer) => drop(sender.send(answer)),
        }
    }
}
