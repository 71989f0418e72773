//! From the bytes of a body to items in the queue.

use bytes::Bytes;
use eventwire_codec::{Decoder, Event, Item};

use super::phase::Phase;
use super::{Queued, Session};
use crate::{CloseReason, ConnectOptions, Error, Reset, StreamItem};

/// As much of a chunk is decoded at a time, so that the items of a large one do not all wait in memory.
const SLICE: usize = 16 * 1024;

/// As much may be queued of a slice. The last event ID is part of every event, so a long one makes a slice of short events
/// thousands of times as large.
const QUEUED: usize = 4 * SLICE;

impl Session {
    pub(super) fn decode_all(&mut self) {
        while !self.undecoded.is_empty() {
            self.decode_slice();
        }
    }

    pub(super) fn decode_slice(&mut self) {
        let slice = self.undecoded.slice(..self.undecoded.len().min(SLICE));
        let Phase::Open(open) = &mut self.phase else {
            self.undecoded = Bytes::new();
            return;
        };
        let unread = {
            let mut items = self.decoder.feed(&slice);
            let mut queued = 0;
            loop {
                match items.next() {
                    Ok(Some(Item::Event(event))) => {
                        open.last_event = self.undecoded_at;
                        open.delivered = true;
                        self.counts.events += 1;
                        self.counts.last_event = Some(self.undecoded_at);
                        queued += event.data().len() + event.id().len();
                        self.queue
                            .push_back(Queued::Item(item_of(event.to_event())));
                    }
                    Ok(Some(Item::Comment(text))) => {
                        self.counts.comments += 1;
                        if self.options.comments {
                            self.queue
                                .push_back(Queued::Item(StreamItem::Comment(text.to_owned())));
                        }
                    }
                    Ok(Some(Item::Mark(id))) => {
                        queued += id.len();
                        self.queue.push_back(Queued::LastEventId(id.to_owned()));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break Ok(0),
                    Err(error) => break Err(error),
                }
                if queued > QUEUED {
                    break Ok(items.pause());
                }
            }
        };
        let wrong = match unread {
            Ok(unread) => {
                self.undecoded = self.undecoded.slice(slice.len() - unread..);
                None
            }
            Err(error) => Some(error),
        };
        self.note_last_event_id();
        if let Some(milliseconds) = self.decoder.reconnection_time() {
            self.reconnection_time = Some(milliseconds);
            self.backoff.set_reconnection_time(milliseconds);
        }
        if let Some(error) = wrong {
            // Not tried again: the stream would go on at the same place, with the same bytes.
            self.undecoded = Bytes::new();
            let error = Error::decode(error, &self.hop.url);
            self.finish(CloseReason::Failed, Some(error));
        }
    }

    /// Queues the last event ID where a block without data moved it.
    fn note_last_event_id(&mut self) {
        let id = self.decoder.last_event_id();
        let queued = self.queue.iter().rev().find_map(|queued| match queued {
            Queued::Item(StreamItem::Event(event)) => Some(event.id()),
            Queued::Item(StreamItem::Reset(reset)) => Some(reset.id.as_str()),
            Queued::LastEventId(id) => Some(id.as_str()),
            _ => None,
        });
        if id != queued.unwrap_or(&self.last_event_id) {
            let id = id.to_owned();
            self.queue.push_back(Queued::LastEventId(id));
        }
    }
}

pub(super) fn decoder(options: &ConnectOptions, last_event_id: &str) -> Decoder {
    Decoder::builder()
        .last_event_id(last_event_id)
        .max_line(options.line_limit())
        .max_event(options.max_event)
        // Counted also where nobody wants them.
        .comments(true)
        // Where only what was received counts, the newest is enough, which the decoder has.
        .marks(options.wants_place())
        .build()
}

fn item_of(event: Event) -> StreamItem {
    match Reset::from_event(event) {
        Ok(reset) => StreamItem::Reset(reset),
        Err(event) => StreamItem::Event(event),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bytes, SLICE};
    use crate::session::{Head, Session};
    use crate::{ConnectOptions, StreamItem};

    #[test]
    fn a_long_id_does_not_make_a_small_chunk_large() {
        let mut session = Session::new(ConnectOptions::new("http://example.com/")).unwrap();
        let now = Duration::ZERO;
        session.next_request(now).unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", "text/event-stream".parse().unwrap());
        session.response(now, Head::new(http::StatusCode::OK, headers));
        session.feed(now, format!("id: {}\n\n", "x".repeat(1 << 20)));
        while session.next_item().is_some() {}

        let events = SLICE / 16;
        session.feed(now, Bytes::from("data\n\n".repeat(events)));
        let mut taken = 0;
        while let Some(item) = session.next_item() {
            let Ok(StreamItem::Event(event)) = item else {
                panic!("{item:?}");
            };
            assert_eq!((event.data(), event.id().len()), ("", 1 << 20));
            assert!(session.queue.len() < 2, "{} wait", session.queue.len());
            taken += 1;
        }
        assert_eq!(taken, events);
    }
}
