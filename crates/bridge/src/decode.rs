//! The decoder as a handle that any thread may hold.

use std::sync::{Mutex, MutexGuard, PoisonError};

use eventwire_codec as codec;

use crate::failure::Failure;
use crate::packed::{Batch, Kind};

/// How to decode.
#[derive(Clone, Debug)]
pub struct DecoderOptions {
    /// The last event ID to begin with; "" for none.
    pub last_event_id: String,
    /// The longest line, in bytes; 16 MiB by default.
    pub max_line: usize,
    /// The largest event, in bytes; 16 MiB by default.
    pub max_event: usize,
    /// Whether comments come out as items too.
    pub comments: bool,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self {
            last_event_id: String::new(),
            max_line: codec::DEFAULT_MAX_LINE,
            max_event: codec::DEFAULT_MAX_EVENT,
            comments: false,
        }
    }
}

/// Bytes in, batches out.
#[derive(Debug)]
pub struct Decoder(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    decoder: codec::Decoder,
    /// An error that came after events of the same chunk: those are given out first.
    pending: Option<codec::DecodeError>,
    /// An empty batch, with room.
    spare: Batch,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(options: DecoderOptions) -> Self {
        let decoder = codec::Decoder::builder()
            .last_event_id(options.last_event_id)
            .max_line(options.max_line)
            .max_event(options.max_event)
            .comments(options.comments)
            .build();
        Self(Mutex::new(Inner {
            decoder,
            pending: None,
            spare: Batch::new(),
        }))
    }

    /// Decodes the next chunk, of any size.
    ///
    /// # Errors
    ///
    /// A line or an event passed its limit. Events that came before it in the same chunk are not lost: this call
    /// returns them, and the next one raises. After that only [`reset`](Self::reset) helps.
    pub fn feed(&self, chunk: &[u8]) -> Result<Batch, Failure> {
        let mut inner = self.lock();
        if let Some(error) = &inner.pending {
            return Err(Failure::from(*error));
        }
        let mut batch = std::mem::take(&mut inner.spare);
        match fill(&mut inner.decoder, chunk, &mut batch) {
            Err(error) if batch.is_empty() => Err(Failure::from(error)),
            told => {
                inner.pending = told.err();
                Ok(batch)
            }
        }
    }

    /// Takes back a batch, to fill it again: most chunks hold few events, and to make a new batch costs as much as to decode
    /// one. Whoever has a batch holds no lock, since what is made of it may run code of its users.
    pub fn give_back(&self, mut batch: Batch) {
        batch.clear();
        self.lock().spare = batch;
    }

    /// The last event ID, as committed at the last blank line.
    pub fn last_event_id(&self) -> String {
        self.lock().decoder.last_event_id().to_owned()
    }

    /// What `retry:` last said, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.lock().decoder.reconnection_time()
    }

    /// Begins a new connection: everything but the last event ID is forgotten.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.pending = None;
        inner.decoder.reset();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decodes `chunk` into `batch`; what came before an error is in it.
pub(crate) fn fill(
    decoder: &mut codec::Decoder,
    chunk: &[u8],
    batch: &mut Batch,
) -> Result<(), codec::DecodeError> {
    let mut items = decoder.feed(chunk);
    while let Some(item) = items.next()? {
        match item {
            codec::Item::Event(event) => batch.push_event(event.event(), event.id(), event.data()),
            codec::Item::Comment(text) => batch.push_other(Kind::Comment, text),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    #[test]
    fn events_before_an_error_come_first_and_the_next_feed_raises() {
        let decoder = Decoder::new(DecoderOptions {
            max_line: 8,
            ..Default::default()
        });
        let batch = decoder.feed(b"data: a\n\ndata: too long\n\n").unwrap();
        assert_eq!(batch.len(), 1);
        for _ in 0..2 {
            assert_eq!(decoder.feed(b"").unwrap_err().kind(), FailureKind::Decode);
        }
        decoder.reset();
        assert_eq!(decoder.feed(b"data: b\n\n").unwrap().len(), 1);
    }
}
