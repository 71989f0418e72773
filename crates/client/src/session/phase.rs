//! Where a session is, with what only matters there.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::Error;
use crate::error::body_says;

/// How much of an error's body is kept.
const MAX_BODY: usize = 1024;

/// How long an error waits for its body.
const BODY_GRACE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) enum Phase {
    Start,
    /// The application prepares the attempt.
    Preparing {
        until: Duration,
    },
    /// It has done so, and the request is due at once.
    Prepared,
    /// The next request of a chain of redirects is due at once.
    Redirected,
    /// Waiting for the answer's head.
    Sent {
        last_byte: Duration,
    },
    Open(Open),
    Refused(Refused),
    /// Between two attempts.
    Waiting {
        until: Duration,
    },
    Done,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) since: Duration,
    pub(super) last_byte: Duration,
    pub(super) last_event: Duration,
    /// Whether an event came.
    pub(super) delivered: bool,
    /// A restart was asked for then, and comes when what has arrived was taken.
    pub(super) leaving: Option<Duration>,
}

impl Open {
    pub(super) fn new(now: Duration) -> Open {
        Open {
            since: now,
            last_byte: now,
            last_event: now,
            delivered: false,
            leaving: None,
        }
    }
}

/// An error status came; its body may explain it.
#[derive(Debug)]
pub(super) struct Refused {
    error: Error,
    pub(super) retry: bool,
    pub(super) until: Duration,
    body: BytesMut,
}

impl Refused {
    pub(super) fn new(error: Error, retry: bool, now: Duration) -> Refused {
        Refused {
            error,
            retry,
            until: now.saturating_add(BODY_GRACE),
            body: BytesMut::new(),
        }
    }

    /// Keeps what fits; true once that is all that will be kept.
    pub(super) fn collect(&mut self, chunk: &[u8]) -> bool {
        let room = MAX_BODY - self.body.len();
        self.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        self.body.len() == MAX_BODY
    }

    pub(super) fn into_error(self) -> Error {
        let body: Bytes = self.body.freeze();
        match body_says(&body) {
            Some(line) => {
                let message = format!("{} ({line})", self.error);
                self.error.with_message(message).with_body(body)
            }
            None => self.error.with_body(body),
        }
    }
}
