//! What each subscriber that is held is.

use std::time::Duration;

use crate::bench::args::Hold;
use crate::bench::load::Pace;
use crate::failure::Failure;

/// What each subscriber is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Stalled,
    Slow,
    Reconnecting,
    Reading,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stalled => "stalled",
            Self::Slow => "slow",
            Self::Reconnecting => "reconnecting",
            Self::Reading => "reading",
        }
    }

    /// How long one stays until it is cut here, on average; `None` where it is not.
    pub(super) fn stay(self) -> Option<Duration> {
        match self {
            Self::Stalled => Some(Duration::from_secs(120)),
            Self::Reconnecting => Some(Duration::from_secs(10)),
            Self::Slow | Self::Reading => None,
        }
    }

    pub(super) fn pace(self) -> Pace {
        match self {
            Self::Stalled => Pace::Never,
            Self::Slow => Pace::Slow,
            Self::Reconnecting | Self::Reading => Pace::All,
        }
    }
}

/// The kind of each subscriber.
pub(super) fn kinds(args: &Hold) -> Result<Vec<Kind>, Failure> {
    let special = [
        (Kind::Stalled, args.stalled),
        (Kind::Slow, args.slow),
        (Kind::Reconnecting, args.reconnecting),
    ];
    let mut kinds = Vec::new();
    for (kind, count) in special {
        kinds.resize(kinds.len() + count as usize, kind);
    }
    if kinds.len() >= args.subscribers as usize {
        return Err(Failure::Said(format!(
            "of {} subscribers {} are to be stalled, slow or reconnecting: at least one must only read",
            args.subscribers,
            kinds.len()
        )));
    }
    kinds.resize(args.subscribers as usize, Kind::Reading);
    Ok(kinds)
}
