//! `br` (RFC 7932).

use brotli_decompressor::{
    BrotliDecoderErrorCode, BrotliDecoderTakeOutput, BrotliDecompressStream, BrotliResult,
    BrotliState, StandardAlloc,
};
use bytes::{Buf, Bytes};

use super::{PIECE, Undo, Wrong};

pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    output: Box<[u8]>,
    begun: bool,
    end: Option<Result<(), Wrong>>,
}

impl Brotli {
    pub(super) fn new() -> Brotli {
        let alloc = StandardAlloc::default;
        Brotli {
            // Without the larger windows that the standard does not have.
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            output: vec![0; PIECE].into_boxed_slice(),
            begun: false,
            end: None,
        }
    }

    /// What it had made before it failed, and not yet given out; then the failure.
    fn rest(&mut self, wrong: Wrong) -> Result<&[u8], Wrong> {
        let mut size = PIECE;
        // Else it gives out nothing. It is not asked to read on.
        self.state.error_code = BrotliDecoderErrorCode::BROTLI_DECODER_SUCCESS;
        let piece = BrotliDecoderTakeOutput(&mut self.state, &mut size);
        if piece.is_empty() {
            return Err(wrong);
        }
        Ok(piece)
    }
}

impl Undo for Brotli {
    fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong> {
        match self.end {
            Some(Ok(())) if !input.is_empty() => return Err(Wrong::Follows),
            Some(Ok(())) => return Ok(&[]),
            Some(Err(wrong)) => return self.rest(wrong),
            None => {}
        }
        self.begun |= !input.is_empty();
        let (mut read, mut written) = (0, 0);
        let result = BrotliDecompressStream(
            &mut input.len(),
            &mut read,
            input,
            &mut self.output.len(),
            &mut written,
            &mut self.output,
            &mut 0,
            &mut self.state,
        );
        input.advance(read.min(input.len()));
        match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultSuccess => self.end = Some(Ok(())),
            BrotliResult::ResultFailure => {
                let wrong = Wrong::Corrupt("invalid data");
                self.end = Some(Err(wrong));
                if written == 0 {
                    return self.rest(wrong);
                }
            }
        }
        Ok(&self.output[..written])
    }

    fn is_whole(&self) -> bool {
        !self.begun || self.end == Some(Ok(()))
    }
}
