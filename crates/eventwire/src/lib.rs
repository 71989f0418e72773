//! Server-Sent Events: a codec, a client that reconnects and resumes, and a hub that fans out, remembers and replays.
//!
//! # Layout
//!
//! - The codec, always there: [`Event`], [`Decoder`], [`Encoder`], [`Block`]. Bytes to events and back; no I/O, no async.
//! - Feature `slices`: bytes in an event ([`Event::binary`]), and payloads as sequences of events ([`slices`]).
//! - Feature `client`: [`connect`] and [`ConnectOptions`] make an [`EventStream`]; a [`Publisher`] publishes to a hub that
//!   runs elsewhere; [`session`] has the client's rules without a socket.
//! - Feature `server`: a [`Hub`] takes [`Publication`]s and gives [`Subscription`]s; a [`Server`] serves it over HTTP, and an
//!   [`Endpoint`] does the same behind a server of yours.
//! - Feature `stream`: [`decode`] takes a byte stream that something else has opened (reqwest, hyper, ...), and gives events.
//! - Feature `testing`: scripted servers and a virtual clock, for tests of what handles events (`testing`).
//! - Feature `axum`: a [`Subscription`] is an axum response.
//!
//! `client`, `server` and `stream` are on by default; `client` and `server` each bring `slices`.
//!
//! # Publishing
//!
//! ```
//! # #[cfg(feature = "server")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use eventwire::{Hub, Publication, ServeOptions};
//!
//! let hub = Hub::new();
//! let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await?;
//! println!("curl -N '{}/events?topic=orders'", server.url());
//!
//! let id = hub.publish(Publication::new("orders", "number 42").event("shipped")).await?;
//! println!("published as {id}");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "server"))]
//! # fn main() {}
//! ```
//!
//! # Subscribing
//!
//! The stream reconnects by itself and goes on after the last event that it delivered.
//!
//! ```
//! # #[cfg(all(feature = "client", feature = "server"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use eventwire::{Hub, Publication, ServeOptions};
//! # let hub = Hub::new();
//! # let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await?;
//! # hub.publish(Publication::new("orders", "number 42").event("shipped")).await?;
//! # let url = server.url();
//! let mut stream = eventwire::connect(format!("{url}/events?topic=orders&start=earliest")).open()?;
//! while let Some(event) = stream.next().await {
//!     let event = event?;
//!     println!("{}: {}", event.event(), event.data());
//!     # assert_eq!(event.data(), "number 42");
//!     # stream.close();
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "client", feature = "server")))]
//! # fn main() {}
//! ```
//!
//! # Only the format
//!
//! ```
//! let mut decoder = eventwire::Decoder::new();
//! let mut items = decoder.feed(b"event: tick\ndata: 1\n\n");
//! let event = items.next_event()?.expect("a whole event was fed");
//! assert_eq!((event.event(), event.data()), ("tick", "1"));
//! # Ok::<(), eventwire::DecodeError>(())
//! ```

#[cfg(feature = "stream")]
mod decode;

#[cfg(feature = "stream")]
pub use decode::{DecodeStream, DecodeStreamError, DecodedItem, DecodedItems, decode, decode_with};

pub use eventwire_codec::{
    Block, DEFAULT_MAX_EVENT, DEFAULT_MAX_LINE, DecodeError, Decoder, DecoderBuilder, EncodeError,
    EncodeErrorKind, Encoder, Event, EventRef, Item, Items, Limit, MAX_RETRY,
};

#[cfg(feature = "slices")]
pub use eventwire_codec::{DataError, DataErrorKind, slices};

#[cfg(feature = "client")]
pub use eventwire_client::{
    Ack, Attempt, Backoff, Clock, CloseReason, Closed, Closer, ConnectOptions, Error, ErrorKind,
    EventStream, FileAssembly, IntoTopics, Items as StreamItems, Opened, Outcome, Profile,
    PublishMessage, Publisher, PublisherOptions, Reconnecting, Reset, Restarter, RetryPolicy,
    State, StreamItem, StreamStats, TransportOptions, session,
};

#[cfg(feature = "testing")]
pub use eventwire_client::testing;

#[cfg(feature = "server")]
pub use eventwire_server::{
    Access, Action, Authorizer, BuildError, CloseHandle, Cors, Denied, Ended, Endpoint, EventId,
    Head, HttpOptions, Hub, HubBuilder, Identity, MAX_KEY, MAX_PUBLISH_MANY, MAX_TOPIC,
    MAX_TOPICS_AT_ONCE, MalformedId, Publication, PublishError, PublishManyError, Reply, ReplyBody,
    ServeError, ServeOptions, Server, Slow, Start, Stats, Store, StoreError, Subscribe,
    SubscribeError, Subscription, SubscriptionEnd, TopicError, store,
};

/// Begins to subscribe to the event stream at `url`: options with the defaults, to change and then to
/// [`open`](ConnectOptions::open).
///
/// ```
/// # fn main() -> Result<(), eventwire::Error> {
/// let stream = eventwire::connect("https://example.com/events")
///     .header("authorization", "Bearer ...")
///     .open()?;
/// assert_eq!(stream.state(), eventwire::State::Connecting);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "client")]
pub fn connect(url: impl Into<String>) -> ConnectOptions {
    ConnectOptions::new(url)
}

/// The quick start of the README compiles.
#[cfg(all(doctest, feature = "client", feature = "server"))]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
struct Readme;
