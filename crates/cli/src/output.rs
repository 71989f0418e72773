//! Writing to the terminal, a file, or a pipe whose reader may be gone.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use crate::failure::Failure;

/// The standard output. What is written comes out at [`flush`](Self::flush).
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Output {
        let stdout = io::stdout();
        Output {
            terminal: stdout.is_terminal(),
            stdout: BufWriter::with_capacity(64 * 1024, stdout),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout.write_all(bytes).map_err(Failure::output)
    }

    /// A line for people: what could steer a terminal is made harmless where there is one.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        let line = if self.terminal {
            harmless(line)
        } else {
            Cow::Borrowed(line)
        };
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(Failure::output)
    }
}

/// Waits until nobody reads the standard output any more. Without this a quiet stream would go on unread for ever: a write
/// tells, but there is none.
#[cfg(unix)]
pub(crate) async fn gone() {
    use std::os::fd::AsFd;
    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;

    let watched = io::stdout().as_fd().try_clone_to_owned();
    // Unchecked, so that it stays blocking for the writes, which are not done by this. A file cannot be watched, and its
    // reader cannot go away.
    if let Ok(stdout) = watched.and_then(|fd| Sender::from_file_unchecked(fd.into()))
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
pub(crate) async fn gone() {
    std::future::pending().await
}

/// One line to the standard error.
pub(crate) fn notice(message: &str) {
    // Where the standard error is gone, there is nobody to tell.
    let _ = writeln!(io::stderr(), "eventwire: {}", harmless(message));
}

/// Control characters but for tabs and line ends, as U+FFFD: they come from elsewhere.
fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_made_harmless() {
        assert_eq!(harmless("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(
            harmless("\u{1b}[2J\u{9b}x\r"),
            "\u{fffd}[2J\u{fffd}x\u{fffd}"
        );
    }
}
