//! `deflate`: by its definition zlib (RFC 1950), and by some servers bare DEFLATE (RFC 1951).

use bytes::{Buf, Bytes};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
};
use miniz_oxide::inflate::core::{DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress};

use super::{Undo, Wrong};

pub(super) struct Deflate {
    /// Begun with the first byte, which tells which of the two it is.
    inflate: Option<Inflate>,
}

impl Deflate {
    pub(super) fn new() -> Deflate {
        Deflate { inflate: None }
    }
}

impl Undo for Deflate {
    fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong> {
        let Some(&first) = input.first() else {
            // It may have more of what was before.
            return match &mut self.inflate {
                Some(inflate) => inflate.next(input),
                None => Ok(&[]),
            };
        };
        // The method and the largest window, as zlib has them. Bare DEFLATE would begin so only by a stored block with padding
        // that is not zero, which nobody writes.
        let zlib = first & 0x8f == 8;
        let inflate = self.inflate.get_or_insert_with(|| Inflate::new(zlib));
        if inflate.is_over() {
            return Err(Wrong::Follows);
        }
        inflate.next(input)
    }

    fn is_whole(&self) -> bool {
        self.inflate.as_ref().is_none_or(Inflate::is_over)
    }
}

/// DEFLATE by miniz_oxide. Its own window is what pieces are given from: so none is lost where an error comes in the same call.
pub(super) struct Inflate {
    state: Box<DecompressorOxide>,
    flags: u32,
    window: Box<[u8]>,
    at: usize,
    end: Option<Result<(), Wrong>>,
}

impl Inflate {
    pub(super) fn new(zlib: bool) -> Inflate {
        let zlib = if zlib {
            TINFL_FLAG_PARSE_ZLIB_HEADER
        } else {
            0
        };
        Inflate {
            state: Box::default(),
            flags: TINFL_FLAG_HAS_MORE_INPUT | zlib,
            window: vec![0; TINFL_LZ_DICT_SIZE].into_boxed_slice(),
            at: 0,
            end: None,
        }
    }

    /// Begins anew, with the memory that it has.
    pub(super) fn restart(&mut self) {
        self.state.init();
        self.at = 0;
        self.end = None;
    }

    /// What comes next; nothing once it is over.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong> {
        if let Some(end) = self.end {
            return end.map(|()| &[][..]);
        }
        let (status, read, written) = decompress(
            &mut self.state,
            input,
            &mut self.window,
            self.at,
            self.flags,
        );
        input.advance(read);
        self.end = match status {
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => None,
            TINFLStatus::Done => Some(Ok(())),
            TINFLStatus::Adler32Mismatch => Some(Err(Wrong::Corrupt("a wrong checksum"))),
            _ => Some(Err(Wrong::Corrupt("invalid data"))),
        };
        if let (0, Some(Err(wrong))) = (written, self.end) {
            return Err(wrong);
        }
        let from = self.at;
        self.at = (from + written) % TINFL_LZ_DICT_SIZE;
        Ok(&self.window[from..from + written])
    }

    /// Whether its end came, and was right.
    pub(super) fn is_over(&self) -> bool {
        self.end == Some(Ok(()))
    }
}
