//! Batches of items on their way into JavaScript.

use eventwire_bridge::failure::Failure;
use eventwire_bridge::mailbox::Drained;
use eventwire_bridge::packed::{Batch, WORDS_PER_ITEM};
use eventwire_bridge::pieces::{MAX_ITEMS, Pieces, Text};
use napi::Env;
use napi::JsString;
use napi::bindgen_prelude::Uint32Array;
use napi_derive::napi;

/// A piece of a batch: see `eventwire_bridge::packed` for what the words mean; ends count UTF-16 code units.
#[napi(object, object_from_js = false)]
pub struct Piece<'env> {
    pub text: JsString<'env>,
    pub words: Uint32Array,
}

fn pieces<'env>(env: &'env Env, batch: &Batch) -> napi::Result<Vec<Piece<'env>>> {
    let mut words = vec![0; batch.words().len().min(MAX_ITEMS * WORDS_PER_ITEM)];
    let mut pieces = Pieces::new();
    let mut made = Vec::new();
    while let Some((text, items)) = pieces.next(batch, &mut words) {
        made.push(Piece {
            text: match text {
                Text::Latin1(bytes) => env.create_string_latin1(bytes)?,
                Text::Utf16(units) => env.create_string_utf16(units)?,
            },
            words: words[..items * WORDS_PER_ITEM].to_vec().into(),
        });
    }
    Ok(made)
}

/// What was in a mailbox.
#[napi(object, object_from_js = false)]
pub struct Fetched<'env> {
    pub pieces: Vec<Piece<'env>>,
    /// Whether nothing will follow.
    pub ended: bool,
    /// The failure that it ended with, as JSON.
    pub failure: Option<String>,
}

impl<'env> Fetched<'env> {
    pub(crate) fn new(env: &'env Env, drained: &Drained<Failure>) -> napi::Result<Self> {
        let failure = match &drained.end {
            Some(Err(failure)) => Some(failure.to_json()),
            _ => None,
        };
        Ok(Self {
            pieces: pieces(env, &drained.batch)?,
            ended: drained.end.is_some(),
            failure,
        })
    }
}
