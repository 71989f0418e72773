//! The lines of the standard input.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// How long a line may be: no hub takes an event that is larger, unless it is told to, and none of our clients does.
const MAX_LINE: usize = 16 << 20;

/// How many lines are read ahead of their publishing, and of how many bytes, if it is more than one.
const READ_AHEAD: usize = 64;
const BYTES_AHEAD: usize = 1 << 20;

/// The lines of the standard input, without their ends. They are read by a thread of its own, since such a read cannot be cancelled,
/// and Ctrl-C must not wait for it.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: mpsc::Receiver<(io::Result<String>, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
}

impl Lines {
    /// Begins to read. Within a runtime.
    pub(crate) fn of_stdin() -> Lines {
        let (sender, lines) = mpsc::channel(READ_AHEAD);
        let room = Arc::new(Semaphore::new(BYTES_AHEAD));
        let (runtime, space) = (Handle::current(), room.clone());
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            while let Some(line) = next_line(&mut stdin, MAX_LINE).transpose() {
                let bytes = line.as_ref().map_or(0, String::len).min(BYTES_AHEAD);
                let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                let failed = line.is_err();
                let Ok(permit) = runtime.block_on(space.clone().acquire_many_owned(bytes)) else {
                    return;
                };
                if sender.blocking_send((line, permit)).is_err() || failed {
                    return;
                }
            }
        });
        Lines { lines, room }
    }

    /// The next line; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<io::Result<String>> {
        let (line, _permit) = self.lines.recv().await?;
        Some(line)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.room.close();
    }
}

/// The next line of at most `max` bytes, without its end; what is no UTF-8 in it is replaced, since an event stream is nothing else.
fn next_line(input: &mut impl BufRead, max: usize) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    // With its end: two bytes more.
    let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(2);
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.len() > max {
        let text = format!("it is longer than {max} bytes, which is more than an event can hold");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(mut input: &[u8], max: usize) -> Option<String> {
        next_line(&mut input, max).unwrap()
    }

    #[test]
    fn a_line_is_taken_without_its_end() {
        for (input, line) in [
            (&b"a\nb"[..], "a"),
            (b"a\r\n", "a"),
            (b"a", "a"),
            (b"\n", ""),
            (b"\xff\n", "\u{fffd}"),
        ] {
            assert_eq!(first(input, 100).as_deref(), Some(line));
        }
        assert_eq!(first(b"", 100), None);
    }

    #[test]
    fn a_line_has_a_bound_which_its_end_does_not_count_for() {
        for input in [&b"1234"[..], b"1234\n", b"1234\r\n"] {
            assert_eq!(first(input, 4).as_deref(), Some("1234"));
        }
        for mut input in [&b"12345"[..], b"12345\n", b"123456\r\n", b"1234567890\n"] {
            let error = next_line(&mut input, 4).unwrap_err();
            assert!(error.to_string().contains("longer than 4 bytes"), "{error}");
        }
    }
}
