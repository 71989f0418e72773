//! Answers that are compressed, undone as they come.
//!
//! The usual adapters read a body through a decompressor, and what that has just decompressed is lost where the body's error arrives
//! with it: whole events, which the server does not send again where they have no ids. So this is fed instead: all that a chunk holds
//! is given out before anybody asks the body for more. And it comes in pieces, only when asked for: a megabyte can hold a
//! gigabyte.

mod brotli;
mod deflate;
mod gzip;
mod zstd;

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use self::brotli::Brotli;
use self::deflate::Deflate;
use self::gzip::Gzip;
use self::zstd::Zstd;

/// What a request says where the application does not: all of them, and the best first.
pub(super) const ACCEPTED: &str = "zstd,gzip,deflate,br";

/// Each in turn multiplies what a byte can hold, and takes memory for its window. Nobody has a reason for more than two.
const MAX_ENCODINGS: usize = 5;

/// As much comes at a time, where an encoding has no window of its own to give it from.
const PIECE: usize = 16 * 1024;

/// One encoding, undone.
trait Undo: Send {
    /// Takes bytes off the front of `input`, and gives what comes of them, or of those before. Only where nothing comes, and
    /// nothing is taken, does it need more input. An error comes after all that could be made of what was before it.
    fn next(&mut self, input: &mut Bytes) -> Result<&[u8], Wrong>;

    /// Whether nothing is missing of what has begun.
    fn is_whole(&self) -> bool;
}

/// The encodings of one body.
pub(super) struct Decoding {
    /// What was fed, and not yet taken by the first of them.
    fed: Bytes,
    /// The encoding that was applied last is the first.
    links: Vec<Link>,
}

struct Link {
    name: &'static str,
    undo: Box<dyn Undo>,
    input: Bytes,
}

impl Decoding {
    /// What is to be undone for a body with these headers, which then say nothing of it any more. `None` where nothing is; or
    /// why it cannot be.
    pub(super) fn of(headers: &mut HeaderMap) -> Result<Option<Decoding>, String> {
        let mut links = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            for name in value.split(',').map(str::trim) {
                let (name, undo): (_, Box<dyn Undo>) = match name {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => ("gzip", Box::new(Gzip::new())),
                    "deflate" => ("deflate", Box::new(Deflate::new())),
                    "br" => ("br", Box::new(Brotli::new())),
                    "zstd" => ("zstd", Box::new(Zstd::new())),
                    other => {
                        let name: String = other.chars().take(40).collect();
                        return Err(format!(
                            "the body is encoded as {name:?} (Content-Encoding), and only gzip, deflate, br and zstd can be undone"
                        ));
                    }
                };
                if links.len() == MAX_ENCODINGS {
                    return Err(format!(
                        "the body is encoded more than {MAX_ENCODINGS} times (Content-Encoding)"
                    ));
                }
                let input = Bytes::new();
                links.push(Link { name, undo, input });
            }
        }
        if links.is_empty() {
            return Ok(None);
        }
        links.reverse();
        headers.remove(CONTENT_ENCODING);
        // It is that of what came.
        headers.remove(CONTENT_LENGTH);
        let fed = Bytes::new();
        Ok(Some(Decoding { fed, links }))
    }

    /// A chunk of the body came. All that the one before holds must have been taken.
    pub(super) fn feed(&mut self, chunk: Bytes) {
        debug_assert!(
            self.fed.is_empty(),
            "a chunk is fed before the last was taken"
        );
        self.fed = chunk;
    }

    /// The next piece of what was fed so far; an empty one where there may be more, but it took some work to know. `None` where
    /// more must be fed.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, WrongBody> {
        pull(&mut self.links, &mut self.fed)
    }

    /// The body is complete; whether its encodings are, too. All that it holds must have been taken.
    ///
    /// Where the end of a body is that of its connection, nothing else tells it from one that was cut off.
    pub(super) fn finish(&self) -> Result<(), WrongBody> {
        match self.links.iter().find(|link| !link.undo.is_whole()) {
            Some(link) => Err(Wrong::Unfinished.of(link)),
            None => Ok(()),
        }
    }
}

/// One step: the last of the links gives something, or takes something from the one before it.
fn pull(links: &mut [Link], fed: &mut Bytes) -> Result<Option<Bytes>, WrongBody> {
    let Some((link, before)) = links.split_last_mut() else {
        return Ok(Some(std::mem::take(fed)).filter(|fed| !fed.is_empty()));
    };
    loop {
        let had = link.input.len();
        let piece = match link.undo.next(&mut link.input) {
            Ok(piece) => piece,
            Err(wrong) => return Err(wrong.of(link)),
        };
        if !piece.is_empty() {
            return Ok(Some(Bytes::copy_from_slice(piece)));
        }
        if link.input.is_empty() {
            break;
        }
        if link.input.len() == had {
            return Err(Wrong::Corrupt("it cannot be read on").of(link));
        }
    }
    Ok(pull(before, fed)?.map(|input| {
        link.input = input;
        Bytes::new()
    }))
}

/// What is wrong with the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongBody {
    encoding: &'static str,
    wrong: Wrong,
}

/// What is wrong with something encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// It is not what it says.
    Corrupt(&'static str),
    /// Something follows its end.
    Follows,
    /// It ends too early.
    Unfinished,
}

impl Wrong {
    fn of(self, link: &Link) -> WrongBody {
        WrongBody {
            encoding: link.name,
            wrong: self,
        }
    }
}

impl fmt::Display for WrongBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = self.encoding;
        match self.wrong {
            Wrong::Corrupt(what) => {
                write!(
                    f,
                    "the body is not the {encoding} that its Content-Encoding says ({what})"
                )
            }
            Wrong::Follows => write!(f, "the body goes on after the end of its {encoding}"),
            Wrong::Unfinished => write!(f, "the body ended in the middle of its {encoding}"),
        }
    }
}

impl StdError for WrongBody {}

#[cfg(test)]
mod tests;
