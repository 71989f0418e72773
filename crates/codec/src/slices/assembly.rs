//! The receiver's side.

use sha2::{Digest, Sha256};

use super::error::{SliceError, SliceErrorKind};
use super::options::ReceiveOptions;
use super::sender::hex;
use super::transfer::{Slice, Transfer};
use crate::EventRef;
use crate::binary::decode_base64;

/// The type of a hub's notice that what was missed is gone.
const RESET: &str = "eventwire.reset";

/// What an [`Assembly`] made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// The bytes of the slice that was due: what follows in the payload. They are of the right length; whether they are what was
    /// sent is known with the last slice ([`Assembly::is_complete`]).
    Bytes(Vec<u8>),
    /// A slice that was taken before: what a connection that was made again may deliver twice.
    Duplicate,
    /// No slice, or one of a payload that was not asked for.
    Other,
}

/// Puts a payload together from events that are given to it one by one. It holds no more than the slice it is given.
///
/// See the [module](super) for an example.
#[derive(Debug)]
pub struct Assembly {
    options: ReceiveOptions,
    /// Of the first slice that came.
    transfer: Option<Transfer>,
    next: u64,
    hasher: Sha256,
    /// Whether a hub told, since the last slice, that something is gone.
    reset: bool,
    /// All slices came and are wrong: nothing can mend that.
    failed: Option<SliceError>,
}

impl Assembly {
    /// One that waits for the first slice.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Option`].
    pub fn new(options: ReceiveOptions) -> Result<Self, SliceError> {
        options.check()?;
        Ok(Self {
            options,
            transfer: None,
            next: 0,
            hasher: Sha256::new(),
            reset: false,
            failed: None,
        })
    }

    /// Takes an event of any kind.
    ///
    /// # Errors
    ///
    /// [`SliceError`] says what is wrong with a slice. It was not taken, and nothing has changed: who knows better may pass over
    /// it. Only [`SliceErrorKind::Hash`] is final, and is given to every event after it.
    pub fn take<'a>(&mut self, event: impl Into<EventRef<'a>>) -> Result<Taken, SliceError> {
        let event = event.into();
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if event.event() == RESET {
            // What is gone may have been another's: the next slice shows whether one is missing.
            self.reset = true;
            return Ok(Taken::Other);
        }
        if !self.wants(event.event()) {
            return Ok(Taken::Other);
        }
        let slice = Slice::read(event.data())?;
        if self
            .options
            .name
            .as_ref()
            .is_some_and(|name| *name != slice.name)
        {
            return Ok(Taken::Other);
        }
        let found = slice.transfer(self.options.max_size)?;
        match &self.transfer {
            Some(transfer) if !slice.is_of(transfer) => {
                if self.is_complete() {
                    return Ok(Taken::Other);
                }
                return Err(foreign(transfer, &found, slice.index, self.next));
            }
            _ => {}
        }
        if slice.index < self.next {
            return Ok(Taken::Duplicate);
        }
        if slice.index > self.next {
            return Err(self.missing(&found, slice.index));
        }
        let bytes = read_bytes(&found, &slice)?;
        let mut hasher = self.hasher.clone();
        hasher.update(&bytes);
        if found.is_last(slice.index) {
            let sha256 = hex(&hasher.clone().finalize());
            if sha256 != found.sha256 {
                let error = altered(&found, &sha256);
                self.failed = Some(error.clone());
                return Err(error);
            }
        }
        self.hasher = hasher;
        self.next += 1;
        self.reset = false;
        self.transfer.get_or_insert(found);
        Ok(Taken::Bytes(bytes))
    }

    /// Whether events of this type are looked at, so that others need not be given to it: slices, and a hub's reset.
    pub fn wants(&self, event: &str) -> bool {
        event == self.options.event_type() || event == RESET
    }

    /// What is being received; none before the first slice.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_ref()
    }

    /// The index of the slice that is due, which is how many were taken.
    pub fn next_index(&self) -> u64 {
        self.next
    }

    /// Whether all slices were taken, and are what was sent.
    pub fn is_complete(&self) -> bool {
        self.transfer
            .as_ref()
            .is_some_and(|transfer| self.next == transfer.count)
    }

    /// What was received, once no more events come.
    ///
    /// # Errors
    ///
    /// [`SliceErrorKind::Missing`] where it is not complete.
    pub fn finish(&self) -> Result<&Transfer, SliceError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let message = match &self.transfer {
            Some(transfer) if self.is_complete() => return Ok(transfer),
            Some(transfer) => format!(
                "the stream ended before {transfer} was complete: {} missing; receive it once more",
                indexes(self.next, transfer.count - 1)
            ),
            None => {
                let of = match &self.options.name {
                    Some(name) => format!(" of {name:?}"),
                    None => String::new(),
                };
                format!(
                    "the stream ended before a slice{of} came: is it the right stream, and the right event type ({:?})?",
                    self.options.event_type()
                )
            }
        };
        Err(SliceError::new(SliceErrorKind::Missing, message).instead_of(self.next))
    }

    fn missing(&self, transfer: &Transfer, index: u64) -> SliceError {
        let told = if self.reset {
            "; the hub told by a reset that they are gone"
        } else {
            ""
        };
        let message = format!(
            "slice {index} of {transfer} came where {} was due: {} missing{told}. A log that holds less than a receiver lags \
             behind, or a subscription that began too late, is the usual cause: raise the hub's max_bytes and max_events, or \
             subscribe with start=earliest",
            self.next,
            indexes(self.next, index - 1)
        );
        SliceError::new(SliceErrorKind::Missing, message)
            .at(index)
            .instead_of(self.next)
    }
}

/// `slice 3 is`, `slices 3 to 7 are`.
fn indexes(first: u64, last: u64) -> String {
    if first == last {
        format!("slice {first} is")
    } else {
        format!("slices {first} to {last} are")
    }
}

fn foreign(transfer: &Transfer, other: &Transfer, index: u64, next: u64) -> SliceError {
    let advice = if transfer.name == other.name {
        "something else is sent by the same name: send one after the other, or give each a name of its own"
    } else {
        "give the name of the one that is wanted (name)"
    };
    let message = format!("slice {index} of {other} came among the slices of {transfer}; {advice}");
    SliceError::new(SliceErrorKind::Foreign, message)
        .at(index)
        .instead_of(next)
}

fn read_bytes(transfer: &Transfer, slice: &Slice<'_>) -> Result<Vec<u8>, SliceError> {
    let index = slice.index;
    let bytes = decode_base64(&slice.data).map_err(|error| {
        let message = format!("slice {index} of {transfer}: {error}");
        SliceError::new(SliceErrorKind::Data, message)
            .at(index)
            .because(error)
    })?;
    let length = transfer.length(index);
    if bytes.len() as u64 != length {
        let message = format!(
            "slice {index} of {transfer} holds {} bytes where it has to hold {length}: its sender cut it wrong, or it was damaged",
            bytes.len()
        );
        return Err(SliceError::new(SliceErrorKind::Length, message).at(index));
    }
    Ok(bytes)
}

fn altered(transfer: &Transfer, sha256: &str) -> SliceError {
    let message = format!(
        "all slices of {transfer} came, and are not what was sent: their sha256 is {sha256}, and not {}; receive it once more",
        transfer.sha256
    );
    SliceError::new(SliceErrorKind::Hash, message).at(transfer.count - 1)
}
