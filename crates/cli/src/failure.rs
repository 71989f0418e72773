//! How a command ends where it does not end well.

use std::fmt::Display;
use std::io;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read the standard output went away, as `head` does: an end without a word.
    OutputGone,
    /// A signal asked for it; the exit code that says so.
    Signal(i32),
    /// An error, in words.
    Said(String),
}

impl Failure {
    pub(crate) fn of(error: impl Display) -> Failure {
        Failure::Said(error.to_string())
    }

    pub(crate) fn output(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputGone,
            _ => Failure::Said(format!("cannot write to the standard output: {error}")),
        }
    }
}
