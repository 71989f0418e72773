//! The decoder as a handle that any thread may hold.

use std::sync::{Mutex, MutexGuard, PoisonError};

use eventwire_codec as codec;

use crate::failure::Failure;
use crate::packed::{Batch, Kind};
use crate::pieces::is_ascii;

/// The type of an event that names none.
const MESSAGE: &str = "message";

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
        self.begin(batch)?;
        let told = fill(&mut self.decoder, chunk, batch);
        self.end(told, batch)
    }

    /// The same, but where all that the chunk gives is one event of the type `message`, without an id, and with ASCII data that lies
    /// whole in the chunk, it gives that data, and the batch is empty: most chunks of a slow stream are so, and to put the data into
    /// a batch costs half as much again as to decode it.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub fn feed_or_give<'a>(
        &mut self,
        chunk: &'a [u8],
        batch: &mut Batch,
    ) -> Result<Option<&'a [u8]>, Failure> {
        // An id is sticky, so no event of such a stream is so.
        if !self.decoder.last_event_id().is_empty() {
            return self.feed(chunk, batch).map(|()| None);
        }
        self.begin(batch)?;
        match fill_or_give(&mut self.decoder, chunk, batch) {
            Ok(Some(data)) => Ok(Some(data)),
            told => self.end(told.map(drop), batch).map(|()| None),
        }
    }

    fn begin(&self, batch: &mut Batch) -> Result<(), Failure> {
        batch.clear();
        match self.pending {
            Some(error) => Err(Failure::from(error)),
            None => Ok(()),
        }
    }

    fn end(&mut self, told: Result<(), codec::DecodeError>, batch: &Batch) -> Result<(), Failure> {
        match told {
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
    fill_from(&mut decoder.feed(chunk), batch)
}

/// As [`LocalDecoder::feed_or_give`].
#[inline]
fn fill_or_give<'a>(
    decoder: &mut codec::Decoder,
    chunk: &'a [u8],
    batch: &mut Batch,
) -> Result<Option<&'a [u8]>, codec::DecodeError> {
    let mut items = decoder.feed(chunk);
    let Some(first) = items.next()? else {
        return Ok(None);
    };
    if let codec::Item::Event(event) = first
        && let Some(data) = plain(event, chunk)
    {
        let second = items.next();
        if matches!(second, Ok(None)) {
            return Ok(Some(data));
        }
        // It is ASCII, so nothing is left out.
        batch.push_event(MESSAGE, "", str::from_utf8(data).unwrap_or_default());
        if let Some(item) = second? {
            push(item, batch);
        }
    } else {
        push(first, batch);
    }
    fill_from(&mut items, batch).map(|()| None)
}

// Always inline, as all that is done for each event: a call would hand the item over in memory.
#[inline(always)]
fn fill_from(items: &mut codec::Items<'_>, batch: &mut Batch) -> Result<(), codec::DecodeError> {
    while let Some(item) = items.next()? {
        push(item, batch);
    }
    Ok(())
}

#[inline(always)]
fn push(item: codec::Item<'_>, batch: &mut Batch) {
    match item {
        codec::Item::Event(event) => batch.push_event(event.event(), event.id(), event.data()),
        codec::Item::Comment(text) => batch.push_other(Kind::Comment, text),
        _ => {}
    }
}

/// The data of an event that has nothing beside, where it is ASCII and lies in the chunk: as the chunk's, since an event ends with the
/// next one.
#[inline]
fn plain<'a>(event: codec::EventRef<'_>, chunk: &'a [u8]) -> Option<&'a [u8]> {
    if event.event() != MESSAGE || !event.id().is_empty() {
        return None;
    }
    let data = event.data();
    let start = data.as_ptr().addr().checked_sub(chunk.as_ptr().addr())?;
    let data = chunk.get(start..)?.get(..data.len())?;
    is_ascii(data).then_some(data)
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

    /// What a decoder gives for some chunks: data that is the chunk's own, items of a batch, and whether one failed.
    fn given(chunks: &[&str], max_line: usize) -> (Vec<String>, Vec<[String; 3]>, bool) {
        let mut decoder = LocalDecoder::new(DecoderOptions {
            max_line,
            comments: true,
            ..Default::default()
        });
        let mut batch = Batch::new();
        let (mut plain, mut items) = (Vec::new(), Vec::new());
        for chunk in chunks {
            match decoder.feed_or_give(chunk.as_bytes(), &mut batch) {
                Err(_) => return (plain, items, true),
                Ok(None) => items.extend(
                    batch
                        .items()
                        .map(|item| [item.event, item.id, item.data].map(str::to_owned)),
                ),
                Ok(Some(data)) => {
                    assert!(batch.is_empty());
                    plain.push(str::from_utf8(data).unwrap().to_owned());
                }
            }
        }
        (plain, items, false)
    }

    #[test]
    fn only_an_event_that_is_all_of_its_chunk_and_nothing_but_its_data_is_given_without_a_batch() {
        for chunk in [
            "data: a\n\n",
            "\u{feff}data:a\r\r",
            "retry: 1\ndata: a\n\ndata: ",
        ] {
            assert_eq!(
                given(&[chunk], 99),
                (vec!["a".into()], vec![], false),
                "{chunk:?}"
            );
        }
        for (chunks, items) in [
            (
                &["data: a\n\ndata: b\n\n"][..],
                &[["message", "", "a"], ["message", "", "b"]][..],
            ),
            (&["data: a\n\n:b\n"], &[["message", "", "a"], ["", "", "b"]]),
            (&[":b\ndata: a\n\n"], &[["", "", "b"], ["message", "", "a"]]),
            (&["event: e\ndata: a\n\n"], &[["e", "", "a"]]),
            (
                &["id: 1\ndata: a\n\n", "data: b\n\n"],
                &[["message", "1", "a"], ["message", "1", "b"]],
            ),
            (&["data: \u{e9}\n\n"], &[["message", "", "\u{e9}"]]),
            (&["data: a\ndata: b\n\n"], &[["message", "", "a\nb"]]),
            (&["dat", "a: a\n\n"], &[["message", "", "a"]]),
            (&["data: a", "\n\n"], &[["message", "", "a"]]),
        ] {
            let items: Vec<_> = items.iter().map(|item| item.map(str::to_owned)).collect();
            assert_eq!(given(chunks, 99), (vec![], items, false), "{chunks:?}");
        }
        // An empty one may lie anywhere.
        let (plain, items, _) = given(&["data:\n\n"], 99);
        assert_eq!(plain.len() + items.len(), 1);
    }

    #[test]
    fn one_event_before_an_error_comes_first_in_any_form() {
        let (plain, items, failed) = given(&["data: a\n\ndata: too long\n\n", ""], 8);
        assert_eq!((plain.len(), failed), (0, true));
        assert_eq!(items, [["message", "", "a"]]);
    }
}
