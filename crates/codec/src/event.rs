use std::fmt;

use crate::{Block, EncodeError};

/// The type of an event whose block names none.
pub(crate) const MESSAGE: &str = "message";

/// An event that owns its text.
///
/// The same four fields in every language: its type, its data, its id and, on an event that is to
/// be sent, the reconnection time that it asks for.
///
/// ```
/// use eventwire_codec::Event;
///
/// let event = Event::new("{\"price\": 12}").with_type("tick").with_id("7");
/// assert_eq!(event.event(), "tick");
/// assert_eq!(event.encode()?, b"id: 7\nevent: tick\ndata: {\"price\": 12}\n\n");
/// # Ok::<(), eventwire_codec::EncodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Event {
    /// Data, type and id, in this order: one allocation instead of three, which is most of what an
    /// owned event costs. The data comes first so that `into_data` need not move it.
    text: String,
    data_len: usize,
    /// 0 for the type "message", so that equal events have equal text.
    type_len: usize,
    retry: Option<u64>,
}

impl Event {
    /// An event of the type "message", without an id.
    pub fn new(data: impl Into<String>) -> Event {
        let text = data.into();
        Event {
            data_len: text.len(),
            text,
            type_len: 0,
            retry: None,
        }
    }

    /// Sets the event's type; `""` means "message".
    ///
    /// Any text is taken here; one that cannot be sent is an error of [`encode`](Event::encode).
    #[must_use]
    pub fn with_type(mut self, event: impl Into<String>) -> Event {
        let event = event.into();
        let event = if event == MESSAGE { "" } else { &event };
        self.text
            .replace_range(self.data_len..self.data_len + self.type_len, event);
        self.type_len = event.len();
        self
    }

    /// Sets the event's id; `""` means that it has none.
    ///
    /// Any text is taken here; one that cannot be sent is an error of [`encode`](Event::encode).
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Event {
        self.text.truncate(self.data_len + self.type_len);
        self.text.push_str(&id.into());
        self
    }

    /// Sets the reconnection time, in milliseconds, that is sent with the event.
    #[must_use]
    pub fn with_retry(mut self, milliseconds: u64) -> Event {
        self.retry = Some(milliseconds);
        self
    }

    /// The event's type: "message" where the stream named none.
    pub fn event(&self) -> &str {
        match self.type_len {
            0 => MESSAGE,
            len => &self.text[self.data_len..self.data_len + len],
        }
    }

    /// The event's data.
    pub fn data(&self) -> &str {
        &self.text[..self.data_len]
    }

    /// The last event ID when the event was dispatched; `""` where there was none.
    pub fn id(&self) -> &str {
        &self.text[self.data_len + self.type_len..]
    }

    /// The reconnection time in milliseconds. Only ever set on an event that is to be sent: in a
    /// stream it belongs to the connection ([`Decoder::reconnection_time`](crate::Decoder::reconnection_time)).
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// The data alone, without a copy.
    pub fn into_data(mut self) -> String {
        self.text.truncate(self.data_len);
        self.text
    }

    /// The bytes of this event on the wire, with the blank line that ends it.
    ///
    /// # Errors
    ///
    /// Where the id or the type has a character that would end their line, or NUL.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Block::from(self).encode()
    }
}

impl<'a> From<&'a Event> for Block<'a> {
    fn from(event: &'a Event) -> Block<'a> {
        Block {
            comment: None,
            retry: event.retry,
            id: Some(event.id()).filter(|id| !id.is_empty()),
            event: Some(event.event()),
            data: Some(event.data()),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Event");
        out.field("event", &self.event())
            .field("data", &self.data())
            .field("id", &self.id());
        if let Some(retry) = self.retry {
            out.field("retry", &retry);
        }
        out.finish()
    }
}

/// An event that borrows its text from the chunk that was fed, or from the decoder where a value
/// straddles chunks or has several lines.
///
/// ```
/// let mut decoder = eventwire_codec::Decoder::new();
/// let mut items = decoder.feed(b"data: hello\n\n");
/// let event = items.next_event()?.expect("the chunk holds one event");
/// assert_eq!((event.event(), event.data(), event.id()), ("message", "hello", ""));
/// # Ok::<(), eventwire_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventRef<'a> {
    pub(crate) event: &'a str,
    pub(crate) data: &'a str,
    pub(crate) id: &'a str,
}

impl<'a> EventRef<'a> {
    /// The event's type: "message" where the stream named none.
    pub fn event(&self) -> &'a str {
        self.event
    }

    /// The event's data.
    pub fn data(&self) -> &'a str {
        self.data
    }

    /// The last event ID at this event; `""` where there is none.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// An owned copy.
    pub fn to_event(&self) -> Event {
        let mut text = String::with_capacity(self.data.len() + self.event.len() + self.id.len());
        text.push_str(self.data);
        self.with_data(text)
    }

    /// The type and the id of this event, behind data that is owned already.
    pub(crate) fn with_data(&self, data: String) -> Event {
        let event = if self.event == MESSAGE {
            ""
        } else {
            self.event
        };
        let data_len = data.len();
        let mut text = data;
        text.reserve(event.len() + self.id.len());
        text.push_str(event);
        text.push_str(self.id);
        Event {
            text,
            data_len,
            type_len: event.len(),
            retry: None,
        }
    }
}

impl<'a> From<&'a Event> for EventRef<'a> {
    fn from(event: &'a Event) -> EventRef<'a> {
        EventRef {
            event: event.event(),
            data: event.data(),
            id: event.id(),
        }
    }
}

impl From<EventRef<'_>> for Event {
    fn from(event: EventRef<'_>) -> Event {
        event.to_event()
    }
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn builders_may_be_called_in_any_order_and_again() {
        let want = Event::new("data").with_type("tick").with_id("7");
        let other = Event::new("data")
            .with_id("a longer id")
            .with_type("another type")
            .with_id("7")
            .with_type("tick");
        assert_eq!(other, want);
        assert_eq!(
            (other.event(), other.data(), other.id()),
            ("tick", "data", "7")
        );
        assert_eq!(other.into_data(), "data");
    }

    #[test]
    fn message_is_the_type_of_an_event_without_one() {
        let plain = Event::new("x");
        assert_eq!(plain.event(), "message");
        assert_eq!(plain.clone().with_type("message"), plain);
        assert_eq!(plain.clone().with_type("tick").with_type(""), plain);
    }

    #[test]
    fn equality_sees_where_one_field_ends_and_the_next_begins() {
        assert_ne!(
            Event::new("ab").with_type("c"),
            Event::new("a").with_type("bc")
        );
        assert_ne!(Event::new("a").with_type("b"), Event::new("a").with_id("b"));
    }
}
