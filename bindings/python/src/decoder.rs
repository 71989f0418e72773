//! Bytes to events, and events to bytes.

use std::cell::Cell;

use eventwire_bridge::decode::{Decoder as Inner, DecoderOptions};
use eventwire_bridge::encode::{Parts, encode as encode_parts};
use eventwire_bridge::packed::Batch;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyMemoryView};

use crate::arguments::{count, whole};
use crate::batch::list;
use crate::failure::OrRaise;

/// From this size on, other threads may run while a chunk is decoded; below, letting them costs more than it gives.
const DETACH_FROM: usize = 1 << 16;

thread_local! {
    /// A batch with room: to make one for each chunk would take a tenth of the time of a small one.
    static SPARE: Cell<Option<Box<Batch>>> = const { Cell::new(None) };
}

/// Decodes an event stream from chunks of any size: for bytes that come from elsewhere than `connect`.
///
/// Example:
///     >>> decoder = Decoder()
///     >>> decoder.feed(b"data: hel")
///     []
///     >>> decoder.feed(b"lo\n\n")
///     [Event('hello')]
#[pyclass(module = "eventwire", frozen)]
#[derive(Debug)]
pub(crate) struct Decoder(Inner);

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (*, last_event_id = String::new(), max_line = 16777216, max_event = 16777216, comments = false), text_signature = "(*, last_event_id='', max_line=16777216, max_event=16777216, comments=False)")]
    fn new(last_event_id: String, max_line: i64, max_event: i64, comments: bool) -> PyResult<Self> {
        Ok(Self(Inner::new(DecoderOptions {
            last_event_id,
            max_line: count("max_line", max_line)?,
            max_event: count("max_event", max_event)?,
            comments,
        })))
    }

    /// Decodes the next chunk: a list of the events that it completes, and of Comment items where they were asked for.
    ///
    /// Raises DecodeError when a line or an event passes its limit; events before it in the same chunk come first, and
    /// the next call raises. After that only reset() helps.
    ///
    /// Example:
    ///     >>> Decoder(comments=True).feed(b": hi\ndata: x\n\n")
    ///     [Comment(text='hi'), Event('x')]
    #[pyo3(signature = (chunk, /))]
    fn feed<'py>(
        &self,
        py: Python<'py>,
        chunk: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        // Taken out meanwhile: the collector may run, and with it code that feeds another decoder.
        let mut batch = SPARE.take().unwrap_or_default();
        let fed = if let Ok(bytes) = chunk.cast::<PyBytes>() {
            let bytes = bytes.as_bytes();
            if bytes.len() < DETACH_FROM {
                self.0.feed(bytes, &mut batch)
            } else {
                py.detach(|| self.0.feed(bytes, &mut batch))
            }
        } else {
            self.0.feed(&copy(chunk)?, &mut batch)
        };
        fed.or_raise(py)?;
        let list = list(py, &batch);
        batch.clear();
        SPARE.set(Some(batch));
        list
    }

    /// The last event ID, as committed at the last blank line; "" where there is none.
    #[getter]
    fn last_event_id(&self) -> String {
        self.0.last_event_id()
    }

    /// What the stream's `retry:` last said, in milliseconds.
    #[getter]
    fn reconnection_time(&self) -> Option<u64> {
        self.0.reconnection_time()
    }

    /// Begins a new connection: what is not complete is dropped, the last event ID stays.
    ///
    /// Example:
    ///     >>> decoder = Decoder()
    ///     >>> decoder.feed(b"id: 7\n\ndata: cut of")
    ///     []
    ///     >>> decoder.reset()
    ///     >>> decoder.feed(b"data: x\n\n")
    ///     [Event('x', id='7')]
    fn reset(&self) {
        self.0.reset();
    }
}

/// What is not `bytes` may change while it is read, so it is copied; that is cheap against decoding it.
fn copy(chunk: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = chunk.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    let Ok(view) = PyMemoryView::from(chunk) else {
        let given = chunk.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "feed() takes bytes, bytearray or memoryview, not {given}"
        )));
    };
    let bytes = view.call_method0("tobytes")?;
    Ok(bytes.cast::<PyBytes>()?.as_bytes().to_vec())
}

/// Encodes one block of an event stream.
///
/// Data and comments may have several lines. An id of "" resets the reader's. Raises EncodeError where a value would
/// break out of its field, where there is an event type without data, and where there is nothing at all.
///
/// Example:
///     >>> encode("two\nlines", event="note", id="7")
///     b'id: 7\nevent: note\ndata: two\ndata: lines\n\n'
///     >>> encode(comment="still here")
///     b': still here\n\n'
#[pyfunction]
#[pyo3(signature = (data = None, *, event = None, id = None, retry = None, comment = None))]
pub(crate) fn encode<'py>(
    py: Python<'py>,
    data: Option<&str>,
    event: Option<&str>,
    id: Option<&str>,
    retry: Option<i64>,
    comment: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let retry = retry.map(|retry| whole("retry", retry)).transpose()?;
    let bytes = encode_parts(&Parts {
        comment,
        retry,
        id,
        event,
        data,
    })
    .or_raise(py)?;
    Ok(PyBytes::new(py, &bytes))
}
