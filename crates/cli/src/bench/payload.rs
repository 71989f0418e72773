//! The data of the events that a benchmark publishes: whose they are, and which.

/// What the data of this run's events begins with, so that others on the same topic are not taken for them.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    tag: String,
    size: usize,
}

/// One of this run's events, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// From 1, one more with each.
    pub(super) number: u64,
    /// It is the last one.
    pub(super) is_end: bool,
}

/// Bytes of data that a tag and any number fit into.
pub(super) const LEAST: usize = 48;

impl Payload {
    /// Data of `size` bytes each, which begins with `tag`.
    pub(super) fn new(tag: &str, size: usize) -> Self {
        Self {
            tag: format!("{tag}."),
            size,
        }
    }

    /// Lets the next events have `size` bytes of data each.
    pub(super) fn resize(&mut self, size: usize) {
        self.size = size;
    }

    /// The data of an event: only letters, digits, spaces and full stops, so that it may stand in JSON and in a form.
    pub(super) fn data(&self, mark: Mark) -> String {
        let end = if mark.is_end { " end " } else { " " };
        let mut data = format!("{}{}{end}", self.tag, mark.number);
        while data.len() < self.size {
            data.push('x');
        }
        data
    }

    /// Which event some data is of; `None` where it is none of this run's. (Some servers publish a text as JSON.)
    pub(super) fn mark(&self, data: &str) -> Option<Mark> {
        let data = data.strip_prefix('"').unwrap_or(data);
        let rest = data.strip_prefix(self.tag.as_str())?.as_bytes();
        // By hand, since this is done for every delivery.
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let (number, rest) = rest.split_at(digits);
        let number = number.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })?;
        (digits > 0 && rest[0] == b' ').then_some(Mark {
            number,
            is_end: rest.starts_with(b" end "),
        })
    }
}

/// A tag that no other run has.
pub(super) fn random_tag() -> String {
    format!("{:08x}", fastrand::u32(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_says_which_event_it_is() {
        let payload = Payload::new("run", 100);
        for mark in [(1, false), (u64::MAX, false), (7, true)] {
            let (number, is_end) = mark;
            let mark = Mark { number, is_end };
            let data = payload.data(mark);
            assert_eq!(data.len(), 100);
            assert_eq!(payload.mark(&data), Some(mark));
            assert_eq!(payload.mark(&format!("\"{data}\"")), Some(mark));
            assert_eq!(Payload::new("other", 100).mark(&data), None);
        }
        for none in [
            "run.x y",
            "run. y",
            "run.1",
            "run.1x",
            "run.99999999999999999999 y",
        ] {
            assert_eq!(payload.mark(none), None);
        }
    }
}
