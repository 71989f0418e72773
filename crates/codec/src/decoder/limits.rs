//! The limits, and when exactly a stream goes beyond them.
//!
//! A limit is hit by one certain byte of the stream, whatever the chunks were: so the items before
//! the error are the same for every chunking, also where a line is seen whole only long after that
//! byte.

use super::line::Field;
use crate::{DecodeError, Limit};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) line: usize,
    pub(super) event: usize,
}

/// How many bytes the block that is being read holds so far, as they came on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// `None` before the first data line. Between two data lines there is one LF.
    pub(super) data: Option<usize>,
    pub(super) event: usize,
    pub(super) id: usize,
}

impl Held {
    pub(super) fn total(self) -> usize {
        self.data.unwrap_or(0) + self.event + self.id
    }

    /// What the event would hold if the value of a line of this field were empty.
    fn without_value(self, field: Field) -> usize {
        match field {
            Field::Data => self.data.map_or(0, |data| data + 1) + self.event + self.id,
            // The last one of a block wins, so what came before does not count.
            Field::Event => self.data.unwrap_or(0) + self.id,
            Field::Id => self.data.unwrap_or(0) + self.event,
            Field::Retry | Field::Comment | Field::Unknown => 0,
        }
    }
}

impl Limits {
    /// The smaller one, below which neither need be looked at.
    pub(super) fn smallest(self) -> usize {
        self.line.min(self.event)
    }

    /// Whether a line, or what there is of it, is beyond a limit; if it is beyond both, the one
    /// whose byte came first.
    pub(super) fn check(self, line: &[u8], complete: bool, held: Held) -> Result<(), DecodeError> {
        // The number of the line's bytes at which each limit is hit.
        let line_hit = self.line.saturating_add(1);
        let event_hit = self.event_hit(line, complete, held);
        if line.len() < line_hit.min(event_hit) {
            return Ok(());
        }
        Err(if line_hit <= event_hit {
            DecodeError {
                limit: Limit::Line,
                max: self.line,
            }
        } else {
            DecodeError {
                limit: Limit::Event,
                max: self.event,
            }
        })
    }

    fn event_hit(self, line: &[u8], complete: bool, held: Held) -> usize {
        let (field, value_start) = Field::of(line);
        let name = match field {
            Field::Data => "data",
            Field::Event => "event",
            Field::Id => "id",
            Field::Retry | Field::Comment | Field::Unknown => return usize::MAX,
        };
        let colon = value_start > name.len();
        if !colon && !complete {
            // It may yet become another name.
            return usize::MAX;
        }
        match self.event.checked_sub(held.without_value(field)) {
            Some(left) => value_start.saturating_add(left).saturating_add(1),
            // The LF before a further data line was already too much.
            None => name.len() + usize::from(colon),
        }
    }
}
