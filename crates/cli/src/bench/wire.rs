//! As much of HTTP/1.1 as a load client needs of an answer: its head, and where its body lies in what was read.

use httparse::{EMPTY_HEADER, Response, Status};

/// The longest head that is taken; a server that sends more is not measured but told.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 64;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) is_event_stream: bool,
    /// The server closes the connection after this answer.
    pub(super) closes: bool,
    pub(super) framing: Framing,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Chunked(Chunked),
    /// So many bytes are left.
    Length(u64),
    /// With the connection.
    ToEnd,
}

/// Where in a chunked body the next byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the size of a chunk: what it is so far.
    Size(u64),
    /// Behind the size, before the line's end.
    Extension(u64),
    Data(u64),
    /// In the line end behind a chunk.
    After,
    /// In a line of the trailer: whether anything is in it yet.
    Trailer(bool),
    Done,
}

/// Reads the head at the start of `bytes`: it and its length, or `None` where it is not whole yet.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(Head, usize)>, String> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() <= MAX_HEAD => return Ok(None),
        Ok(Status::Partial) => return Err(format!("a head of more than {MAX_HEAD} bytes")),
        Err(error) => return Err(format!("what is no HTTP/1.1 ({error})")),
    };
    let status = response.code.unwrap_or(0);
    let mut head = Head {
        status,
        is_event_stream: false,
        closes: response.version == Some(0),
        framing: Framing::ToEnd,
    };
    for header in response.headers.iter() {
        let value = String::from_utf8_lossy(header.value).to_ascii_lowercase();
        match header.name.to_ascii_lowercase().as_str() {
            "content-type" => head.is_event_stream = value.starts_with("text/event-stream"),
            "connection" => head.closes |= value.contains("close"),
            "transfer-encoding" if value.contains("chunked") => {
                head.framing = Framing::Chunked(Chunked::Size(0));
            }
            // Where both are given, the one above counts.
            "content-length" if head.framing == Framing::ToEnd => {
                let length = value.trim().parse();
                let length = length.map_err(|_| format!("a Content-Length of {value:?}"))?;
                head.framing = Framing::Length(length);
            }
            _ => {}
        }
    }
    if status == 204 || status == 304 || status < 200 {
        head.framing = Framing::Length(0);
    }
    Ok(Some((head, length)))
}

impl Framing {
    /// Takes the next piece of the body off `bytes`; `None` where they hold no more of it. What lies behind the body's end
    /// stays.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, String> {
        match self {
            Self::ToEnd => Ok((!bytes.is_empty()).then(|| std::mem::take(bytes))),
            Self::Length(left) => Ok(take(bytes, left)),
            Self::Chunked(chunked) => chunked.next(bytes),
        }
    }

    pub(super) fn is_done(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Done))
    }
}

impl Chunked {
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, String> {
        loop {
            if let Self::Data(left) = self {
                let piece = take(bytes, left);
                if *left == 0 {
                    *self = Self::After;
                }
                if piece.is_some() {
                    return Ok(piece);
                }
            }
            if *self == Self::Done {
                return Ok(None);
            }
            let Some((&byte, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            *bytes = rest;
            *self = self.after(byte)?;
        }
    }

    /// Where the byte after `byte` lies. CR is passed over: every line ends with the LF behind it.
    fn after(self, byte: u8) -> Result<Self, String> {
        Ok(match (self, byte) {
            (at, b'\r') => at,
            (Self::Size(0) | Self::Extension(0), b'\n') => Self::Trailer(false),
            (Self::Size(size) | Self::Extension(size), b'\n') => Self::Data(size),
            (Self::Size(size), b';' | b' ' | b'\t') => Self::Extension(size),
            (Self::Size(size), digit) => {
                let digit = char::from(digit).to_digit(16).map(u64::from);
                let size = digit.and_then(|digit| size.checked_mul(16)?.checked_add(digit));
                Self::Size(size.ok_or("a chunk without a size")?)
            }
            (Self::Extension(size), _) => Self::Extension(size),
            (Self::After, b'\n') => Self::Size(0),
            (Self::After, _) => return Err("a chunk that is longer than its size".into()),
            (Self::Trailer(false), b'\n') => Self::Done,
            (Self::Trailer(true), b'\n') => Self::Trailer(false),
            (Self::Trailer(_), _) => Self::Trailer(true),
            (at @ (Self::Data(_) | Self::Done), _) => at,
        })
    }
}

fn take<'a>(bytes: &mut &'a [u8], left: &mut u64) -> Option<&'a [u8]> {
    let count = usize::try_from(*left)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let (piece, rest) = bytes.split_at(count);
    *left -= count as u64;
    *bytes = rest;
    (count > 0).then_some(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(framing: &mut Framing, mut bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut body = Vec::new();
        while let Some(piece) = framing.next(&mut bytes).unwrap() {
            body.extend_from_slice(piece);
        }
        (body, bytes.len())
    }

    #[test]
    fn a_chunked_body_is_found_wherever_it_is_cut() {
        let bytes = b"5\r\nhello\r\n1a;x=1\r\n, this is a longer chunk, \r\n0\r\nA: b\r\n\r\nHTTP";
        for cut in 0..bytes.len() {
            let mut framing = Framing::Chunked(Chunked::Size(0));
            let (mut all, first_left) = body(&mut framing, &bytes[..cut]);
            let (more, left) = body(&mut framing, &bytes[cut - first_left..]);
            all.extend(more);
            assert_eq!(all, b"hello, this is a longer chunk, ", "cut at {cut}");
            assert!(framing.is_done() && left == 4, "cut at {cut}: {left} left");
        }
    }

    #[test]
    fn a_broken_chunk_is_an_error() {
        for bytes in [&b"x\r\n"[..], b"1\r\nabc", b"fffffffffffffffff\r\n"] {
            let mut framing = Framing::Chunked(Chunked::Size(0));
            let mut rest = bytes;
            let outcome = loop {
                match framing.next(&mut rest) {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert!(outcome.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_head_says_how_its_body_ends() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\nrest";
        assert!(head(&text[..40]).unwrap().is_none());
        let (found, length) = head(text).unwrap().unwrap();
        assert_eq!(&text[length..], b"rest");
        assert!(found.is_event_stream && !found.closes);
        assert_eq!(found.framing, Framing::Chunked(Chunked::Size(0)));
        let of = |text: &str| head(text.as_bytes()).unwrap().unwrap().0;
        assert_eq!(
            of("HTTP/1.1 201 X\r\nContent-Length: 7\r\n\r\n").framing,
            Framing::Length(7)
        );
        assert!(of("HTTP/1.1 204 X\r\n\r\n").framing.is_done());
        assert!(of("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n").closes);
        assert!(head(b"SSH-2.0-OpenSSH\r\n").is_err());
    }
}
