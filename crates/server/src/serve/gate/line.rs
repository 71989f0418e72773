//! Where a head ends.

use memchr::memchr;

/// Finds blank lines, which end a head (RFC 9112, section 2.1; hyper takes a bare LF for a line end too).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Line {
    #[default]
    Within,
    /// At its beginning.
    Begins,
    /// At its beginning, after a CR.
    Returned,
}

impl Line {
    /// How many bytes there are to the end of the first blank line, or all.
    pub(super) fn cut(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match (*self, bytes[at]) {
                (Self::Begins | Self::Returned, b'\n') => {
                    *self = Self::Begins;
                    return at + 1;
                }
                (Self::Begins, b'\r') => *self = Self::Returned,
                (_, b'\n') => *self = Self::Begins,
                _ => {
                    *self = Self::Within;
                    match memchr(b'\n', &bytes[at..]) {
                        Some(end) => {
                            *self = Self::Begins;
                            at += end;
                        }
                        None => return bytes.len(),
                    }
                }
            }
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_line_ends_a_head() {
        let cut = |bytes: &[u8]| Line::default().cut(bytes);
        assert_eq!(cut(b"GET / HTTP/1.1\r\n\r\nGET"), 18);
        assert_eq!(cut(b"GET / HTTP/1.1\n\nGET"), 16);
        assert_eq!(cut(b"GET / HTTP/1.1\n\r\nGET"), 17);
        assert_eq!(cut(b"GET / HTTP/1.1\r\na: b\r\n"), 22);
        assert_eq!(cut(b"a\r\rb\n\n"), 6);
        assert_eq!(cut(b"\r\n\r\n"), 4);
        assert_eq!(cut(b""), 0);
    }

    #[test]
    fn a_blank_line_is_found_over_any_edge() {
        let head = b"GET / HTTP/1.1\r\na: b\r\n\r\n";
        for edge in 0..head.len() {
            let mut line = Line::default();
            assert_eq!(line.cut(&head[..edge]), edge);
            assert_eq!(
                line.cut(&[&head[edge..], b"GET"].concat()),
                head.len() - edge
            );
        }
    }
}
