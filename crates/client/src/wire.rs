//! What a stream stands on where that is not this library's own HTTP client: another language's, or a test's.
//!
//! A stream asks its [`Wire`] for a [`Connection`] per request, and polls that one only while its consumer has taken all that
//! came before. All rules stay with the [`Session`](crate::session::Session): a wire only moves bytes.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use crate::transport::Progress;

use crate::EventStream;
use crate::session::Request;

/// Makes connections, and may have a clock of its own.
pub trait Wire: Send + Sync + fmt::Debug {
    /// Begins to send a request, on a connection of its own. It must not block, and follow no redirect.
    fn connect(&self, request: Request) -> Box<dyn Connection>;

    /// What time it is, since any origin; `None`, the default, where it goes by the real clock.
    fn now(&self) -> Option<Duration> {
        None
    }

    /// Ready when the time is `at`, or the connection has something by this clock; `None`, the default, where it goes by the
    /// real clock.
    fn poll_until(&self, at: Option<Duration>, cx: &mut Context<'_>) -> Option<Poll<()>> {
        let _ = (at, cx);
        None
    }
}

/// One request and its answer. Dropping it closes the connection.
pub trait Connection: Send {
    /// What happens next: the head, then chunks, then the end or a failure, after which it is not polled again.
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Progress>;
}

impl EventStream {
    /// Lets this stream make its connections by `wire`; to be called before the first poll. The options that are about
    /// connections (certificates, proxies, the connect timeout) are the wire's to heed then.
    pub fn set_wire(&mut self, wire: Arc<dyn Wire>) {
        self.wire = Some(wire);
    }

    /// Makes the waits those that this seed gives.
    #[cfg(feature = "testing")]
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.session.reseed(seed);
    }
}
