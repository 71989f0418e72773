//! Where a subscription begins, and what it is told if it missed something.

use std::str::FromStr;
use std::time::Duration;

use eventwire_codec::{Block, MAX_RETRY};
use serde_json::json;

use crate::error::SubscribeError;
use crate::filter::Filter;
use crate::position::EventId;
use crate::store::log::{Log, Seek};

/// Where a subscription begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With what is published from now on.
    #[default]
    Live,
    /// With the first event that the log still holds.
    Earliest,
    /// With the last so many events of its topics, of those that the log still holds.
    Last(usize),
    /// With what follows this last event ID. The empty id is [`Start::Live`].
    After(String),
}

impl FromStr for Start {
    type Err = SubscribeError;

    /// Reads `live`, `earliest` or `last:N`.
    ///
    /// ```
    /// use eventwire_server::Start;
    ///
    /// assert_eq!("last:10".parse(), Ok(Start::Last(10)));
    /// ```
    fn from_str(text: &str) -> Result<Self, SubscribeError> {
        let unknown = || SubscribeError::Start(text.to_owned());
        match text {
            "live" => Ok(Self::Live),
            "earliest" => Ok(Self::Earliest),
            _ => {
                let count = text.strip_prefix("last:").ok_or_else(unknown)?;
                if !count.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(unknown());
                }
                Ok(Self::Last(count.parse().map_err(|_| unknown())?))
            }
        }
    }
}

/// Why a last event ID could not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Evicted,
    Ahead,
    Epoch,
    Malformed,
}

impl Reason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Ahead => "ahead",
            Self::Epoch => "epoch",
            Self::Malformed => "malformed",
        }
    }
}

/// The beginning of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) cursor: u64,
    pub(crate) reset: Option<Reason>,
    /// It asks for nothing that was before: retained values are for it.
    pub(crate) newcomer: bool,
    /// What it is told first is known once the store was asked for what is before the window.
    pub(crate) asks_store: bool,
    /// How many records it wants of those before the window, the newest ones.
    pub(crate) lacks: usize,
}

impl Begin {
    fn at(cursor: u64) -> Self {
        Self {
            cursor,
            reset: None,
            newcomer: false,
            asks_store: false,
            lacks: 0,
        }
    }
}

/// Where a subscription begins; `window_is_all` says whether what the window lacks is gone, or in the store. None where that is not
/// known yet, since much is to be looked at: it is to be asked again, with the same `seek`.
pub(crate) fn begin(
    log: &Log,
    filter: &Filter,
    start: &Start,
    window_is_all: bool,
    seek: &mut Seek,
) -> Option<Begin> {
    let newcomer = || Begin {
        newcomer: true,
        ..Begin::at(log.last())
    };
    let more_in_store = !window_is_all && log.before_first() > 0;
    let all_held = || Begin {
        asks_store: true,
        ..Begin::at(0)
    };
    Some(match start {
        Start::Live => newcomer(),
        Start::Earliest if more_in_store => all_held(),
        Start::Earliest => Begin::at(log.before_first()),
        Start::Last(count) => {
            let cursor = log.before_last(filter, *count, seek)?;
            let lacks = more_in_store.then(|| log.lacks(filter, *count, seek));
            Begin {
                asks_store: lacks.is_some_and(|lacks| lacks > 0),
                lacks: lacks.unwrap_or(0),
                ..Begin::at(cursor)
            }
        }
        Start::After(id) if id.is_empty() => newcomer(),
        Start::After(id) => match check(log, id) {
            Ok(cursor) if !log.lost(filter, cursor) => Begin::at(cursor),
            Ok(cursor) if more_in_store => Begin {
                asks_store: true,
                ..Begin::at(cursor)
            },
            // What is still held follows the reset.
            Err(reason) if more_in_store => Begin {
                reset: Some(reason),
                ..all_held()
            },
            outcome => Begin {
                reset: Some(outcome.err().unwrap_or(Reason::Evicted)),
                ..Begin::at(log.seek_held(filter, seek)?)
            },
        },
    })
}

fn check(log: &Log, id: &str) -> Result<u64, Reason> {
    let id: EventId = id.parse().map_err(|_| Reason::Malformed)?;
    if id.epoch != log.epoch() {
        Err(Reason::Epoch)
    } else if id.offset > log.last() {
        Err(Reason::Ahead)
    } else {
        Ok(id.offset)
    }
}

/// The block that says that something was missed, with an id just before what follows: so it is told once.
pub(crate) fn reset_block(
    log: &Log,
    filter: &Filter,
    cursor: u64,
    requested: &str,
    reason: Reason,
) -> Vec<u8> {
    reset(
        log.id(cursor),
        log.first_after(filter, cursor),
        requested,
        reason,
    )
}

/// The same, where it is known already what follows.
pub(crate) fn reset(
    before: EventId,
    first: Option<EventId>,
    requested: &str,
    reason: Reason,
) -> Vec<u8> {
    let first = first.map(|id| id.to_string()).unwrap_or_default();
    let data =
        json!({ "requested": requested, "reason": reason.name(), "first": first }).to_string();
    let id = before.to_string();
    encoded(Block {
        id: Some(&id),
        event: Some("eventwire.reset"),
        data: Some(&data),
        ..Block::default()
    })
}

/// An id-only block: moves the last event ID and dispatches nothing.
pub(crate) fn mark(log: &Log, cursor: u64) -> Vec<u8> {
    encoded(Block {
        id: Some(&log.id(cursor).to_string()),
        ..Block::default()
    })
}

/// The line that sets the reconnection time, in front of a block of its own.
pub(crate) fn retry_line(time: Duration) -> Vec<u8> {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(MAX_RETRY);
    format!("retry: {}\n", milliseconds.min(MAX_RETRY)).into_bytes()
}

/// A mark behind a comment.
pub(crate) fn heartbeat(log: &Log, cursor: u64) -> Vec<u8> {
    encoded(Block {
        comment: Some(""),
        id: Some(&log.id(cursor).to_string()),
        ..Block::default()
    })
}

fn encoded(block: Block<'_>) -> Vec<u8> {
    // An id of ours and a type of ours have nothing that cannot be encoded.
    block.encode().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_read() {
        assert_eq!("live".parse(), Ok(Start::Live));
        assert_eq!("earliest".parse(), Ok(Start::Earliest));
        assert_eq!("last:0".parse(), Ok(Start::Last(0)));
        assert_eq!("last:17".parse(), Ok(Start::Last(17)));
        for text in [
            "",
            "Live",
            "last",
            "last:",
            "last:-1",
            "last:+1",
            "last: 1",
            "last:99999999999999999999",
        ] {
            assert_eq!(
                text.parse::<Start>(),
                Err(SubscribeError::Start(text.to_owned())),
                "{text:?}"
            );
        }
    }
}
