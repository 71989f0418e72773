//! The publishing side of Server-Sent Events: a hub with topics and one log, and its HTTP server.
//!
//! # Layout
//!
//! - [`Hub`]: publish and subscribe; [`HubBuilder`] sets its bounds, [`Stats`] are its figures.
//! - [`Publication`]: what is published, alone or many in one go ([`Hub::publish_many`]). [`EventId`]: where it stands in the log.
//! - [`Hub::send_file`], [`Hub::send_bytes`]: a payload in slices; the rules are in [`eventwire_codec::slices`].
//! - [`Subscription`]: a cursor, read as a stream of frames. [`Start`]: where it begins. [`CloseHandle`]: ends it.
//! - [`Endpoint`]: all of the HTTP behaviour, without a socket: [`Head`] in, [`Reply`] out. [`Authorizer`] and [`Cors`]
//!   say who may.
//! - [`Server`]: the same on a socket.
//! - [`Store`]: where the log lives; [`store`] has what crosses between it and its hub.
//!
//! There is no queue per subscriber. Publishing appends to the log and wakes; a subscription reads on from its cursor, so
//! live delivery and replay are the same read, and a slow reader costs nothing but its cursor.
//!
//! # Example
//!
//! ```
//! use eventwire_server::{Hub, Publication, Start, Subscribe};
//! use tokio_stream::StreamExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::new();
//! let first = hub.publish(Publication::new("orders", "number 42")).await?;
//! hub.publish(Publication::new("orders", "number 43").event("shipped")).await?;
//!
//! // Whoever was cut off after the first event gets exactly what followed it.
//! let resume = Subscribe::to(["orders"]).start(Start::After(first.to_string()));
//! let mut frames = hub.subscribe(resume)?;
//! assert_eq!(frames.next().await.unwrap(), format!("id: {first}\n\n"), "a mark of where it starts");
//! let frame = frames.next().await.unwrap();
//! assert!(frame.ends_with(b"event: shipped\ndata: number 43\n\n"));
//! # Ok(())
//! # }
//! ```

mod appender;
#[cfg(feature = "axum")]
mod axum;
mod error;
mod filter;
mod frame;
mod http;
mod hub;
mod many;
mod options;
mod position;
mod publish;
mod resume;
mod retained;
mod serve;
mod slices;
mod state;
mod stats;
pub mod store;
mod subscribe;
mod subscription;
mod topic;
mod topic_as;

pub use crate::error::{BuildError, PublishError, ServeError, SubscribeError, TopicError};
pub use crate::http::{
    Access, Action, Authorizer, Cors, Denied, Endpoint, Head, HttpOptions, Identity, Reply,
    ReplyBody,
};
pub use crate::hub::Hub;
pub use crate::many::{MAX_PUBLISH_MANY, PublishManyError};
pub use crate::options::{HubBuilder, Slow};
pub use crate::position::{EventId, MalformedId};
pub use crate::publish::{MAX_KEY, Publication};
pub use crate::resume::Start;
pub use crate::serve::{ServeOptions, Server};
pub use crate::stats::{End as SubscriptionEnd, Ended, Stats};
pub use crate::store::{Store, StoreError};
pub use crate::subscribe::Subscribe;
pub use crate::subscription::{CloseHandle, Subscription};
pub use crate::topic::{MAX_TOPIC, MAX_TOPICS_AT_ONCE};
