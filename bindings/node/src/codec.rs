//! Decoder and encoder; `feed` has a file of its own.

use std::cell::RefCell;
use std::rc::Rc;

use eventwire_bridge::decode::{self, LocalDecoder};
use eventwire_bridge::encode;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::feed::Place;
use crate::options::size;

#[napi(object, object_to_js = false)]
pub struct DecoderOptions {
    pub last_event_id: Option<String>,
    pub max_line: Option<f64>,
    pub max_event: Option<f64>,
    pub comments: Option<bool>,
}

#[derive(Debug)]
#[napi]
pub struct Decoder {
    pub(crate) inner: Rc<RefCell<LocalDecoder>>,
    /// Where it is fed.
    pub(crate) place: Option<Place>,
}

#[napi]
impl Decoder {
    #[napi(constructor)]
    pub fn new(options: DecoderOptions) -> Self {
        let mut built = decode::DecoderOptions::default();
        built.last_event_id = options.last_event_id.unwrap_or_default();
        built.max_line = size(options.max_line, built.max_line);
        built.max_event = size(options.max_event, built.max_event);
        built.comments = options.comments.unwrap_or_default();
        Self {
            inner: Rc::new(RefCell::new(LocalDecoder::new(built))),
            place: None,
        }
    }

    #[napi(getter)]
    pub fn last_event_id(&self) -> String {
        self.inner.borrow().last_event_id().to_owned()
    }

    #[napi(getter)]
    pub fn reconnection_time(&self) -> Option<f64> {
        self.inner
            .borrow()
            .reconnection_time()
            .map(|time| time as f64)
    }

    #[napi]
    pub fn reset(&self) {
        self.inner.borrow_mut().reset();
    }
}

#[napi(object, object_to_js = false)]
pub struct Parts {
    pub comment: Option<String>,
    pub retry: Option<f64>,
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
}

#[napi]
pub fn encode(parts: Parts) -> Result<Buffer> {
    let bytes = encode::encode(&encode::Parts {
        comment: parts.comment.as_deref(),
        retry: parts.retry.map(|time| time as u64),
        id: parts.id.as_deref(),
        event: parts.event.as_deref(),
        data: parts.data.as_deref(),
    })
    .map_err(raise)?;
    Ok(bytes.into())
}
