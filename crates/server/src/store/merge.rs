//! The records of several topics as one sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Ascending offsets of several ascending sequences, each offset once: an event under several topics is read once.
pub(crate) struct Merge<I> {
    /// The only sequence, where there is one only: most subscriptions have one topic, and need no heap.
    only: Option<I>,
    /// The next offset of each sequence that has one, and which sequence it is.
    heads: BinaryHeap<(Reverse<u64>, usize)>,
    rest: Vec<I>,
    given: Option<u64>,
}

impl<I: Iterator<Item = u64>> Merge<I> {
    pub(crate) fn new(mut sequences: impl Iterator<Item = I>) -> Self {
        let mut merge = Self {
            only: None,
            heads: BinaryHeap::new(),
            rest: Vec::new(),
            given: None,
        };
        let first = sequences.next();
        let Some(second) = sequences.next() else {
            merge.only = first;
            return merge;
        };
        for mut sequence in first.into_iter().chain([second]).chain(sequences) {
            if let Some(offset) = sequence.next() {
                merge.heads.push((Reverse(offset), merge.rest.len()));
                merge.rest.push(sequence);
            }
        }
        merge
    }
}

impl<I: Iterator<Item = u64>> Iterator for Merge<I> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if let Some(only) = &mut self.only {
            return only.next();
        }
        loop {
            let (Reverse(offset), which) = self.heads.pop()?;
            if let Some(next) = self.rest[which].next() {
                self.heads.push((Reverse(next), which));
            }
            if self.given != Some(offset) {
                self.given = Some(offset);
                return Some(offset);
            }
        }
    }
}

/// The `count`-th offset from the end of several ascending sequences, an offset in several of them counted once; the
/// first where there are fewer. Looks at no more than it counts.
pub(crate) fn from_the_end<I>(sequences: impl Iterator<Item = I>, count: usize) -> Option<u64>
where
    I: DoubleEndedIterator<Item = u64>,
{
    let mut rest: Vec<I> = sequences.collect();
    let mut heads: BinaryHeap<(u64, usize)> = rest
        .iter_mut()
        .enumerate()
        .filter_map(|(which, sequence)| Some((sequence.next_back()?, which)))
        .collect();
    let mut given = None;
    let mut counted = 0;
    while counted < count
        && let Some((offset, which)) = heads.pop()
    {
        if let Some(next) = rest[which].next_back() {
            heads.push((next, which));
        }
        if given != Some(offset) {
            given = Some(offset);
            counted += 1;
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_in_several_sequences_comes_once() {
        let merged = Merge::new(
            [vec![1, 4, 6], vec![2, 4, 5], vec![]]
                .map(Vec::into_iter)
                .into_iter(),
        );
        assert_eq!(merged.collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
        let alone = Merge::new([vec![1, 4, 6]].map(Vec::into_iter).into_iter());
        assert_eq!(alone.collect::<Vec<_>>(), [1, 4, 6]);
        assert_eq!(
            Merge::new(std::iter::empty::<std::ops::Range<u64>>()).next(),
            None
        );
    }

    #[test]
    fn counted_from_the_end_each_once() {
        let at = |count| {
            from_the_end(
                [vec![1, 4, 6], vec![2, 4, 5], vec![]]
                    .map(Vec::into_iter)
                    .into_iter(),
                count,
            )
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 100].map(at),
            [
                None,
                Some(6),
                Some(5),
                Some(4),
                Some(2),
                Some(1),
                Some(1),
                Some(1)
            ]
        );
    }
}
