//! What all slices of one payload say alike, and how a slice is written and read.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{SliceError, SliceErrorKind};
use super::{MAX_NAME, MAX_SLICE_SIZE};
use crate::binary::encode_base64;

/// How much of a payload's hash its ids, and messages about it, show.
const SHORT: usize = 16;

/// One payload on its way: what all of its slices say alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) count: u64,
    pub(super) slice_size: u64,
    pub(super) sha256: String,
}

impl Transfer {
    pub(super) fn new(name: String, size: u64, slice_size: usize, sha256: String) -> Self {
        let slice_size = slice_size as u64;
        Self {
            name,
            size,
            count: slices_of(size, slice_size),
            slice_size,
            sha256,
        }
    }

    /// The payload's name: what its sender calls it. It may be any text, `../../etc/passwd` too: never use it as a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The payload's size, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many slices it has; at least 1.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many bytes each slice holds, but the last.
    pub fn slice_size(&self) -> u64 {
        self.slice_size
    }

    /// The SHA-256 of the payload, in hex of lower case.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The id of a slice's event, where the sender chooses it: the beginning of the hash, and the index.
    pub(super) fn id(&self, index: u64) -> String {
        format!("{}-{index}", self.short())
    }

    /// The index in an id of this payload.
    pub(super) fn index_in(&self, id: &str) -> Option<u64> {
        let index = id.strip_prefix(self.short())?.strip_prefix('-')?;
        let plain = index.bytes().all(|byte| byte.is_ascii_digit());
        let index = index.parse().ok().filter(|_| plain)?;
        (index < self.count).then_some(index)
    }

    /// How many bytes the slice with this index holds.
    pub(super) fn length(&self, index: u64) -> u64 {
        let before = index.saturating_mul(self.slice_size);
        self.size.saturating_sub(before).min(self.slice_size)
    }

    pub(super) fn is_last(&self, index: u64) -> bool {
        index + 1 == self.count
    }

    fn short(&self) -> &str {
        &self.sha256[..SHORT]
    }

    /// The data of a slice's event.
    pub(super) fn write(&self, index: u64, bytes: &[u8]) -> String {
        let head = Head {
            name: Cow::Borrowed(&self.name),
            index,
            count: self.count,
            size: self.size,
            slice_size: self.slice_size,
            sha256: Cow::Borrowed(&self.sha256),
        };
        // A few texts and numbers: there is nothing in it that JSON could not hold.
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        text.pop();
        // Room for what an event puts behind its data too.
        text.reserve(bytes.len().div_ceil(3) * 4 + 128);
        // Not through the serializer: base64 has nothing to escape, and it would look at every byte for it.
        text.push_str(",\"data\":\"");
        encode_base64(bytes, &mut text);
        text.push_str("\"}");
        text
    }
}

impl fmt::Display for Transfer {
    /// For messages: the name, and what else tells two payloads apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} ({} bytes in {} slices, sha256 {}...)",
            self.name,
            self.size,
            self.count,
            self.short()
        )
    }
}

/// How many slices a payload of `size` bytes has; an empty one has one.
fn slices_of(size: u64, slice_size: u64) -> u64 {
    size.div_ceil(slice_size).max(1)
}

#[derive(Serialize)]
struct Head<'a> {
    name: Cow<'a, str>,
    index: u64,
    count: u64,
    size: u64,
    slice_size: u64,
    sha256: Cow<'a, str>,
}

/// A slice as it was read: borrowed from the data of its event, but for what JSON has escaped.
#[derive(Debug, Deserialize)]
pub(super) struct Slice<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) index: u64,
    count: u64,
    size: u64,
    slice_size: u64,
    #[serde(borrow)]
    sha256: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) data: Cow<'a, str>,
}

impl<'a> Slice<'a> {
    pub(super) fn read(data: &'a str) -> Result<Self, SliceError> {
        serde_json::from_str(data).map_err(|error| {
            // It may quote a value, of any length.
            let said: String = error.to_string().chars().take(200).collect();
            SliceError::new(
                SliceErrorKind::Malformed,
                format!(
                    "the data of an event is no slice: {said}; give slices an event type of their own (event)"
                ),
            )
        })
    }

    /// Whether it is of this transfer.
    pub(super) fn is_of(&self, transfer: &Transfer) -> bool {
        let numbers = (self.size, self.count, self.slice_size);
        numbers == (transfer.size, transfer.count, transfer.slice_size)
            && self.sha256 == transfer.sha256
            && self.name == transfer.name
    }

    /// The transfer that it is of, where what it says fits.
    pub(super) fn transfer(&self, max_size: u64) -> Result<Transfer, SliceError> {
        let wrong = |kind, message: String| Err(SliceError::new(kind, message).at(self.index));
        let Self {
            index,
            count,
            size,
            slice_size,
            ..
        } = *self;
        let sha256 = &self.sha256;
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if sha256.len() != 64 || !sha256.bytes().all(hex) {
            let message = "the sha256 of a slice is not 64 digits of hex in lower case: send it so"
                .to_owned();
            return wrong(SliceErrorKind::Malformed, message);
        }
        if self.name.len() > MAX_NAME {
            let message = format!(
                "the name of a slice has {} bytes: at most {MAX_NAME} are allowed",
                self.name.len()
            );
            return wrong(SliceErrorKind::Inconsistent, message);
        }
        let name = &self.name;
        if !(1..=MAX_SLICE_SIZE as u64).contains(&slice_size) {
            let message = format!(
                "a slice of {name:?} says that slices hold {slice_size} bytes (slice_size): they hold 1 to {MAX_SLICE_SIZE}"
            );
            return wrong(SliceErrorKind::Inconsistent, message);
        }
        if count != slices_of(size, slice_size) {
            let message = format!(
                "a slice of {name:?} says that {size} bytes in slices of {slice_size} are {count} slices: they are {}",
                slices_of(size, slice_size)
            );
            return wrong(SliceErrorKind::Inconsistent, message);
        }
        if index >= count {
            let message = format!(
                "a slice of {name:?} says that it has the index {index} of {count} slices: the last one has {}",
                count - 1
            );
            return wrong(SliceErrorKind::Inconsistent, message);
        }
        if size > max_size {
            let message = format!(
                "{name:?} has {size} bytes, and at most {max_size} are taken (max_size): raise it, if its sender may be trusted with more"
            );
            return wrong(SliceErrorKind::TooLarge, message);
        }
        Ok(Transfer {
            name: name.clone().into_owned(),
            size,
            count,
            slice_size,
            sha256: sha256.clone().into_owned(),
        })
    }
}
