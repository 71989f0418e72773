//! The blank line, and the end of a connection.

use super::block::Block;
use super::cases::Item;
use super::fault::Fault;
use super::size::Held;

impl Block {
    /// The id that the block has set, as the last event ID.
    pub(super) fn commit(&mut self) {
        if let Some(id) = &self.id {
            self.ids_seen = true;
            self.told.last_event_id.clone_from(id);
        }
    }

    /// "The steps to dispatch the event."
    pub(super) fn blank_line(&mut self) {
        let before = self.told.last_event_id.clone();
        let data = !self.data.is_empty();
        let unknown = std::mem::take(&mut self.unknown);
        let nothing_else = !data && self.event.is_none() && self.id.is_none();
        if self.has(Fault::UnknownIsFatal) && unknown && nothing_else {
            self.dead = true;
        }
        let waits = self.has(Fault::IdWaitsForData) && !data;
        let dropped = match self.fault {
            Some(Fault::IdNeedsData) => !data,
            Some(Fault::IdNeedsDataOrType) => !data && self.event.is_none(),
            Some(Fault::EmptyIdNeedsData) => !data && self.id.as_deref() == Some(""),
            _ => false,
        };
        if !waits && !dropped {
            self.commit();
        }
        if self.has(Fault::SeedLostByEvent) && data && !self.ids_seen {
            self.told.last_event_id.clear();
        }
        if self.has(Fault::RetryAtBlankLine) || data {
            self.told.reconnection_time = self.retry.or(self.told.reconnection_time);
        }
        self.retry = None;
        let dispatched = match self.fault {
            Some(Fault::EmptyBlockDispatched) => true,
            Some(Fault::PhantomsAfterId) => data || !self.told.last_event_id.is_empty(),
            Some(Fault::TypeAloneDispatched) => data || self.event.is_some(),
            _ => data,
        };
        if dispatched && !std::mem::take(&mut self.dropped) {
            self.dispatch(&before);
        }
        if !(self.has(Fault::TypeOutlivesEvent) && data
            || self.has(Fault::TypeOutlivesEmptyBlock) && !data)
        {
            self.event = None;
        }
        if !self.has(Fault::DataOutlivesEvent) {
            self.data.clear();
        }
        if !waits {
            self.id = None;
        }
        self.held = Held::default();
        self.last_was_data = false;
    }

    pub(super) fn dispatch(&mut self, id_before: &str) {
        let mut data = match self.fault {
            Some(Fault::DataWithoutLf) => self.data.concat(),
            Some(Fault::DataJoinedByCrlf) => self.data.join("\r\n"),
            _ => self.data.join("\n"),
        };
        match self.fault {
            Some(Fault::DataFinalLfKept) => data.push('\n'),
            Some(Fault::DataFinalLfsDropped) => {
                data.truncate(data.trim_end_matches('\n').len());
            }
            Some(Fault::EmptyDataDropped) if data.is_empty() => return,
            _ => {}
        }
        let event = match self.event.as_deref() {
            Some("") if self.has(Fault::EmptyTypeStays) => "",
            None | Some("") => "message",
            Some(event) => event,
        };
        let id = match self.fault {
            Some(Fault::IdNotSticky) => self.id.as_deref().unwrap_or(""),
            Some(Fault::IdAfterEvent) => id_before,
            _ => &self.told.last_event_id,
        };
        self.told.items.push(Item::Event {
            event: event.to_owned(),
            data,
            id: id.to_owned(),
        });
        if self.has(Fault::EmptyIdOfEventOnly) && self.id.as_deref() == Some("") {
            self.told.last_event_id = id_before.to_owned();
        }
    }

    /// The end of a connection, with the line that only a fault takes for one.
    pub(crate) fn end(&mut self, line: &[u8]) {
        if !line.is_empty() {
            self.one_line(line, false);
        }
        match self.fault {
            Some(Fault::EofEndsEvent | Fault::EofEndsBoth) => self.blank_line(),
            Some(Fault::IdAtEof) => self.commit(),
            _ => {}
        }
    }

    /// A new connection.
    pub(crate) fn reset(&mut self) {
        self.told.error = None;
        self.dead = false;
        self.ids_seen = false;
        match self.fault {
            Some(Fault::UnfinishedEventGoesOn) => return,
            Some(Fault::UncommittedSeeds) => self.commit(),
            Some(Fault::SeedLostByReset) => self.told.last_event_id.clear(),
            Some(Fault::RetryForgotten) => self.told.reconnection_time = None,
            _ => {}
        }
        self.data.clear();
        (self.event, self.id) = (None, None);
        self.held = Held::default();
        (self.dropped, self.unknown, self.last_was_data) = (false, false, false);
    }
}
