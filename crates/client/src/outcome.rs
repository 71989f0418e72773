//! Whether something was stored.

/// Whether what a [`Publisher`](crate::Publisher) failed to publish was stored; see [`Error::outcome`](crate::Error::outcome).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was not: it never left, or the hub refused it. Publishing it again is harmless.
    NotStored,
    /// It may have been: an attempt broke after it was sent. Publishing it again is harmless with the same key.
    Unknown,
}

impl Outcome {
    /// `not_stored` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NotStored => "not_stored",
            Outcome::Unknown => "unknown",
        }
    }
}
