//! Batches of items on their way into JavaScript.

use eventwire_bridge::failure::Failure;
use eventwire_bridge::mailbox::Drained;
use eventwire_bridge::packed;
use napi::Env;
use napi::JsString;
use napi::bindgen_prelude::Uint32Array;
use napi_derive::napi;

/// A batch: see `eventwire_bridge::packed` for what the words mean; ends count UTF-16 code units.
#[napi(object, object_from_js = false)]
pub struct Batch<'env> {
    pub text: JsString<'env>,
    pub words: Uint32Array,
}

impl<'env> Batch<'env> {
    pub(crate) fn new(env: &'env Env, batch: &packed::Batch) -> napi::Result<Self> {
        let text = batch.text();
        if text.is_ascii() {
            // One byte per character: half the memory, and the ends are the same.
            return Ok(Self {
                text: env.create_string_latin1(text)?,
                words: batch.words().to_vec().into(),
            });
        }
        let units: Vec<u16> = text.encode_utf16().collect();
        Ok(Self {
            text: env.create_string_utf16(units)?,
            words: batch.utf16_words().into(),
        })
    }
}

/// What was in a mailbox.
#[napi(object, object_from_js = false)]
pub struct Fetched<'env> {
    pub batch: Batch<'env>,
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
            batch: Batch::new(env, &drained.batch)?,
            ended: drained.end.is_some(),
            failure,
        })
    }
}
