//! An encoded event with the framing of an HTTP/1.1 chunk around it.

use std::io::Write;

use bytes::Bytes;

/// Room for the longest size line of a chunk: what the largest number takes in hexadecimal, and a line end.
pub(crate) const SIZE_ROOM: usize = 2 * size_of::<usize>() + LINE_END.len();
const LINE_END: &[u8] = b"\r\n";

/// The encoded bytes of one event, or of another block, made once and shared by all who get them. They lie between the
/// lines that make them a chunk (RFC 9112, section 7.1), so that a socket can be given either without a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    chunk: Bytes,
    /// How long the size line is.
    start: usize,
}

impl Frame {
    /// A frame of these bytes, which are copied.
    pub(crate) fn new(block: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(SIZE_ROOM + block.len() + LINE_END.len());
        bytes.resize(SIZE_ROOM, 0);
        bytes.extend_from_slice(block);
        Self::between(bytes, SIZE_ROOM)
    }

    /// A frame of what stands in `bytes` from `start` on, which is at least [`SIZE_ROOM`]: the lines of the chunk are written
    /// around it, in place where there is room behind it.
    pub(crate) fn between(mut bytes: Vec<u8>, start: usize) -> Self {
        let mut line = [0; SIZE_ROOM];
        let mut rest = &mut line[..];
        // As long as the room is, it cannot fail.
        let _ = write!(rest, "{:x}\r\n", bytes.len() - start);
        let length = SIZE_ROOM - rest.len();
        let begin = start - length;
        bytes[begin..start].copy_from_slice(&line[..length]);
        bytes.extend_from_slice(LINE_END);
        Self {
            chunk: Bytes::from(bytes).slice(begin..),
            start: length,
        }
    }

    /// The bytes of the event.
    pub(crate) fn plain(&self) -> Bytes {
        self.chunk.slice(self.start..self.end())
    }

    /// The same, without the trouble of sharing them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.chunk[self.start..self.end()]
    }

    /// The event as a chunk.
    pub(crate) fn chunk(&self) -> &Bytes {
        &self.chunk
    }

    /// How many bytes the event has.
    pub(crate) fn len(&self) -> usize {
        self.end() - self.start
    }

    fn end(&self) -> usize {
        self.chunk.len() - LINE_END.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_plain_or_a_chunk() {
        for block in [&b"data: x\n\n"[..], b":", &[b'x'; 70_000]] {
            let frame = Frame::new(block);
            let size = format!("{:x}\r\n", block.len());
            assert_eq!(frame.plain(), block);
            assert_eq!(frame.as_bytes(), block);
            assert_eq!(frame.len(), block.len());
            assert_eq!(*frame.chunk(), [size.as_bytes(), block, b"\r\n"].concat());
        }
    }

    #[test]
    fn what_stands_before_is_no_part_of_it() {
        let mut bytes = vec![b'?'; SIZE_ROOM + 3];
        bytes.extend_from_slice(b"data: x\n\n");
        assert_eq!(
            *Frame::between(bytes, SIZE_ROOM + 3).chunk(),
            "9\r\ndata: x\n\n\r\n"
        );
    }
}
