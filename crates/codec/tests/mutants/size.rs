//! How much an event holds, for `max_event`.

use super::block::Block;
use super::fault::Fault;

/// How many bytes of each the block holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) data: Option<usize>,
    pub(super) event: usize,
    pub(super) id: usize,
    /// What only a fault counts.
    pub(super) more: usize,
}

impl Block {
    /// The bytes of the event with a line that is not yet counted, `complete` or still arriving.
    pub(crate) fn size_with(&self, line: &[u8], colon: Option<usize>, complete: bool) -> usize {
        let early = self.has(Fault::EventLimitTooEarly) && line == b"data";
        let (name, raw) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None if complete || early => (line, &line[..0]),
            None => return 0,
        };
        let held = self.held;
        let data = held.data.unwrap_or(0);
        let carried = match self.fault {
            Some(Fault::EventLimitCountsCarried) if held.id == 0 => self.told.last_event_id.len(),
            _ => 0,
        };
        let value = self.counted(raw) + carried + held.more;
        let replaced = self.has(Fault::EventLimitCountsReplaced);
        match (name, self.fault) {
            (b"data" | b"event" | b"id", Some(Fault::EventLimitPerLine)) => value,
            (b"event" | b"id", Some(Fault::EventLimitOfDataOnly)) => 0,
            (b"data", Some(Fault::EventLimitWithoutLf)) => data + value + held.event + held.id,
            (b"data", Some(Fault::EventLimitOfDataOnly)) => held.data.map_or(0, |n| n + 1) + value,
            (b"data", _) => held.data.map_or(0, |n| n + 1) + value + held.event + held.id,
            (b"event", _) if !replaced => data + value + held.id,
            (b"id", _) if !replaced => data + held.event + value,
            (b"event" | b"id", _) => data + held.event + held.id + value,
            (_, Some(Fault::EventLimitCountsAll)) => data + held.event + held.id + value,
            (b"", Some(Fault::EventLimitAtBlankLine)) => data + held.event + held.id,
            _ => 0,
        }
    }

    pub(super) fn counted(&self, raw: &[u8]) -> usize {
        let value = raw.strip_prefix(b" ").unwrap_or(raw);
        match self.fault {
            Some(Fault::EventLimitCountsSpace) => raw.len(),
            Some(Fault::EventLimitOfText) => String::from_utf8_lossy(value).len(),
            _ => value.len(),
        }
    }

    pub(super) fn count(&mut self, known: Option<&str>, name: &[u8], raw: &[u8]) {
        let len = self.counted(raw);
        let replaced = self.has(Fault::EventLimitCountsReplaced);
        let counts = !raw.contains(&0) || self.has(Fault::EventLimitOfNulId);
        let held = &mut self.held;
        match known {
            Some("data") if self.fault == Some(Fault::EventLimitWithoutLf) => {
                held.data = Some(held.data.unwrap_or(0) + len);
            }
            Some("data") => held.data = Some(held.data.map_or(0, |data| data + 1) + len),
            Some("event") if replaced => held.event += len,
            Some("event") => held.event = len,
            Some("id") if replaced => held.id += len,
            Some("id") if counts => held.id = len,
            None if self.fault == Some(Fault::EventLimitCountsAll) => held.more += len,
            _ => {}
        }
        if known.is_some() && self.fault == Some(Fault::EventLimitCountsNames) {
            held.more += name.len();
        }
    }

    pub(crate) fn fail(&mut self, limit: &str, max: usize) {
        self.told.error = Some((limit.to_owned(), max));
        if self.has(Fault::IdAtLimit) {
            self.commit();
        }
    }
}
