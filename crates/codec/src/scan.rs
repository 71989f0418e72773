//! Where lines end.
//!
//! One comparison of 64 bytes at a time gives a bit for every CR and LF, and the bits are walked by
//! counting zeros. A search per line (memchr) costs about 5 ns for each hit, which on the short
//! lines of an event stream is more than all the rest of the decoder.

/// The positions of CR and LF in some bytes, in order.
#[derive(Clone, Debug)]
pub(crate) struct LineEnds<'a> {
    bytes: &'a [u8],
    /// Where the block of 64 bytes that `mask` tells of begins.
    base: usize,
    /// The line ends of the block that were not given yet.
    mask: u64,
}

impl<'a> LineEnds<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> LineEnds<'a> {
        let mask = mask_at(bytes, 0);
        LineEnds {
            bytes,
            base: 0,
            mask,
        }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            let base = self.base + 64;
            if base >= self.bytes.len() {
                return None;
            }
            self.base = base;
            self.mask = mask_at(self.bytes, base);
        }
        let bit = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(self.base + bit)
    }
}

#[inline]
fn mask_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(block) => mask(block),
        None => mask_of_tail(rest),
    }
}

#[inline(never)]
fn mask_of_tail(rest: &[u8]) -> u64 {
    let mut block = [0; 64];
    block[..rest.len()].copy_from_slice(rest);
    mask(&block)
}

/// Bit `i` is set where `block[i]` is CR or LF.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
#[allow(
    unsafe_code,
    reason = "the compiler does not count what the target has when it is called"
)]
fn mask(block: &[u8; 64]) -> u64 {
    // SAFETY: `sse2_mask` is a safe function wherever there is SSE2, and this one is compiled only
    // where the whole target has it.
    unsafe { sse2_mask(block) }
}

/// No pointer is needed: the two halves of `_mm_set_epi64x` become one load of 16 bytes.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
#[target_feature(enable = "sse2")]
fn sse2_mask(block: &[u8; 64]) -> u64 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let lf = _mm_set1_epi8(b'\n' as i8);
    let cr = _mm_set1_epi8(b'\r' as i8);
    let halves = block.as_chunks::<8>().0;
    let mut mask = 0;
    for part in 0..4 {
        let low = i64::from_le_bytes(halves[2 * part]);
        let high = i64::from_le_bytes(halves[2 * part + 1]);
        let bytes = _mm_set_epi64x(high, low);
        let ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr));
        mask |= u64::from(_mm_movemask_epi8(ends) as u16) << (16 * part);
    }
    mask
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable_mask as mask;

/// The same in plain integers, eight bytes at a time.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
fn portable_mask(block: &[u8; 64]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const LOW_BITS: u64 = u64::from_le_bytes([0x7F; 8]);
    // 0x80 in every byte of `word` that is zero. Exact: no carry passes from byte to byte.
    let zeros = |word: u64| !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
    let mut mask = 0;
    for (part, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let ends =
            zeros(word ^ (ONES * u64::from(b'\n'))) | zeros(word ^ (ONES * u64::from(b'\r')));
        // Gathers the eight bits, now at the bottom of each byte, in the top byte.
        let bits = (ends >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * part);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::{LineEnds, mask, portable_mask};
    use proptest::prelude::*;

    fn plain(bytes: &[u8]) -> Vec<usize> {
        let ends = bytes.iter().enumerate();
        ends.filter(|(_, byte)| matches!(byte, b'\r' | b'\n'))
            .map(|(at, _)| at)
            .collect()
    }

    fn scanned(bytes: &[u8]) -> Vec<usize> {
        let mut ends = LineEnds::new(bytes);
        std::iter::from_fn(|| ends.next()).collect()
    }

    #[test]
    fn every_byte_value_at_every_place() {
        for byte in 0..=255 {
            for at in 0..64 {
                let mut block = [0x8A; 64];
                block[at] = byte;
                let want = u64::from(matches!(byte, b'\r' | b'\n')) << at;
                assert_eq!(mask(&block), want, "{byte:#x} at {at}");
                assert_eq!(portable_mask(&block), want, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn lengths_around_the_block() {
        for len in 0..200 {
            for fill in [b'\n', b'x'] {
                let bytes = vec![fill; len];
                assert_eq!(scanned(&bytes), plain(&bytes), "{len}");
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_plain_search(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300)
        ) {
            prop_assert_eq!(scanned(&bytes), plain(&bytes));
        }

        #[test]
        fn both_masks_agree(block in prop::array::uniform32(any::<u16>())) {
            let mut bytes = [0; 64];
            for (two, word) in bytes.chunks_mut(2).zip(block) {
                two.copy_from_slice(&word.to_le_bytes());
            }
            prop_assert_eq!(mask(&bytes), portable_mask(&bytes));
        }
    }
}
