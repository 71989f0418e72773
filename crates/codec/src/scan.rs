//! Where lines end, and where there is more than ASCII.
//!
//! The chunk is compared with CR and LF 64 bytes at a time, which gives a bit for every line end, and the bits are walked
//! by counting zeros. A search per line (memchr) costs about 5 ns for each hit, which on the short lines of an event
//! stream is more than all the rest of the decoder. Whether all is ASCII costs next to nothing beside, and saves most streams
//! the reading for UTF-8.
//!
//! The comparison runs ahead of the walk by up to 4 KiB: so it is one call per batch, which can be made to the widest
//! instructions that the processor has, and what it read is still in the first-level cache when the lines are taken apart.

/// The bytes that one mask tells of.
const BLOCK: usize = 64;

/// The masks of one batch.
const BATCH: usize = 64;

/// Room for the masks of a batch. It lies in the decoder, so that a chunk need not clear it.
#[derive(Clone, Debug)]
pub(crate) struct Masks([u64; BATCH]);

impl Default for Masks {
    fn default() -> Masks {
        Masks([0; BATCH])
    }
}

/// What there is in some blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// In a bit for each: it has a line end, so that its mask is more than zero.
    ends: u64,
    /// None has a byte beyond ASCII.
    is_ascii: bool,
}

/// The next part of a chunk that was compared: at most 64 blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    /// Where in the chunk it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// All of it is ASCII.
    pub(crate) is_ascii: bool,
}

/// The positions of CR and LF in a chunk, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineEnds {
    /// The line ends of the block at `block` that were not given yet.
    mask: u64,
    block: usize,
    /// The blocks of the batch at `batch` that have line ends and were not looked at yet: so that a long line costs
    /// nothing here.
    blocks: u64,
    batch: usize,
    /// Where the bytes end whose masks are made.
    compared: usize,
}

impl LineEnds {
    /// The next line end of `bytes`, after all that was compared for it was told. Every call is to be given the same bytes, and
    /// masks that nobody else writes.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        bytes: &[u8],
        masks: &mut Masks,
        mut tell: impl FnMut(Compared),
    ) -> Option<usize> {
        while self.mask == 0 {
            if self.blocks == 0 {
                if self.compared == bytes.len() {
                    return None;
                }
                tell(self.compare(bytes, masks));
                continue;
            }
            let block = self.blocks.trailing_zeros() as usize;
            self.blocks &= self.blocks - 1;
            self.block = self.batch + block * BLOCK;
            self.mask = masks.0[block];
        }
        let bit = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(self.block + bit)
    }

    /// Makes the masks of the next batch.
    #[inline(never)]
    fn compare(&mut self, bytes: &[u8], masks: &mut Masks) -> Compared {
        let rest = &bytes[self.compared..];
        let batch = &rest[..rest.len().min(BATCH * BLOCK)];
        let (blocks, tail) = batch.as_chunks();
        let mut found = compare_blocks(blocks, &mut masks.0);
        if !tail.is_empty() {
            let masks = &mut masks.0[blocks.len()..];
            let last = match batch.last_chunk() {
                // With bytes that were compared before it in front of it: to copy it costs more.
                Some(block) => {
                    let mut last = compare_blocks(std::slice::from_ref(block), masks);
                    masks[0] >>= BLOCK - tail.len();
                    last.ends = u64::from(masks[0] != 0);
                    last
                }
                None => {
                    let mut block = [0; BLOCK];
                    block[..tail.len()].copy_from_slice(tail);
                    compare_blocks(&[block], masks)
                }
            };
            found.ends |= last.ends << blocks.len();
            found.is_ascii &= last.is_ascii;
        }
        self.blocks = found.ends;
        self.batch = self.compared;
        self.compared += batch.len();
        Compared {
            start: self.batch,
            end: self.compared,
            is_ascii: found.is_ascii,
        }
    }
}

/// Makes the masks of at most 64 blocks. Bit `i` of a mask is set where byte `i` of its block is CR or LF.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[allow(
    unsafe_code,
    reason = "the compiler does not know what the processor has, and does not count what the target has"
)]
fn compare_blocks(blocks: &[[u8; BLOCK]], masks: &mut [u64]) -> Found {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `avx2` is a safe function wherever there is AVX2, which was just found.
        unsafe { x86::avx2(blocks, masks) }
    } else {
        // SAFETY: `sse2` is a safe function wherever there is SSE2, and this is compiled only where the target has it.
        unsafe { x86::sse2(blocks, masks) }
    }
}

/// No pointer is read through here: the parts of a `set_epi64x` become one load, and a hint may point anywhere.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86 {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch, _mm_set_epi64x,
        _mm_set1_epi8, _mm_setzero_si128, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set_epi64x, _mm256_set1_epi8, _mm256_setzero_si256,
    };

    use super::{BATCH, BLOCK, Found};

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(blocks: &[[u8; BLOCK]], masks: &mut [u64]) -> Found {
        let lf = _mm256_set1_epi8(b'\n' as i8);
        let cr = _mm256_set1_epi8(b'\r' as i8);
        // Behind a whole batch there is mostly another one, and the processor fetches nothing over the edge of a page by itself.
        let next = if blocks.len() == BATCH {
            BATCH * BLOCK
        } else {
            0
        };
        let mut found = 0;
        let mut all = _mm256_setzero_si256();
        for (at, (block, mask)) in blocks.iter().zip(masks).enumerate() {
            let words = block.as_chunks::<8>().0;
            let word = |at: usize| i64::from_le_bytes(words[at]);
            let half = |at| _mm256_set_epi64x(word(at + 3), word(at + 2), word(at + 1), word(at));
            let ends = |bytes| {
                let ends =
                    _mm256_or_si256(_mm256_cmpeq_epi8(bytes, lf), _mm256_cmpeq_epi8(bytes, cr));
                u64::from(_mm256_movemask_epi8(ends) as u32)
            };
            _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().cast::<i8>().wrapping_add(next));
            let (low, high) = (half(0), half(4));
            *mask = ends(low) | ends(high) << 32;
            found |= u64::from(*mask != 0) << at;
            all = _mm256_or_si256(all, _mm256_or_si256(low, high));
        }
        Found {
            ends: found,
            is_ascii: _mm256_movemask_epi8(all) == 0,
        }
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn sse2(blocks: &[[u8; BLOCK]], masks: &mut [u64]) -> Found {
        let lf = _mm_set1_epi8(b'\n' as i8);
        let cr = _mm_set1_epi8(b'\r' as i8);
        let mut found = 0;
        let mut all = _mm_setzero_si128();
        for (at, (block, mask)) in blocks.iter().zip(masks).enumerate() {
            let words = block.as_chunks::<8>().0;
            let word = |at: usize| i64::from_le_bytes(words[at]);
            let quarters = [0, 2, 4, 6].map(|at| _mm_set_epi64x(word(at + 1), word(at)));
            let [a, b, c, d] = quarters.map(|bytes| {
                let ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr));
                u64::from(_mm_movemask_epi8(ends) as u16)
            });
            *mask = a | b << 16 | c << 32 | d << 48;
            found |= u64::from(*mask != 0) << at;
            for quarter in quarters {
                all = _mm_or_si128(all, quarter);
            }
        }
        Found {
            ends: found,
            is_ascii: _mm_movemask_epi8(all) == 0,
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable as compare_blocks;

/// The same in plain integers, eight bytes at a time.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
fn portable(blocks: &[[u8; BLOCK]], masks: &mut [u64]) -> Found {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const LOW_BITS: u64 = u64::from_le_bytes([0x7F; 8]);
    // 0x80 in every byte of `word` that is zero. Exact: no carry passes from byte to byte.
    let zeros = |word: u64| !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
    let (mut found, mut all) = (0, 0);
    for (at, (block, mask)) in blocks.iter().zip(masks).enumerate() {
        *mask = 0;
        for (part, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*bytes);
            all |= word;
            let ends =
                zeros(word ^ (ONES * u64::from(b'\n'))) | zeros(word ^ (ONES * u64::from(b'\r')));
            // Gathers the eight bits, now at the bottom of each byte, in the top byte.
            let bits = (ends >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            *mask |= bits << (8 * part);
        }
        found |= u64::from(*mask != 0) << at;
    }
    Found {
        ends: found,
        is_ascii: all & !LOW_BITS == 0,
    }
}

#[cfg(test)]
mod tests;
