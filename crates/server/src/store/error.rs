//! What a store could not do.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whether something was stored although its store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing was stored: trying again is harmless.
    NotStored,
    /// It may have been stored: trying again is harmless with a key.
    Unknown,
}

impl Outcome {
    /// `not_stored` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStored => "not_stored",
            Self::Unknown => "unknown",
        }
    }
}

/// A store failed.
///
/// ```
/// use eventwire_server::store::{Outcome, StoreError};
///
/// let error = StoreError::unknown("the connection broke");
/// assert_eq!(error.outcome(), Outcome::Unknown);
/// assert_eq!(
///     error.to_string(),
///     "the connection broke: whether the event was stored is not known; with a key, publishing it again is harmless"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct StoreError {
    outcome: Outcome,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// It failed, and nothing was stored. `message` says what was wrong and what to do.
    pub fn not_stored(message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotStored,
            message: message.into(),
            source: None,
        }
    }

    /// It failed so that nobody can say whether something was stored.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Unknown,
            ..Self::not_stored(message)
        }
    }

    /// Sets what was behind it; nothing by default.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// No answer came in time: it may have done its work, and may still do it.
    pub(crate) fn late(timeout: Duration) -> Self {
        Self::unknown(format!(
            "the store did not answer within {timeout:?} (store_timeout)"
        ))
    }

    /// The store had no time for it.
    pub(crate) fn crowded_out(timeout: Duration) -> Self {
        Self::not_stored(format!(
            "the store was busy with earlier events for {timeout:?} (store_timeout)"
        ))
    }

    /// Whether something was stored.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.outcome == Outcome::Unknown
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.outcome {
            Outcome::NotStored => f.write_str(": nothing was stored"),
            Outcome::Unknown => f.write_str(
                ": whether the event was stored is not known; with a key, publishing it again is harmless",
            ),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
