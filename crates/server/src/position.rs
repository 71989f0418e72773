//! Ids on the wire: `<epoch>-<offset>`.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::time::SystemTime;

const EPOCH_LENGTH: usize = 8;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The random name of one incarnation of a log. It changes when the log's past is lost, so that an id of the old log is
/// never mistaken for a position in the new one.
///
/// ```
/// use eventwire_server::store::Epoch;
///
/// let epoch = Epoch::random();
/// assert_eq!(epoch.as_str().parse(), Ok(epoch));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch([u8; EPOCH_LENGTH]);

impl Epoch {
    /// A new one.
    pub fn random() -> Self {
        // The random state of a thread is copied by `fork`, so that two children would name their logs alike: the process
        // and the time tell them apart.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = RandomState::new().hash_one((std::process::id(), now.unwrap_or_default()));
        let mut random = fastrand::Rng::with_seed(seed);
        Self(std::array::from_fn(|_| {
            ALPHABET[random.usize(..ALPHABET.len())]
        }))
    }

    /// Eight characters of `a` to `z` and `2` to `7`.
    pub fn as_str(&self) -> &str {
        // Only ever made of the alphabet, which is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Epoch {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let epoch: [u8; EPOCH_LENGTH] = text.as_bytes().try_into().map_err(|_| MalformedId)?;
        if epoch.iter().all(|b| ALPHABET.contains(b)) {
            Ok(Self(epoch))
        } else {
            Err(MalformedId)
        }
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of an event, and of any other position in a hub's log: `<epoch>-<offset>`. Opaque to clients.
///
/// ```
/// let id: eventwire_server::EventId = "k3x5yqpa-17".parse().unwrap();
/// assert_eq!((id.epoch(), id.offset()), ("k3x5yqpa", 17));
/// assert!("17".parse::<eventwire_server::EventId>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    pub(crate) epoch: Epoch,
    pub(crate) offset: u64,
}

impl EventId {
    /// The name of the log that it belongs to.
    pub fn epoch(&self) -> &str {
        self.epoch.as_str()
    }

    /// The position in that log; the first event has 1.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch(), self.offset)
    }
}

/// A text that is no [`EventId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedId;

impl fmt::Display for MalformedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of an eventwire hub: it has the form <epoch>-<offset>")
    }
}

impl std::error::Error for MalformedId {}

impl FromStr for EventId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let (epoch, offset) = text.split_once('-').ok_or(MalformedId)?;
        let epoch = epoch.parse()?;
        // One spelling per position: no sign, no leading zero.
        let canonical = offset.bytes().all(|b| b.is_ascii_digit())
            && (offset == "0" || !offset.starts_with('0'));
        if !canonical {
            return Err(MalformedId);
        }
        let offset = offset.parse().map_err(|_| MalformedId)?;
        Ok(Self { epoch, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back() {
        let id = EventId {
            epoch: Epoch::random(),
            offset: u64::MAX,
        };
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "-",
            "5",
            "k3x5yqpa",
            "k3x5yqpa-",
            "k3x5yqpa-05",
            "k3x5yqpa-+5",
            "k3x5yqpa- 5",
            "k3x5yqp-5",
            "k3x5yqpaa-5",
            "K3X5YQPA-5",
            "k3x5yqp1-5",
            "k3x5yqpa-5-6",
            "k3x5yqpa-18446744073709551616",
            "é3x5yqp-5",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(MalformedId), "{text:?}");
        }
    }
}
