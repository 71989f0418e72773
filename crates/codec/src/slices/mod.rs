//! A payload in slices: a file, or bytes, as a sequence of events, and back. The reverse of a sliced upload.
//!
//! # Layout
//!
//! - [`Slices`]: the sender's side (`sender.rs`). It reads its source twice, once for the hash and once for the slices, and
//!   holds one slice at a time.
//! - [`Assembly`]: the receiver's side (`assembly.rs`). It takes events one by one, and gives the bytes of each slice that
//!   fits.
//! - [`Transfer`]: what all slices of one payload say alike (`transfer.rs`).
//! - [`SliceError`], [`FileError`], [`TransferError`]: what can go wrong (`error.rs`).
//!
//! # On the wire
//!
//! Each slice is an event of the type `slice`, whose data is JSON, so that any client can put a payload together:
//!
//! ```json
//! {"name": "a.bin", "index": 0, "count": 2, "size": 300000, "slice_size": 262144, "sha256": "9f86...", "data": "3q2+7w=="}
//! ```
//!
//! `name` is a label, and no path. `index` counts from 0, and there are `count` slices. `size` is the payload's, in bytes;
//! every slice holds `slice_size` bytes, but the last, which holds the rest. `sha256` is that of the whole payload, in hex of
//! lower case. `data` holds the slice's bytes in base64 (RFC 4648, section 4). What else there is, is passed over. An empty
//! payload is one slice of no bytes.
//!
//! # Example
//!
//! ```
//! use eventwire_codec::slices::{Assembly, ReceiveOptions, SendOptions, Slices, Taken};
//!
//! let payload = b"larger than anybody would put into one event";
//! let options = SendOptions::new().name("note.txt").slice_size(10);
//! let mut assembly = Assembly::new(ReceiveOptions::new())?;
//! let mut received = Vec::new();
//! for event in Slices::of_bytes(payload, options)? {
//!     if let Taken::Bytes(bytes) = assembly.take(&event?)? {
//!         received.extend(bytes);
//!     }
//! }
//! assert_eq!(assembly.finish()?.name(), "note.txt");
//! assert_eq!(received, payload);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assembly;
mod error;
mod options;
mod sender;
mod transfer;

pub use assembly::{Assembly, Taken};
pub use error::{FileError, SliceError, SliceErrorKind, TransferError};
pub use options::{ReceiveOptions, SendOptions};
#[doc(hidden)]
pub use sender::slice_key;
pub use sender::{Slices, Step};
pub use transfer::Transfer;

/// The type of the events that are slices, where none is given.
pub const SLICE: &str = "slice";

/// How many bytes a slice holds, where nothing is said: 256 KiB.
pub const DEFAULT_SLICE_SIZE: usize = 256 << 10;

/// The most that a slice may hold: 8 MiB. As an event it fits the 16 MiB that a decoder, and a hub for what is published to
/// it, take by default.
pub const MAX_SLICE_SIZE: usize = 8 << 20;

/// The largest payload that a receiver takes, where nothing is said: 1 GiB.
pub const DEFAULT_MAX_SIZE: u64 = 1 << 30;

/// The longest name, in bytes.
pub const MAX_NAME: usize = 1024;
