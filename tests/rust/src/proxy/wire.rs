//! HTTP/1.1 as bytes: just enough to see request heads, and which bytes of an answer belong to an event stream.

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) last_event_id: Option<Vec<u8>>,
}

/// Finds the request heads in what a client sends.
#[derive(Debug, Default)]
pub(super) struct Requests {
    head: Vec<u8>,
    /// Bytes of the current request's body that are still to come.
    body: u64,
}

impl Requests {
    /// Whether all that was fed ends where a request ends.
    pub(super) fn complete(&self) -> bool {
        self.head.is_empty() && self.body == 0
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<RequestHead> {
        let mut heads = Vec::new();
        for &byte in bytes {
            if self.body > 0 {
                self.body -= 1;
                continue;
            }
            self.head.push(byte);
            if self.head.ends_with(b"\r\n\r\n") {
                let head = std::mem::take(&mut self.head);
                let mut words = head.split(|b| *b == b' ');
                let mut word =
                    || String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
                let (method, target) = (word(), word());
                self.body = content_length(&head);
                heads.push(RequestHead {
                    method,
                    target,
                    last_event_id: header(&head, "last-event-id").map(<[u8]>::to_vec),
                });
            }
        }
        heads
    }
}

/// Follows the answers on one connection and tells framing from content.
#[derive(Debug, Default, Clone)]
pub(super) struct Responses {
    state: State,
    head: Vec<u8>,
    is_stream: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Head,
    Fixed(u64),
    UntilClose,
    ChunkSize(u64),
    ChunkExtension(u64),
    Chunk(u64),
    ChunkEnd,
    Trailer {
        empty_line: bool,
    },
}

/// What one byte of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Byte {
    /// A head, a chunk's framing, or the body of an answer that is no event stream.
    Other,
    /// The last byte of the head of an event stream.
    StreamBegins,
    /// A byte of an event stream.
    Stream,
}

impl Responses {
    pub(super) fn feed(&mut self, byte: u8) -> Byte {
        let content = if self.is_stream {
            Byte::Stream
        } else {
            Byte::Other
        };
        let (state, is) = match self.state {
            State::Head => return self.feed_head(byte),
            State::UntilClose => (State::UntilClose, content),
            State::Fixed(0 | 1) => (State::Head, content),
            State::Fixed(left) => (State::Fixed(left - 1), content),
            State::ChunkSize(size) => match (byte as char).to_digit(16) {
                Some(digit) => (
                    State::ChunkSize(size.saturating_mul(16).saturating_add(digit.into())),
                    Byte::Other,
                ),
                None if byte == b'\n' => (State::after_size(size), Byte::Other),
                None => (State::ChunkExtension(size), Byte::Other),
            },
            State::ChunkExtension(size) if byte == b'\n' => (State::after_size(size), Byte::Other),
            State::Chunk(1) => (State::ChunkEnd, content),
            State::Chunk(left) => (State::Chunk(left - 1), content),
            State::ChunkEnd if byte == b'\n' => (State::ChunkSize(0), Byte::Other),
            State::Trailer { empty_line: true } if byte == b'\n' => (State::Head, Byte::Other),
            State::Trailer { empty_line } => {
                let still_empty = byte == b'\n' || (empty_line && byte == b'\r');
                (
                    State::Trailer {
                        empty_line: still_empty,
                    },
                    Byte::Other,
                )
            }
            state @ (State::ChunkExtension(_) | State::ChunkEnd) => (state, Byte::Other),
        };
        self.state = state;
        is
    }

    fn feed_head(&mut self, byte: u8) -> Byte {
        self.head.push(byte);
        if !self.head.ends_with(b"\r\n\r\n") {
            return Byte::Other;
        }
        let head = std::mem::take(&mut self.head);
        let status = head.split(|b| *b == b' ').nth(1).unwrap_or_default();
        if status.starts_with(b"1") {
            return Byte::Other;
        }
        let holds = |name, value: &str| {
            header(&head, name).is_some_and(|v| {
                String::from_utf8_lossy(v)
                    .to_ascii_lowercase()
                    .contains(value)
            })
        };
        self.is_stream = status == b"200" && holds("content-type", "text/event-stream");
        self.state = if status == b"204" || status == b"304" {
            State::Head
        } else if holds("transfer-encoding", "chunked") {
            State::ChunkSize(0)
        } else if header(&head, "content-length").is_some() {
            match content_length(&head) {
                0 => State::Head,
                length => State::Fixed(length),
            }
        } else {
            State::UntilClose
        };
        if self.is_stream {
            Byte::StreamBegins
        } else {
            Byte::Other
        }
    }
}

impl State {
    fn after_size(size: u64) -> State {
        if size == 0 {
            State::Trailer { empty_line: true }
        } else {
            State::Chunk(size)
        }
    }
}

fn content_length(head: &[u8]) -> u64 {
    header(head, "content-length")
        .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .unwrap_or(0)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').skip(1).find_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        line[..colon]
            .eq_ignore_ascii_case(name.as_bytes())
            .then(|| line[colon + 1..].trim_ascii())
    })
}

/// The bytes of an event stream since its last blank line: the frame that has begun and not ended. Lines end by LF alone, as
/// eventwire's encoder writes them.
#[derive(Debug, Default, Clone)]
pub(super) struct OpenFrame {
    bytes: Vec<u8>,
    line: usize,
}

impl OpenFrame {
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
        if byte == b'\n' {
            if self.line + 1 == self.bytes.len() {
                self.bytes.clear();
            }
            self.line = self.bytes.len();
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it ends inside the value of a `data:` line, with some of the value there.
    pub(super) fn inside_data(&self) -> bool {
        let line = &self.bytes[self.line..];
        line.strip_prefix(b"data:")
            .is_some_and(|value| !value.trim_ascii_start().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream_bytes(raw: &[u8]) -> Vec<u8> {
        let mut responses = Responses::default();
        raw.iter()
            .copied()
            .filter(|byte| responses.feed(*byte) == Byte::Stream)
            .collect()
    }

    #[test]
    fn chunk_framing_is_told_from_content() {
        let raw = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=x\r\ntransfer-encoding: chunked\r\n\r\n\
            3\r\nid:\r\nB;ext=1\r\n 7\ndata: a\r\r\n2\r\n\n\n\r\n0\r\n\r\n";
        assert_eq!(stream_bytes(raw), b"id: 7\ndata: a\r\n\n");
    }

    #[test]
    fn an_answer_that_is_no_stream_has_no_stream_bytes_and_the_next_one_is_seen() {
        let raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndata:HTTP/1.1 204 No Content\r\n\r\n\
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: y";
        assert_eq!(stream_bytes(raw), b"data: y");
    }

    #[test]
    fn request_heads_are_found_over_any_split_and_past_bodies() {
        let mut requests = Requests::default();
        let mut heads = Vec::new();
        for byte in b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET /b?c=d HTTP/1.1\r\nlast-event-id:  caf\xc3\xa9 \r\n\r\n" {
            heads.extend(requests.feed(&[*byte]));
        }
        assert!(requests.complete());
        assert_eq!(heads.len(), 2);
        assert_eq!(
            (heads[1].method.as_str(), heads[1].target.as_str()),
            ("GET", "/b?c=d")
        );
        assert_eq!(heads[1].last_event_id.as_deref(), Some("café".as_bytes()));
    }

    #[test]
    fn an_open_frame_knows_where_it_ends() {
        let mut frame = OpenFrame::default();
        let mut inside = Vec::new();
        for byte in b"id: 1\n\nid: 2\ndata: ab\n\ndata" {
            frame.push(*byte);
            inside.push(frame.inside_data());
        }
        assert_eq!(frame.bytes(), b"data");
        let expected: Vec<usize> = vec![
            b"id: 1\n\nid: 2\ndata: ".len(),
            b"id: 1\n\nid: 2\ndata: a".len(),
        ];
        let found: Vec<usize> = (0..inside.len()).filter(|index| inside[*index]).collect();
        assert_eq!(found, expected);
    }
}
