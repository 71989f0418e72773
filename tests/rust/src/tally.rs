//! Counts what a subscriber got of a numbered series of events.

use std::fmt;

/// The numbers that one subscriber got, in the order that it got them.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    got: Vec<u64>,
}

/// What a [`Tally`] says against the series 0, 1, .. total - 1.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many events it got, doubles included.
    pub received: usize,
    /// The numbers that never came.
    pub missing: Vec<u64>,
    /// The numbers that came more than once.
    pub doubled: Vec<u64>,
    /// The numbers that came after a greater one.
    pub late: Vec<u64>,
    /// The numbers that nobody published.
    pub strange: Vec<u64>,
}

impl Tally {
    /// Notes one.
    pub fn note(&mut self, number: u64) {
        self.got.push(number);
    }

    /// How many it has noted.
    pub fn len(&self) -> usize {
        self.got.len()
    }

    /// Whether it has noted none.
    pub fn is_empty(&self) -> bool {
        self.got.is_empty()
    }

    /// The greatest that it has noted.
    pub fn greatest(&self) -> Option<u64> {
        self.got.iter().copied().max()
    }

    /// Compares it with what was published.
    pub fn verdict(&self, total: u64) -> Verdict {
        let mut times = vec![0_usize; usize::try_from(total).unwrap_or(usize::MAX)];
        let mut verdict = Verdict {
            received: self.got.len(),
            ..Verdict::default()
        };
        let mut greatest = None;
        for &number in &self.got {
            match usize::try_from(number)
                .ok()
                .and_then(|index| times.get_mut(index))
            {
                Some(times) => *times += 1,
                None => verdict.strange.push(number),
            }
            if greatest > Some(number) {
                verdict.late.push(number);
            }
            greatest = greatest.max(Some(number));
        }
        for (number, times) in (0..).zip(times) {
            match times {
                0 => verdict.missing.push(number),
                1 => {}
                _ => verdict.doubled.push(number),
            }
        }
        verdict
    }
}

impl Verdict {
    /// Whether every event came, once and in order.
    pub fn is_perfect(&self) -> bool {
        self.missing.is_empty()
            && self.doubled.is_empty()
            && self.late.is_empty()
            && self.strange.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} received", self.received)?;
        let kinds = [
            ("missing", &self.missing),
            ("doubled", &self.doubled),
            ("late", &self.late),
            ("strange", &self.strange),
        ];
        for (kind, numbers) in kinds.into_iter().filter(|(_, numbers)| !numbers.is_empty()) {
            write!(f, ", {} {kind} (the first: {})", numbers.len(), numbers[0])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(numbers: &[u64], total: u64) -> Verdict {
        let mut tally = Tally::default();
        numbers.iter().for_each(|number| tally.note(*number));
        tally.verdict(total)
    }

    #[test]
    fn every_event_once_and_in_order_is_perfect() {
        assert!(verdict(&[0, 1, 2], 3).is_perfect());
        assert!(verdict(&[], 0).is_perfect());
    }

    #[test]
    fn each_defect_is_named() {
        let bad = verdict(&[0, 2, 1, 1, 9], 5);
        assert_eq!(
            (bad.missing, bad.doubled, bad.late, bad.strange),
            (vec![3, 4], vec![1], vec![1, 1], vec![9])
        );
        assert!(!verdict(&[1, 0], 2).is_perfect());
        assert_eq!(
            verdict(&[0, 0], 2).to_string(),
            "2 received, 1 missing (the first: 1), 1 doubled (the first: 0)"
        );
    }
}
