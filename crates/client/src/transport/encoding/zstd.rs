//! `zstd` (RFC 8878): frames one after the other.

use bytes::{Buf, Bytes};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use super::{PIECE, Undo, Wrong};

/// 8 MiB, the largest window that an answer may need (RFC 9659).
const WINDOW_LOG_MAX: u32 = 23;

/// What the head of a block takes.
const BLOCK_HEAD: usize = 3;

pub(super) struct Zstd {
    /// Made with the first byte: its memory is C's.
    context: Option<DCtx<'static>>,
    output: Box<[u8]>,
    /// How much it wants to read next; 0 between two frames.
    wants: usize,
    /// Whether there was no room for all that it had.
    full: bool,
}

impl Zstd {
    pub(super) fn new() -> Zstd {
        Zstd {
            context: None,
            output: vec![0; PIECE].into_boxed_slice(),
            wants: 0,
            full: false,
        }
    }

    fn context() -> Result<DCtx<'static>, Wrong> {
        let mut context = DCtx::try_create().ok_or(Wrong::Corrupt("no memory to read it"))?;
        let limit = DParameter::WindowLogMax(WINDOW_LOG_MAX);
        context.set_parameter(limit).map_err(corrupt)?;
        Ok(context)
    }
}

impl Undo for Zstd {
    fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong> {
        // Asked between two frames, it would begin the next.
        if input.is_empty() && (!self.full || self.is_whole()) {
            return Ok(&[]);
        }
        let context = match &mut self.context {
            Some(context) => context,
            none => none.insert(Zstd::context()?),
        };
        // Never into the block after this one: what a call has made is lost where it fails. What it wants goes to the end of the
        // next block's head.
        let most = self.wants.saturating_sub(BLOCK_HEAD).max(1);
        let mut from = InBuffer::around(&input[..most.min(input.len())]);
        let mut to = OutBuffer::around(&mut self.output[..]);
        self.wants = context
            .decompress_stream(&mut to, &mut from)
            .map_err(corrupt)?;
        let (read, written) = (from.pos(), to.pos());
        input.advance(read);
        self.full = written == self.output.len();
        Ok(&self.output[..written])
    }

    fn is_whole(&self) -> bool {
        self.wants == 0
    }
}

fn corrupt(code: usize) -> Wrong {
    Wrong::Corrupt(get_error_name(code))
}
