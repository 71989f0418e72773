//! "The steps to process the field", for each field that is known.

use super::block::Block;
use super::fault::Fault;
use super::{retry, utf8};

impl Block {
    /// "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character."
    pub(super) fn data_line(&mut self, value: &[u8]) {
        let mut text = utf8::text(value, self.fault);
        let invalid = std::str::from_utf8(value).is_err();
        match self.fault {
            Some(Fault::NulDropped) => text = text.replace('\0', ""),
            Some(Fault::NulReplaced) => text = text.replace('\0', "\u{FFFD}"),
            Some(Fault::NulCutsData) => text.truncate(text.find('\0').unwrap_or(text.len())),
            Some(Fault::NulDropsEvent) => self.dropped |= text.contains('\0'),
            Some(Fault::Utf8EventDropped) => self.dropped |= invalid,
            Some(Fault::DataEmptyLinesSkipped) if text.is_empty() => return,
            Some(Fault::DataFirstWins) if !self.data.is_empty() => return,
            Some(Fault::DataLastWins) => self.data.clear(),
            Some(Fault::DataSplitByOthers) if !self.last_was_data => self.data.clear(),
            Some(Fault::DataFirstEmptySkipped) if self.data == [""] => self.data.clear(),
            Some(Fault::IdAtData) => self.commit(),
            Some(Fault::RejoinsData) => {
                self.work += self.data.iter().map(String::len).sum::<usize>();
            }
            _ => {}
        }
        self.data.push(text);
    }

    /// "Set the event type buffer to the field value."
    pub(super) fn event_line(&mut self, value: &[u8]) {
        let mut text = utf8::text(value, self.fault);
        match self.fault {
            Some(Fault::TypeFirstWins) if self.event.is_some() => return,
            Some(Fault::TypeBeforeDataOnly) if !self.data.is_empty() => return,
            Some(Fault::EmptyTypeIgnored) if text.is_empty() => return,
            Some(Fault::NulTypeIgnored) if text.contains('\0') => return,
            Some(Fault::Utf8OfDataOnly) if std::str::from_utf8(value).is_err() => return,
            Some(Fault::NulCutsType) => text.truncate(text.find('\0').unwrap_or(text.len())),
            Some(Fault::TypesAppended) => text.insert_str(0, self.event.as_deref().unwrap_or("")),
            _ => {}
        }
        self.event = Some(text);
    }

    /// "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value."
    pub(super) fn id_line(&mut self, value: &[u8]) {
        let mut text = match self.fault {
            Some(Fault::IdAsLatin1) => utf8::text(value, Some(Fault::Latin1)),
            fault => utf8::text(value, fault),
        };
        let before = self.id.as_deref().unwrap_or("");
        match self.fault {
            Some(Fault::IdFirstWins) if self.id.is_some() => return,
            Some(Fault::IdFirstEverWins) if !self.told.last_event_id.is_empty() => return,
            Some(Fault::IdBeforeDataOnly) if !self.data.is_empty() => return,
            Some(Fault::SeedFixed) if !self.seed.is_empty() => return,
            Some(Fault::EmptyIdIgnored) if text.is_empty() => return,
            Some(Fault::IdAsciiOnly) if !text.is_ascii() => return,
            Some(Fault::IdBmpOnly) if text.chars().any(|c| c > '\u{FFFF}') => return,
            Some(Fault::Utf8OfDataOnly) if std::str::from_utf8(value).is_err() => return,
            Some(Fault::IdMarked) => text = text.replace(|c: char| !c.is_ascii(), "?"),
            Some(Fault::IdsAppended) => text.insert_str(0, before),
            _ => {}
        }
        if let Some(nul) = text.find('\0') {
            match self.fault {
                Some(Fault::NulIdTaken) => {}
                Some(Fault::NulIdOnlyAtStart) if nul > 0 => {}
                Some(Fault::NulIdCut) => text.truncate(nul),
                Some(Fault::NulIdWithoutNul) => text = text.replace('\0', ""),
                Some(Fault::NulIdResets) => text.clear(),
                Some(Fault::NulIdUndoesEarlier) => {
                    self.id = None;
                    return;
                }
                Some(Fault::NulIdDropsEvent) => {
                    self.dropped = true;
                    return;
                }
                _ => return,
            }
        }
        let at_once =
            self.has(Fault::IdAtItsLine) || self.has(Fault::ResetAtItsLine) && text.is_empty();
        self.id = Some(text);
        if at_once {
            self.commit();
        }
    }

    pub(super) fn retry_line(&mut self, value: &[u8]) {
        let time = retry::milliseconds(&utf8::text(value, self.fault), self.fault);
        match self.fault {
            Some(Fault::RetryAtBlankLine | Fault::RetryWithDataOnly) => {
                self.retry = time.or(self.retry);
            }
            Some(Fault::RetryWrongForgets) => self.told.reconnection_time = time,
            Some(Fault::RetryFirstWins) if self.told.reconnection_time.is_some() => {}
            _ => self.told.reconnection_time = time.or(self.told.reconnection_time),
        }
    }
}
