//! What can go wrong with a payload in slices.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::DataError;

/// What is wrong with a slice, or with the whole of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SliceErrorKind {
    /// An option has a value that cannot be used.
    Option,
    /// The data of an event is no slice: no JSON, or a member is missing or of the wrong type.
    Malformed,
    /// What the slice says of its payload contradicts itself: size, count, slice size and index do not fit each other.
    Inconsistent,
    /// The payload is larger than the receiver takes.
    TooLarge,
    /// It is a slice of another payload than the one that is being received.
    Foreign,
    /// Slices before it, or at the end, did not come.
    Missing,
    /// The slice's bytes are no base64.
    Data,
    /// The slice does not hold as many bytes as it has to.
    Length,
    /// All slices came, and are not what was sent.
    Hash,
    /// The source changed while it was being sent.
    Changed,
}

impl SliceErrorKind {
    /// A name for programs, the same in every language: the kind in snake case, such as `too_large`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Malformed => "malformed",
            Self::Inconsistent => "inconsistent",
            Self::TooLarge => "too_large",
            Self::Foreign => "foreign",
            Self::Missing => "missing",
            Self::Data => "data",
            Self::Length => "length",
            Self::Hash => "hash",
            Self::Changed => "changed",
        }
    }
}

/// A payload in slices cannot be sent, or cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceError {
    kind: SliceErrorKind,
    message: String,
    index: Option<u64>,
    expected: Option<u64>,
    data: Option<DataError>,
}

impl SliceError {
    pub(super) fn new(kind: SliceErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            index: None,
            expected: None,
            data: None,
        }
    }

    pub(super) fn option(message: impl Into<String>) -> Self {
        Self::new(SliceErrorKind::Option, message)
    }

    pub(super) fn at(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    pub(super) fn instead_of(mut self, expected: u64) -> Self {
        self.expected = Some(expected);
        self
    }

    pub(super) fn because(mut self, data: DataError) -> Self {
        self.data = Some(data);
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> SliceErrorKind {
        self.kind
    }

    /// The index of the slice that is at fault, where there is one.
    pub fn index(&self) -> Option<u64> {
        self.index
    }

    /// The index of the slice that was due, where that is known.
    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// What is wrong with the base64, for [`SliceErrorKind::Data`].
    pub fn data(&self) -> Option<&DataError> {
        self.data.as_ref()
    }
}

impl fmt::Display for SliceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for SliceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.data.as_ref().map(|error| error as _)
    }
}

/// A file that is sent, or received, cannot be read or written.
#[derive(Debug)]
pub struct FileError {
    path: Option<PathBuf>,
    source: io::Error,
}

impl FileError {
    /// The system said `source` of `path`.
    pub fn new(path: impl Into<Option<PathBuf>>, source: io::Error) -> Self {
        Self {
            path: path.into(),
            source,
        }
    }

    /// The file; none where a reader was given.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What the system said.
    pub fn error(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}: {}", path.display(), self.source),
            None => write!(f, "the source cannot be read: {}", self.source),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Why a payload was not sent, or not received. `E` is what carries it: a hub, a publisher, a stream; nothing, where it is
/// only cut or put together.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransferError<E = Infallible> {
    /// The slices are not right.
    Slice(SliceError),
    /// The file cannot be read or written.
    File(FileError),
    /// What carries them failed.
    Carrier(E),
}

impl TransferError {
    /// The same, where something may carry the slices.
    pub fn carried<E>(self) -> TransferError<E> {
        match self {
            Self::Slice(error) => TransferError::Slice(error),
            Self::File(error) => TransferError::File(error),
            Self::Carrier(never) => match never {},
        }
    }
}

impl<E> From<SliceError> for TransferError<E> {
    fn from(error: SliceError) -> Self {
        Self::Slice(error)
    }
}

impl<E> From<FileError> for TransferError<E> {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl<E: fmt::Display> fmt::Display for TransferError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slice(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Carrier(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for TransferError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Slice(error) => error.source(),
            Self::File(error) => error.source(),
            Self::Carrier(error) => error.source(),
        }
    }
}
