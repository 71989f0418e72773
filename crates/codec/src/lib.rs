//! eventwire-codec

mod decoder;
mod encoder;
mod error;
mod event;
mod scan;

pub use decoder::{Decoder, DecoderBuilder, Item, Items};
pub use encoder::{Block, Encoder};
pub use error::{DecodeError, EncodeError, EncodeErrorKind, Limit};
pub use event::{Event, EventRef};

/// The default of `max_line`: 16 MiB.
pub const DEFAULT_MAX_LINE: usize = 16 << 20;

/// The default of `max_event`: 16 MiB.
pub const DEFAULT_MAX_EVENT: usize = 16 << 20;

/// The largest reconnection time, in milliseconds, that a decoder reports: 2^53 - 1, the largest
/// integer that Rust, Python and JavaScript numbers all hold. Larger ones in a stream become this.
pub const MAX_RETRY: u64 = (1 << 53) - 1;
