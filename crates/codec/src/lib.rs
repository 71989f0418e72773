//! The event stream format of Server-Sent Events: bytes to events, and events to bytes.
//!
//! It follows the [WHATWG standard](https://html.spec.whatwg.org/multipage/server-sent-events.html) to
//! the letter. It does no I/O and knows nothing of HTTP or of async: whoever has the bytes feeds them,
//! in any chunks, and takes the items that they complete. Time is linear, memory is bounded, a
//! value that lies whole in one chunk is borrowed from it, and nothing that is put into an encoder
//! can leave its line.
//!
//! # Layout
//!
//! - [`Event`], [`EventRef`]: an event that owns its text, and one that borrows it (`event.rs`).
//! - [`Decoder`], [`DecoderBuilder`], [`Items`], [`Item`]: bytes to events (`decoder/`):
//!   - `items.rs`, the loop over the lines of a chunk; `edges.rs`, what straddles chunks;
//!   - `bom.rs`, the byte order mark; `line.rs`, what one line says; `text.rs`, UTF-8;
//!     `limits.rs`, when exactly a stream is too large;
//!   - `scan.rs`, beside it, finds the line ends.
//! - [`Block`], [`Encoder`]: events to bytes (`encoder.rs`).
//! - [`DecodeError`], [`EncodeError`]: what can go wrong (`error.rs`).
//! - Feature `binary`: bytes in an event, as base64 (`binary.rs`).
//! - Feature `slices`: a payload as a sequence of events, and back (`slices/`).
//!
//! What each rule of the format means is held as data in `tests/fixtures/codec` of the repository, which
//! the Rust, Python and Node tests all run; `tests/oracle.rs` holds the decoder against a slow one.
//!
//! # Example
//!
//! ```
//! use eventwire_codec::{Decoder, Encoder, Event, Item};
//!
//! // A server writes ...
//! let mut encoder = Encoder::new();
//! encoder
//!     .comment("welcome")
//!     .event(&Event::new("{\"price\": 12}").with_type("tick").with_id("7"))?
//!     .event(&Event::new("two\nlines"))?;
//! let stream = encoder.take();
//!
//! // ... and a client reads, in whatever chunks the network makes of it.
//! let mut decoder = Decoder::builder().comments(true).build();
//! let mut events = Vec::new();
//! for chunk in stream.chunks(10) {
//!     let mut items = decoder.feed(chunk);
//!     while let Some(item) = items.next()? {
//!         match item {
//!             Item::Event(event) => events.push(event.to_event()),
//!             Item::Comment(text) => assert_eq!(text, "welcome"),
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(events[0].event(), "tick");
//! assert_eq!(events[0].data(), "{\"price\": 12}");
//! // The id stays until another one comes: it is where to resume.
//! assert_eq!((events[1].data(), events[1].id()), ("two\nlines", "7"));
//! assert_eq!(decoder.last_event_id(), "7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "binary")]
mod binary;
mod decoder;
mod encoder;
mod error;
mod event;
mod scan;
#[cfg(feature = "slices")]
pub mod slices;

#[cfg(feature = "binary")]
pub use binary::{DataError, DataErrorKind};
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
