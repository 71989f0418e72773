//! Where a subscription begins, and what it is told if it missed something.

use std::str::FromStr;
use std::time::Duration;

use eventwire_codec::{Block, MAX_RETRY};
use serde_json::json;

use crate::error::SubscribeError;
use crate::filter::Filter;
use crate::position::EventId;
use crate::store::memory::Log;

/// Where a subscription begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With what is published from now on.
    #[default]
    Live,
    /// With the first event that the log still holds.
    Earliest,
    /// With the last so many events of its topics.
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
}

pub(crate) fn begin(log: &Log, filter: &Filter, start: &Start) -> Begin {
    let at = |cursor| Begin {
        cursor,
        reset: None,
    };
    match start {
        Start::Live => at(log.last()),
        Start::Earliest => at(log.before_first()),
        Start::Last(count) => at(log.before_last(filter, *count)),
        Start::After(id) if id.is_empty() => at(log.last()),
        Start::After(id) => match check(log, filter, id) {
            Ok(cursor) => at(cursor),
            // What is still held follows the reset.
            Err(reason) => Begin {
                cursor: log.before_held(filter),
                reset: Some(reason),
            },
        },
    }
}

fn check(log: &Log, filter: &Filter, id: &str) -> Result<u64, Reason> {
    let id: EventId = id.parse().map_err(|_| Reason::Malformed)?;
    if id.epoch != log.epoch() {
        Err(Reason::Epoch)
    } else if id.offset > log.last() {
        Err(Reason::Ahead)
    } else if log.lost(filter, id.offset) {
        Err(Reason::Evicted)
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
    let first = log
        .first_after(filter, cursor)
        .map(|id| id.to_string())
        .unwrap_or_default();
    let data =
        json!({ "requested": requested, "reason": reason.name(), "first": first }).to_string();
    let id = log.id(cursor).to_string();
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
