//! What the Python and the Node binding of eventwire share, and neither language owns.
//!
//! # Layout
//!
//! - [`mailbox`]: where Rust leaves items and a language's own thread fetches them, woken once per edge.
//! - [`notifier`]: one wake-up for all mailboxes of one event loop.
//! - [`packed`]: the form in which a batch of items crosses, in one call.
//! - [`pieces`]: the same as texts of JavaScript, none of them much larger than an event that is cut out of it.
//! - [`task`]: an operation that ends later, and its one answer.
//! - [`runtime`]: the Tokio runtime: starts on first use, survives `fork`, is shut down at exit.
//! - [`session`], [`testing`]: streams whose bytes another language moves, and streams that a script feeds.
//! - [`decode`], [`stream`], [`hub`], [`publisher`]: what users hold, as handles without a language.
//! - [`question`]: what a stream asks of the application before it connects.
//! - [`binary`], [`slices`]: bytes in an event, and payloads in slices.
//! - [`failure`]: every error of the core as a kind, a message for people and details.
//!
//! # The rules of the crossing
//!
//! No thread of ours ever attaches to the Python interpreter or makes a JavaScript value. Rust puts items into a
//! mailbox and wakes the other side once, on the edge from empty to non-empty; the other side drains on its own
//! thread. A call, and a suspension, is paid per batch and never per event.
//!
//! ```
//! use eventwire_bridge::decode::Decoder;
//! use eventwire_bridge::packed::{Batch, Kind};
//!
//! let decoder = Decoder::new(Default::default());
//! let mut batch = Batch::new();
//! decoder.feed(b"data: one\n\nevent: tick\nid: 7\ndata: two\n\n", &mut batch)?;
//! let items: Vec<_> = batch.items().map(|item| (item.kind, item.event, item.id, item.data)).collect();
//! assert_eq!(items, [(Kind::Event, "message", "", "one"), (Kind::Event, "tick", "7", "two")]);
//! # Ok::<(), eventwire_bridge::failure::Failure>(())
//! ```

#[cfg(not(loom))]
pub mod arguments;
#[cfg(not(loom))]
pub mod binary;
#[cfg(not(loom))]
pub mod decode;
#[cfg(not(loom))]
pub mod encode;
#[cfg(not(loom))]
pub mod failure;
#[cfg(not(loom))]
pub mod hub;
pub mod mailbox;
pub mod notifier;
#[cfg(not(loom))]
mod owner;
pub mod packed;
#[cfg(not(loom))]
pub mod pieces;
#[cfg(not(loom))]
pub mod publisher;
#[cfg(not(loom))]
pub mod question;
#[cfg(not(loom))]
pub mod runtime;
#[cfg(not(loom))]
pub mod session;
#[cfg(not(loom))]
pub mod slices;
#[cfg(not(loom))]
pub mod stream;
mod sync;
#[cfg(not(loom))]
pub mod task;
#[cfg(not(loom))]
pub mod testing;
#[cfg(not(loom))]
pub mod transport;
