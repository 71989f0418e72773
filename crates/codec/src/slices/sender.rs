//! The sender's side.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{FileError, SliceError, SliceErrorKind, TransferError};
use super::options::SendOptions;
use super::transfer::Transfer;
use crate::Event;

/// How much one [`Slices::step`] hashes at most.
const HASHED_AT_ONCE: usize = 4 << 20;

/// How much is read at a time while hashing.
const BUFFER: usize = 256 << 10;

/// One step of [`Slices`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A part of the source was read for the hash; no slice yet.
    Hashed,
    /// The next slice.
    Slice(Event),
    /// There are no more; the payload that they were of.
    End(Transfer),
}

/// The key that a slice is published under: the same for every attempt, and of one sending alone, which the nonce tells from all
/// others, so that what is sent again goes out again.
#[doc(hidden)]
pub fn slice_key(nonce: u128, index: u64) -> String {
    format!("slice-{nonce:032x}-{index}")
}

/// The slices of a payload, as events: an iterator that reads its source twice, once for the hash and once for the slices.
///
/// Each event has an id, the beginning of the hash and the index, with which [`SendOptions::last_event_id`] goes on; so an
/// endpoint that sends them, one after the other, lets its clients resume.
///
/// It blocks on its source. Who drives it from an async runtime does so on a thread that may block, one [`step`](Self::step)
/// at a time; between two of them it can be dropped.
pub struct Slices<R> {
    source: R,
    path: Option<PathBuf>,
    options: SendOptions,
    state: State,
}

#[derive(Debug)]
enum State {
    Hashing {
        hasher: Sha256,
        size: u64,
        /// The slice to go on with, should the id be of this payload; and the hash up to there, once it is known.
        resume: Option<(u64, Option<Sha256>)>,
    },
    Sending {
        transfer: Transfer,
        next: u64,
        /// Of what was read the second time.
        hasher: Sha256,
    },
    Done(Transfer),
    Failed(SliceError),
}

impl Slices<File> {
    /// The slices of a file.
    ///
    /// # Errors
    ///
    /// [`TransferError::File`] where it cannot be opened; [`TransferError::Slice`] for a wrong option, and for what is no file
    /// that can be read twice, such as a pipe.
    pub fn open(path: impl AsRef<Path>, mut options: SendOptions) -> Result<Self, TransferError> {
        let path = path.as_ref();
        let failed = |error| FileError::new(path.to_owned(), error);
        let known = path.metadata().map_err(failed)?;
        // Before it is opened: that would wait for somebody to write into a pipe.
        if !known.is_file() && !known.is_dir() {
            return Err(SliceError::option(format!(
                "{} is no regular file, and only such can be read twice: copy it into one, or send its bytes",
                path.display()
            ))
            .into());
        }
        let source = File::open(path).map_err(failed)?;
        if options.name.is_none() {
            let name = path.file_name().unwrap_or_default();
            options = options.name(name.to_string_lossy());
        }
        let mut slices = Self::new(source, options)?;
        slices.path = Some(path.to_owned());
        Ok(slices)
    }
}

impl<B: AsRef<[u8]>> Slices<Cursor<B>> {
    /// The slices of bytes.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Option`].
    pub fn of_bytes(bytes: B, options: SendOptions) -> Result<Self, SliceError> {
        Self::new(Cursor::new(bytes), options)
    }
}

impl<R: Read + Seek> Slices<R> {
    /// The slices of all that `source` holds, from its beginning. Nothing is read yet.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Option`].
    pub fn new(source: R, options: SendOptions) -> Result<Self, SliceError> {
        options.check()?;
        let after = options.last_event_id.rsplit_once('-');
        let resume = after.and_then(|(_, index)| index.parse::<u64>().ok()?.checked_add(1));
        Ok(Self {
            source,
            path: None,
            options,
            state: State::Hashing {
                hasher: Sha256::new(),
                size: 0,
                resume: resume.map(|next| (next, None)),
            },
        })
    }

    /// What is being sent; none while it is still hashed, and after an error.
    pub fn transfer(&self) -> Option<&Transfer> {
        match &self.state {
            State::Hashing { .. } | State::Failed(_) => None,
            State::Sending { transfer, .. } | State::Done(transfer) => Some(transfer),
        }
    }

    /// A bounded piece of work: 4 MiB hashed, or one slice.
    ///
    /// # Errors
    ///
    /// [`TransferError::File`] where the source cannot be read; [`SliceErrorKind::Changed`] where it is not what it was when
    /// it was hashed. Nothing follows then but the same again, the last slice least of all: no receiver takes what was sent for
    /// complete.
    pub fn step(&mut self) -> Result<Step, TransferError> {
        let done = self.advance();
        if let Err(error) = &done {
            self.state = State::Failed(match error {
                TransferError::Slice(error) => error.clone(),
                error => SliceError::new(SliceErrorKind::Changed, error.to_string()),
            });
        }
        done
    }

    fn advance(&mut self) -> Result<Step, TransferError> {
        let begin = State::Hashing {
            hasher: Sha256::new(),
            size: 0,
            resume: None,
        };
        match std::mem::replace(&mut self.state, begin) {
            State::Hashing {
                hasher,
                size,
                resume,
            } => self.hash(hasher, size, resume),
            State::Sending {
                transfer,
                next,
                hasher,
            } if next < transfer.count => self.slice(transfer, next, hasher),
            State::Sending { transfer, .. } | State::Done(transfer) => {
                self.state = State::Done(transfer.clone());
                Ok(Step::End(transfer))
            }
            State::Failed(error) => Err(error.into()),
        }
    }

    fn hash(
        &mut self,
        mut hasher: Sha256,
        mut size: u64,
        mut resume: Option<(u64, Option<Sha256>)>,
    ) -> Result<Step, TransferError> {
        if size == 0 {
            self.seek(0)?;
        }
        let slice_size = self.options.slice_size as u64;
        let mut buffer = vec![0; BUFFER];
        let mut left = HASHED_AT_ONCE;
        while left > 0 {
            let mut want = buffer.len().min(left);
            if let Some((next, reached @ None)) = &mut resume {
                let before = next.saturating_mul(slice_size) - size;
                if before == 0 {
                    *reached = Some(hasher.clone());
                } else {
                    want = usize::try_from(before).map_or(want, |before| want.min(before));
                }
            }
            let read = self.read(&mut buffer[..want])?;
            if read == 0 {
                self.begin(hasher, size, resume)?;
                return Ok(Step::Hashed);
            }
            hasher.update(&buffer[..read]);
            size += read as u64;
            left -= read;
        }
        self.state = State::Hashing {
            hasher,
            size,
            resume,
        };
        Ok(Step::Hashed)
    }

    /// All is hashed: goes back to where the slices begin.
    fn begin(
        &mut self,
        hasher: Sha256,
        size: u64,
        resume: Option<(u64, Option<Sha256>)>,
    ) -> Result<(), TransferError> {
        let name = self.options.name.clone().unwrap_or_default();
        let sha256 = hex(&hasher.finalize());
        let transfer = Transfer::new(name, size, self.options.slice_size, sha256);
        let known = transfer.index_in(&self.options.last_event_id);
        self.state = match (known, resume) {
            (Some(index), _) if transfer.is_last(index) => State::Done(transfer),
            (Some(_), Some((next, Some(hasher)))) => {
                self.seek(next * transfer.slice_size)?;
                State::Sending {
                    transfer,
                    next,
                    hasher,
                }
            }
            _ => {
                self.seek(0)?;
                State::Sending {
                    transfer,
                    next: 0,
                    hasher: Sha256::new(),
                }
            }
        };
        Ok(())
    }

    fn slice(
        &mut self,
        transfer: Transfer,
        index: u64,
        mut hasher: Sha256,
    ) -> Result<Step, TransferError> {
        // At most the slice size, which is far below what a `usize` holds.
        let mut bytes = vec![0; transfer.length(index) as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read(&mut bytes[filled..])? {
                0 => return Err(self.changed(index, "it is shorter now").into()),
                read => filled += read,
            }
        }
        hasher.update(&bytes);
        if transfer.is_last(index) {
            if self.read(&mut [0])? > 0 {
                return Err(self.changed(index, "it is longer now").into());
            }
            if hex(&hasher.clone().finalize()) != transfer.sha256 {
                return Err(self.changed(index, "its bytes are others now").into());
            }
        }
        let event = Event::new(transfer.write(index, &bytes))
            .with_type(self.options.event.as_str())
            .with_id(transfer.id(index));
        self.state = State::Sending {
            transfer,
            next: index + 1,
            hasher,
        };
        Ok(Step::Slice(event))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TransferError> {
        loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|error| self.failed(error)),
            }
        }
    }

    fn seek(&mut self, to: u64) -> Result<(), TransferError> {
        let sought = self.source.seek(SeekFrom::Start(to));
        sought.map(drop).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> TransferError {
        FileError::new(self.path.clone(), error).into()
    }

    fn changed(&self, index: u64, how: &str) -> SliceError {
        let what = match &self.path {
            Some(path) => path.display().to_string(),
            None => "the source".to_owned(),
        };
        let message = format!(
            "{what} changed while it was being sent: {how}; send it once more when nobody writes to it"
        );
        SliceError::new(SliceErrorKind::Changed, message).at(index)
    }
}

impl<R: Read + Seek> Iterator for Slices<R> {
    type Item = Result<Event, TransferError>;

    /// An error comes once, as the last item.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let State::Failed(_) = self.state {
                return None;
            }
            match self.step() {
                Ok(Step::Hashed) => {}
                Ok(Step::Slice(event)) => return Some(Ok(event)),
                Ok(Step::End(_)) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<R> fmt::Debug for Slices<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slices")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Bytes in hex of lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
