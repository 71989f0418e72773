//! Asking the application before every attempt.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use crate::redact::redacted_text;
use crate::{Error, headers};

/// An attempt that is about to be made, as [`ConnectOptions::prepare`](crate::ConnectOptions::prepare) gets it.
///
/// It begins with the URL, the headers and the body of the options each time; what is changed holds for this attempt and its
/// redirects.
#[derive(Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// Where to.
    pub url: String,
    /// The headers beyond the usual ones. A `Last-Event-ID` among them is not sent: the stream has its own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// Which attempt in a row it is, from 1: what its error would say. A connection that was stable begins a new row, so the
    /// attempt after it is the second.
    pub attempt: u32,
    /// Where it will go on: the last event ID of what was received, empty for live.
    pub last_event_id: String,
    /// Why the connection before ended, or was not made; `None` before the first, and after a restart.
    pub error: Option<Error>,
}

impl Attempt {
    /// Sets a header, in place of any by that name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) for a name or a value that cannot be sent.
    ///
    /// ```
    /// # fn token() -> String { String::new() }
    /// let options = eventwire_client::ConnectOptions::new("https://example.com/events").prepare(|mut attempt| async {
    ///     attempt.set_header("authorization", format!("Bearer {}", token()))?;
    ///     Ok(attempt)
    /// });
    /// ```
    pub fn set_header(
        &mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        headers::set(&mut self.headers, name.as_ref(), value.as_ref())
    }

    /// Adds a header, beside any by that name; an `Authorization` goes in place of the one before.
    ///
    /// # Errors
    ///
    /// As for [`set_header`](Self::set_header).
    pub fn add_header(
        &mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        headers::append(&mut self.headers, name.as_ref(), value.as_ref())
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = redacted_text(&self.url);
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Attempt")
            .field("url", &url)
            // What has just been put into one is most often a secret.
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("attempt", &self.attempt)
            .field("last_event_id", &self.last_event_id)
            .field("error", &self.error)
            .finish()
    }
}

/// Any error at all: that of whoever prepares.
pub(crate) type AnyError = Box<dyn StdError + Send + Sync>;

/// The answer that is awaited.
#[doc(hidden)]
pub type Preparing = Pin<Box<dyn Future<Output = Result<Attempt, AnyError>> + Send>>;

/// Who is asked before every attempt.
#[doc(hidden)]
pub trait Prepare: Send + Sync {
    /// Asks.
    fn prepare(&self, attempt: Attempt) -> Preparing;

    /// Whether the application has the question already: only then does it count how long the answer takes. What changes that
    /// must wake the task that awaits the answer.
    fn asked(&self) -> bool {
        true
    }
}

/// A function of the application.
pub(crate) struct Function<F>(pub(crate) F);

impl<F, R> Prepare for Function<F>
where
    F: Fn(Attempt) -> R + Send + Sync,
    R: Future<Output = Result<Attempt, AnyError>> + Send + 'static,
{
    fn prepare(&self, attempt: Attempt) -> Preparing {
        Box::pin((self.0)(attempt))
    }
}

/// A question that is open.
pub(crate) struct Question {
    prepare: Arc<dyn Prepare>,
    answer: Preparing,
    asked: bool,
}

impl Question {
    pub(crate) fn ask(prepare: &Arc<dyn Prepare>, attempt: Attempt) -> Question {
        Question {
            answer: prepare.prepare(attempt),
            prepare: prepare.clone(),
            asked: false,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Attempt, AnyError>> {
        self.answer.as_mut().poll(cx)
    }

    /// Whether the application had not been asked when this was last called.
    pub(crate) fn was_unasked(&mut self) -> bool {
        let unasked = !self.asked;
        self.asked = self.prepare.asked();
        unasked
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for dyn Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepare")
    }
}
