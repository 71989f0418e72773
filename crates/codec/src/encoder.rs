//! Events to bytes. Nothing that a caller puts into a value can leave its line.

use crate::error::{EncodeError, EncodeErrorKind};
use crate::event::{Event, MESSAGE};

/// One block of an event stream: the lines up to a blank line.
///
/// Every field is optional, so a block is an event, or a mark (an id alone), or a comment, or a
/// change of the reconnection time, or several of these at once.
///
/// ```
/// use eventwire_codec::Block;
///
/// let mark = Block { id: Some("41"), ..Block::default() };
/// assert_eq!(mark.encode()?, b"id: 41\n\n");
///
/// let injected = Block { id: Some("1\ndata: gotcha"), ..Block::default() };
/// assert_eq!(injected.encode().unwrap_err().field(), "id");
/// # Ok::<(), eventwire_codec::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Block<'a> {
    /// Written first; every line of it becomes a comment line.
    pub comment: Option<&'a str>,
    /// The reconnection time, in milliseconds.
    pub retry: Option<u64>,
    /// The last event ID from here on; `Some("")` resets it.
    pub id: Option<&'a str>,
    /// The event's type; `""` and `"message"` are the default and write no line.
    pub event: Option<&'a str>,
    /// The event's data; every line of it (ended by CR, LF or CRLF) becomes a data line.
    pub data: Option<&'a str>,
}

impl Block<'_> {
    /// The bytes of this block, with its blank line.
    ///
    /// # Errors
    ///
    /// CR, LF or NUL in the id or in the type; a type without data; no field at all.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// Appends the bytes of this block to `out`.
    ///
    /// # Errors
    ///
    /// As [`encode`](Block::encode); nothing was appended then.
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check()?;
        out.reserve(self.size_hint());
        if let Some(comment) = self.comment {
            push_lines(out, "", comment);
        }
        if let Some(retry) = self.retry {
            push_line(out, "retry", retry.to_string().as_bytes());
        }
        if let Some(id) = self.id {
            push_line(out, "id", id.as_bytes());
        }
        match self.event {
            None | Some("" | MESSAGE) => {}
            Some(event) => push_line(out, "event", event.as_bytes()),
        }
        if let Some(data) = self.data {
            push_lines(out, "data", data);
        }
        out.push(b'\n');
        Ok(())
    }

    fn check(&self) -> Result<(), EncodeError> {
        for (field, value) in [("id", self.id), ("event", self.event)] {
            let bytes = value.unwrap_or_default().bytes();
            let bad = |&(_, byte): &(usize, u8)| matches!(byte, 0 | b'\n' | b'\r');
            if let Some((position, byte)) = bytes.enumerate().find(bad) {
                let kind = EncodeErrorKind::Byte { byte, position };
                return Err(EncodeError { kind, field });
            }
        }
        if self.event.is_some() && self.data.is_none() {
            let kind = EncodeErrorKind::NoData;
            let field = "event";
            return Err(EncodeError { kind, field });
        }
        if *self == Block::default() {
            let kind = EncodeErrorKind::Empty;
            let field = "block";
            return Err(EncodeError { kind, field });
        }
        Ok(())
    }

    /// Enough for values of one line; more lines let the buffer grow.
    fn size_hint(&self) -> usize {
        let len = |value: Option<&str>| value.map_or(0, |value| value.len() + 8);
        let texts = len(self.comment) + len(self.id) + len(self.event) + len(self.data);
        texts + self.retry.map_or(0, |_| 28) + 1
    }
}

/// `name: value`, always with the space, so that a value's own leading space survives; an empty
/// value is `name:`.
fn push_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    if !value.is_empty() {
        out.push(b' ');
        out.extend_from_slice(value);
    }
    out.push(b'\n');
}

/// One line for each part between CR, LF and CRLF; no part gets out of its line.
fn push_lines(out: &mut Vec<u8>, name: &str, value: &str) {
    let mut rest = value.as_bytes();
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
        push_line(out, name, &rest[..end]);
        let crlf = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(crlf)..];
    }
    push_line(out, name, rest);
}

/// A growing buffer of an event stream.
///
/// ```
/// use eventwire_codec::{Encoder, Event};
///
/// let mut encoder = Encoder::new();
/// encoder.retry(3000).event(&Event::new("hello"))?.comment("still here");
/// assert_eq!(encoder.take(), b"retry: 3000\n\ndata: hello\n\n: still here\n\n");
/// assert!(encoder.is_empty());
/// # Ok::<(), eventwire_codec::EncodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    out: Vec<u8>,
}

impl Encoder {
    /// An empty buffer.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Appends an event.
    ///
    /// # Errors
    ///
    /// As [`Event::encode`]; nothing was appended then.
    pub fn event(&mut self, event: &Event) -> Result<&mut Encoder, EncodeError> {
        self.block(&Block::from(event))
    }

    /// Appends a block.
    ///
    /// # Errors
    ///
    /// As [`Block::encode`]; nothing was appended then.
    pub fn block(&mut self, block: &Block<'_>) -> Result<&mut Encoder, EncodeError> {
        block.encode_into(&mut self.out)?;
        Ok(self)
    }

    /// Appends a comment, which a client ignores: what keeps a quiet connection alive.
    pub fn comment(&mut self, text: &str) -> &mut Encoder {
        push_lines(&mut self.out, "", text);
        self.out.push(b'\n');
        self
    }

    /// Appends a change of the reconnection time.
    pub fn retry(&mut self, milliseconds: u64) -> &mut Encoder {
        push_line(&mut self.out, "retry", milliseconds.to_string().as_bytes());
        self.out.push(b'\n');
        self
    }

    /// Appends a mark: it moves the client's last event ID and dispatches nothing. `""` resets it.
    ///
    /// # Errors
    ///
    /// CR, LF or NUL in the id; nothing was appended then.
    pub fn mark(&mut self, id: &str) -> Result<&mut Encoder, EncodeError> {
        self.block(&Block {
            id: Some(id),
            ..Block::default()
        })
    }

    /// The bytes so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    /// Whether nothing waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes the bytes; the encoder is empty then and may be used on.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Encoder};
    use crate::error::EncodeErrorKind;

    #[test]
    fn an_error_names_the_byte_and_its_place_and_appends_nothing() {
        let mut out = b"before".to_vec();
        let block = Block {
            id: Some("ok"),
            event: Some("a\u{e9}\rb"),
            data: Some("x"),
            ..Block::default()
        };
        let error = block.encode_into(&mut out).unwrap_err();
        let (byte, position) = (b'\r', 3);
        assert_eq!(error.kind(), EncodeErrorKind::Byte { byte, position });
        assert_eq!(error.field(), "event");
        let text = error.to_string();
        assert!(
            text.contains("`event`") && text.contains("CR") && text.contains("byte 3"),
            "{text}"
        );
        assert_eq!(out, b"before");
    }

    #[test]
    fn the_encoder_is_usable_after_an_error_and_after_take() {
        let mut encoder = Encoder::new();
        assert!(encoder.mark("a\0").is_err());
        assert!(encoder.is_empty());
        encoder.comment("x\r\ny").mark("").unwrap();
        assert_eq!(encoder.as_bytes(), b": x\n: y\n\nid:\n\n");
        encoder.take();
        encoder.retry(0);
        assert_eq!(encoder.take(), b"retry: 0\n\n");
    }
}
