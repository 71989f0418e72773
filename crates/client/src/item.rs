//! What a stream yields besides events.

use std::time::Duration;

use eventwire_codec::Event;
use http::HeaderMap;

use crate::Error;

/// One item of [`EventStream::items`](crate::EventStream::items).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamItem {
    /// The server accepted; events follow.
    Opened(Opened),
    /// An event.
    Event(Event),
    /// A comment; only with [`ConnectOptions::comments`](crate::ConnectOptions::comments).
    Comment(String),
    /// A hub told that what was missed is gone.
    Reset(Reset),
    /// The connection ended or could not be made, and will be made again.
    Reconnecting(Reconnecting),
    /// The end, where it was not made on this side. Where it is an error, the error follows as the stream's last item.
    Closed(Closed),
}

/// The server accepted the request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The status, which is 200.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The address that answered, which differs from the one asked where there were redirects.
    pub url: String,
}

/// A hub's `eventwire.reset`: some of what was published since the last event ID is no longer held. What the hub still has
/// follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reset {
    /// The last event ID that was asked for.
    pub requested: String,
    /// Why it could not be served: `evicted`, `ahead`, `epoch` or `malformed`.
    pub reason: String,
    /// The id of the first event that is still held, empty where there is none.
    pub first: String,
    /// The last event ID from here on.
    pub id: String,
    event: Event,
}

impl Reset {
    /// The type of the event that announces a reset.
    pub const EVENT: &'static str = "eventwire.reset";

    /// Reads a reset from the event that announces it; gives the event back where it is another one, or not a hub's.
    pub(crate) fn from_event(event: Event) -> Result<Reset, Event> {
        if event.event() != Self::EVENT {
            return Err(event);
        }
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(event.data()) else {
            return Err(event);
        };
        let text = |name: &str| {
            fields
                .get(name)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Reset {
            requested: text("requested"),
            reason: text("reason"),
            first: text("first"),
            id: event.id().to_owned(),
            event,
        })
    }

    /// The event as it came over the wire.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event as it came over the wire.
    pub fn into_event(self) -> Event {
        self.event
    }
}

/// The connection is to be made again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Why the last one ended, or was not made.
    pub reason: Error,
    /// How many times in a row, this one included; 1 after a connection that was stable.
    pub attempt: u32,
    /// How long until the attempt.
    pub delay: Duration,
}

/// The stream is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: CloseReason,
    /// The error, where the end is one.
    pub error: Option<Error>,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server answered 204, which asks clients to stay away.
    NoContent,
    /// The server ended the stream, and the policy does not ask again.
    Ended,
    /// Something that trying again would not mend, or that the policy does not try again.
    Failed,
    /// The policy's attempts, or its deadline, ran out.
    GaveUp,
}

impl CloseReason {
    /// A name for programs: `no_content`, `ended`, `failed` or `gave_up`.
    pub fn name(self) -> &'static str {
        match self {
            CloseReason::NoContent => "no_content",
            CloseReason::Ended => "ended",
            CloseReason::Failed => "failed",
            CloseReason::GaveUp => "gave_up",
        }
    }
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not connected: before the first answer, or between two connections.
    Connecting,
    /// The server accepted, and the connection stands.
    Open,
    /// Over for good.
    Closed,
}

impl State {
    /// A name for programs: `connecting`, `open` or `closed`.
    pub fn name(self) -> &'static str {
        match self {
            State::Connecting => "connecting",
            State::Open => "open",
            State::Closed => "closed",
        }
    }
}
