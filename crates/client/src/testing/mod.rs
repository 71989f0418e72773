//! Tests of what handles events: servers that play a script, by a virtual clock, without a network.
//!
//! # Layout
//!
//! - [`Script`]: what the server does, one attempt after the other.
//! - [`ScriptedServer`]: plays it to streams, keeps what they asked, and has their clock.
//!
//! The streams are [`EventStream`](crate::EventStream)s, with all of their rules: only the bytes come from the script, and the
//! time is the server's. So a wait of half an hour takes no time, and every run is the same, the random waits included.
//!
//! ```
//! use eventwire_client::ConnectOptions;
//! use eventwire_client::testing::{Script, ScriptedServer};
//!
//! # fn main() -> Result<(), eventwire_client::Error> {
//! let script = Script::new().event("one").reset_mid_event().refuse().event("two");
//! let server = ScriptedServer::new(script)?;
//! let mut stream = server.open(ConnectOptions::new("http://test/events"))?;
//! # futures_util::FutureExt::now_or_never(async {
//! assert_eq!(stream.next().await.unwrap()?.data(), "one");
//! assert_eq!(stream.next().await.unwrap()?.data(), "two");
//! // The script is over, which a 204 says.
//! assert!(stream.next().await.is_none());
//! assert_eq!(server.requests().len(), 4);
//! assert_eq!(server.delays().len(), 3);
//! # Ok::<_, eventwire_client::Error>(())
//! # }).expect("a script never waits")?;
//! # Ok(())
//! # }
//! ```

mod play;
mod script;
mod server;

pub use script::{Script, ScriptedEvent};
pub use server::{RecordedRequest, ScriptedServer};
