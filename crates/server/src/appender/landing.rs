//! Where a batch landed in the log, and what becomes of its events.

use smallvec::SmallVec;
use tokio::time::Instant;

use super::Answer;
use crate::error::PublishError;
use crate::position::EventId;
use crate::state::{Shared, Wakes};
use crate::store::log::Entry;
use crate::store::{Appended, Batch, StoreError};

/// How the store's answer goes on from the window's end.
pub(super) enum Landing {
    /// As it must.
    Next,
    /// There are records between that the hub has not seen.
    Gap,
    /// It cannot be.
    Broken(StoreError),
}

impl Landing {
    pub(super) fn of(last: u64, batch: &Batch, appended: &[Appended]) -> Self {
        let broken = |what: String| {
            Self::Broken(StoreError::unknown(format!("the store is broken: {what}")))
        };
        if appended.len() != batch.len() {
            let (answers, events) = (appended.len(), batch.len());
            return broken(format!("{answers} answers for {events} events"));
        }
        let (mut end, mut landing) = (last, Self::Next);
        for outcome in appended {
            let Appended::Stored(offset) = outcome else {
                continue;
            };
            if *offset <= end {
                return broken(format!(
                    "it stored an event at {offset}, and had {end} before"
                ));
            }
            if *offset != end + 1 {
                landing = Self::Gap;
            }
            end = *offset;
        }
        landing
    }
}

/// Makes visible what was stored, and says what became of each event.
pub(super) fn settle(
    shared: &Shared,
    batch: Batch,
    appended: Vec<Appended>,
    now: Instant,
    mut answer: impl FnMut(Answer),
) -> Wakes {
    let epoch = shared.epoch;
    let id = |offset| EventId { epoch, offset };
    let mut entries: SmallVec<[(u64, Entry); 1]> = SmallVec::new();
    for (event, outcome) in batch.take().zip(appended) {
        answer(match outcome {
            Appended::Stored(offset) => {
                entries.push((offset, Entry::new(event, &id(offset))));
                Ok(id(offset))
            }
            Appended::Known(offset) => Ok(id(offset)),
            Appended::Conflict(offset) => Err(PublishError::KeyConflict {
                key: event.key().map(ToString::to_string).unwrap_or_default(),
                id: id(offset),
            }),
            Appended::Refused(why) => Err(StoreError::not_stored(why).into()),
        });
    }
    let mut wakes = Wakes::default();
    let mut state = shared.lock();
    for (offset, entry) in entries {
        // What was read after a gap is there already.
        if offset > state.log.last() {
            state.record(entry, now, &mut wakes);
        }
    }
    wakes
}
