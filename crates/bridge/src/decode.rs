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

/// Bytes in, batches out, for one thread.
#[derive(Debug)]
pub struct LocalDecoder {
    decoder: codec::Decoder,
    /// An error that came after events of the same chunk: those are given out first.
    pending: Option<codec::DecodeError>,
}

impl LocalDecoder {
    /// A decoder at the start of a stream.
    pub fn new(options: DecoderOptions) -> Self {
        let decoder = codec::Decoder::builder()
            .last_event_id(options.last_event_id)
            .max_line(options.max_line)
            .max_event(options.max_event)
            .comments(options.comments)
            .build();
        Self {
            decoder,
            pending: None,
        }
    }

    /// Decodes the next chunk, of any size, into a batch that may have been used before: most chunks hold few events, and to make
    /// a new one costs as much as to decode one.
    ///
    /// # Errors
    ///
    /// A line or an event passed its limit. Events that came before it in the same chunk are not lost: this call
    /// gives them, and the next one fails. After that only [`reset`](Self::reset) helps. The batch is empty then.
    pub fn feed(&mut self, chunk: &[u8], batch: &mut Batch) -> Result<(), Failure> {
        batch.clear();
        if let Some(error) = &self.pending {
            return Err(Failure::from(*error));
        }
        match fill(&mut self.decoder, chunk, batch) {
            Err(error) if batch.is_empty() => Err(Failure::from(error)),
            told => {
                self.pending = told.err();
                Ok(())
            }
        }
    }

    /// The last event ID, as committed at the last blank line.
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// What `retry:` last said, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.decoder.reconnection_time()
    }

    /// Begins a new connection: everything but the last event ID is forgotten.
    pub fn reset(&mut self) {
        self.pending = None;
        self.decoder.reset();
    }
}

/// The same, that any thread may hold.
#[derive(Debug)]
pub struct Decoder(Mutex<LocalDecoder>);

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(options: DecoderOptions) -> Self {
        Self(Mutex::new(LocalDecoder::new(options)))
    }

    /// Decodes the next chunk, of any size, into a batch. Whoever has that holds no lock, since what is made of it may run code of its
    /// users.
    ///
    /// # Errors
    ///
    /// As [`LocalDecoder::feed`].
    pub fn feed(&self, chunk: &[u8], batch: &mut Batch) -> Result<(), Failure> {
        self.lock().feed(chunk, batch)
    }

    /// The last event ID, as committed at the last blank line.
    pub fn last_event_id(&self) -> String {
        self.lock().last_event_id().to_owned()
    }

    /// What `retry:` last said, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.lock().reconnection_time()
    }

    /// Begins a new connection: everything but the last event ID is forgotten.
    pub fn reset(&self) {
        self.lock().reset();
    }

    fn lock(&self) -> MutexGuard<'_, LocalDecoder> {
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
        let mut batch = Batch::new();
        let mut feed = |chunk: &str| {
            let fed = decoder.feed(chunk.as_bytes(), &mut batch);
            fed.map(|()| batch.len()).map_err(|failure| failure.kind())
        };
        assert_eq!(feed("data: a\n\ndata: too long\n\n"), Ok(1));
        for _ in 0..2 {
            assert_eq!(feed(""), Err(FailureKind::Decode));
        }
        decoder.reset();
        assert_eq!(feed("data: b\n\n"), Ok(1));
    }
}
