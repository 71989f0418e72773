use super::{Decoder, Limits};
use crate::{DEFAULT_MAX_EVENT, DEFAULT_MAX_LINE};

/// The options of a [`Decoder`].
///
/// ```
/// use eventwire_codec::Decoder;
///
/// let decoder = Decoder::builder().last_event_id("41").max_event(1 << 20).build();
/// assert_eq!(decoder.last_event_id(), "41");
/// ```
#[derive(Clone, Debug)]
pub struct DecoderBuilder {
    last_event_id: String,
    limits: Limits,
    comments: bool,
    retries: bool,
    marks: bool,
}

impl DecoderBuilder {
    pub(super) fn new() -> DecoderBuilder {
        DecoderBuilder {
            last_event_id: String::new(),
            limits: Limits {
                line: DEFAULT_MAX_LINE,
                event: DEFAULT_MAX_EVENT,
            },
            comments: false,
            retries: false,
            marks: false,
        }
    }

    /// The last event ID of an earlier connection, which events carry until the stream sets
    /// another. Default: `""`.
    #[must_use]
    pub fn last_event_id(mut self, id: impl Into<String>) -> DecoderBuilder {
        self.last_event_id = id.into();
        self
    }

    /// How many bytes a line may have, without its end. Default: 16 MiB.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> DecoderBuilder {
        self.limits.line = bytes;
        self
    }

    /// How many bytes an event may hold: the data with its line feeds, and the type and the id
    /// where its block sets them, all as they are on the wire. Default: 16 MiB.
    #[must_use]
    pub fn max_event(mut self, bytes: usize) -> DecoderBuilder {
        self.limits.event = bytes;
        self
    }

    /// Whether comments are items. Default: no.
    #[must_use]
    pub fn comments(mut self, wanted: bool) -> DecoderBuilder {
        self.comments = wanted;
        self
    }

    /// Whether changes of the reconnection time are items. Default: no.
    /// [`Decoder::reconnection_time`] is kept up to date in either case.
    #[must_use]
    pub fn retries(mut self, wanted: bool) -> DecoderBuilder {
        self.retries = wanted;
        self
    }

    /// Whether blocks that move the last event ID without an event are items. Default: no.
    /// [`Decoder::last_event_id`] is kept up to date in either case.
    #[must_use]
    pub fn marks(mut self, wanted: bool) -> DecoderBuilder {
        self.marks = wanted;
        self
    }

    /// The decoder.
    pub fn build(self) -> Decoder {
        Decoder {
            marks: self.marks,
            ..Decoder::with(self.last_event_id, self.limits, self.comments, self.retries)
        }
    }
}
