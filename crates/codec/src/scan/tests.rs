use proptest::prelude::*;

use super::{BATCH, BLOCK, Found, LineEnds, Masks, compare_blocks, portable};

fn plain(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate();
    ends.filter(|(_, byte)| matches!(byte, b'\r' | b'\n'))
        .map(|(at, _)| at)
        .collect()
}

/// The line ends; that what is told covers the bytes, and is true, is asserted.
fn scanned(bytes: &[u8], masks: &mut Masks) -> Vec<usize> {
    let mut ends = LineEnds::default();
    let mut told = 0;
    let found = std::iter::from_fn(|| {
        let end = ends.next(bytes, masks, |part| {
            assert_eq!(part.start, told, "parts follow each other");
            told = part.end;
            assert_eq!(part.is_ascii, bytes[part.start..part.end].is_ascii());
        });
        assert!(end.is_none_or(|end| end < told), "told before it is given");
        end
    })
    .collect();
    assert_eq!(told, bytes.len());
    found
}

/// Makes masks.
type Way = fn(&[[u8; BLOCK]], &mut [u64]) -> Found;

/// Every way to make the masks that this machine can run, by name.
fn ways() -> Vec<(&'static str, Way)> {
    let mut ways: Vec<(_, Way)> = vec![("chosen", compare_blocks), ("portable", portable)];
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    ways.push(("sse2", |blocks, masks| {
        #[allow(
            unsafe_code,
            reason = "the compiler does not count what the target has"
        )]
        // SAFETY: compiled only where the target has SSE2.
        unsafe {
            super::x86::sse2(blocks, masks)
        }
    }));
    ways
}

fn mask(way: Way, block: [u8; BLOCK]) -> u64 {
    let mut masks = [0xDEAD];
    let found = way(&[block], &mut masks);
    assert_eq!(found.ends, u64::from(masks[0] != 0));
    assert_eq!(found.is_ascii, block.is_ascii());
    masks[0]
}

#[test]
fn every_byte_value_at_every_place() {
    for fill in [0x8A, 0x0B] {
        for byte in 0..=255 {
            for at in 0..BLOCK {
                let mut block = [fill; BLOCK];
                block[at] = byte;
                let want = u64::from(matches!(byte, b'\r' | b'\n')) << at;
                for (name, way) in ways() {
                    assert_eq!(mask(way, block), want, "{name}: {byte:#x} at {at}");
                }
            }
        }
    }
}

#[test]
fn lengths_around_the_block_and_the_batch() {
    // The masks of the chunk before are still there: none of them may be taken for one of this chunk.
    let mut masks = Masks([u64::MAX; BATCH]);
    let batch = BLOCK * BATCH;
    for len in (0..200)
        .chain(batch - 70..batch + 70)
        .chain(2 * batch - 2..2 * batch + 2)
    {
        for fill in [b'\n', b'x'] {
            let bytes = vec![fill; len];
            assert_eq!(scanned(&bytes, &mut masks), plain(&bytes), "{len}");
        }
    }
}

proptest! {
    #[test]
    fn equals_the_plain_search(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300),
        times in 1..20_usize,
    ) {
        let bytes = bytes.repeat(times);
        prop_assert_eq!(scanned(&bytes, &mut Masks::default()), plain(&bytes));
    }

    #[test]
    fn all_ways_agree(block in prop::array::uniform32(any::<u16>())) {
        let mut bytes = [0; BLOCK];
        for (two, word) in bytes.chunks_mut(2).zip(block) {
            two.copy_from_slice(&word.to_le_bytes());
        }
        let masks: Vec<_> = ways().into_iter().map(|(name, way)| (name, mask(way, bytes))).collect();
        prop_assert!(masks.windows(2).all(|pair| pair[0].1 == pair[1].1), "{masks:?}");
    }
}
