//! The subscribing side of Server-Sent Events: connect, decode, reconnect, resume; and a [`Publisher`] for a hub elsewhere.
//!
//! # Layout
//!
//! - [`ConnectOptions`]: what to ask for, and how patiently; [`RetryPolicy`] is its part about reconnecting.
//!   [`Attempt`] is what is asked before each one, and [`Ack`] says when an event counts as dealt with.
//! - [`TransportOptions`]: by which way, whom to trust, and who to be.
//! - [`EventStream`]: the stream of [`Event`]s; [`EventStream::items`] also shows what happens to the connection
//!   ([`StreamItem`]); a [`Closer`] ends it from any thread, and a [`Restarter`] makes it connect again.
//! - [`session::Session`]: all the rules, without a socket and without a clock. An [`EventStream`] is one of these with an
//!   HTTP client around it; bindings and tests drive it by other means.
//! - [`wire::Wire`]: what a stream stands on in place of this library's HTTP client; `testing` (a feature) has one that plays a
//!   script, by a virtual clock.
//! - [`Publisher`]: publishes to a hub that runs elsewhere, in batches, and makes retries harmless by a key; [`Outcome`] is what an
//!   error says of it.
//! - [`EventStream::receive_file`], [`Publisher::send_file`]: payloads in slices (`slices/`), whose rules are in
//!   [`eventwire_codec::slices`]; [`FileAssembly`] writes one that comes from elsewhere.
//! - [`Error`]: one type, with an [`ErrorKind`] for programs and a message for people.
//!
//! # Example
//!
//! ```no_run
//! use eventwire_client::ConnectOptions;
//!
//! # async fn example() -> Result<(), eventwire_client::Error> {
//! let mut stream = ConnectOptions::new("http://127.0.0.1:8844/events?topic=orders").open()?;
//! while let Some(event) = stream.next().await {
//!     let event = event?;
//!     println!("{} {}: {}", event.id(), event.event(), event.data());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The connection is opened by the first poll, is made again when it breaks, and goes on after the last event that was
//! delivered. The stream ends (with `None`) after [`Closer::close`], an answer of 204, and a clean end that the policy does
//! not retry; every other end is an error, which is its last item.

mod closer;
mod error;
mod headers;
mod item;
mod message;
mod options;
mod outcome;
mod place;
#[doc(hidden)]
pub mod prepare;
mod publisher;
mod redact;
mod retry;
pub mod session;
mod slices;
mod stats;
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod transport;
pub mod wire;

pub use closer::{Closer, Restarter};
pub use error::{Clock, Error, ErrorKind};
pub use eventwire_codec::Event;
pub use item::{CloseReason, Closed, Opened, Reconnecting, Reset, State, StreamItem};
pub use message::{IntoTopics, PublishMessage};
pub use options::{ConnectOptions, Profile};
pub use outcome::Outcome;
pub use place::Ack;
#[doc(hidden)]
pub use place::{Place, Saver, save_all};
pub use prepare::Attempt;
pub use publisher::{Publisher, PublisherOptions};
#[doc(hidden)]
pub use redact::redacted_text;
pub use retry::{Backoff, RetryPolicy};
pub use slices::FileAssembly;
#[doc(hidden)]
pub use stats::Counted;
pub use stats::StreamStats;
pub use stream::{EventStream, Items};
pub use transport::TransportOptions;
