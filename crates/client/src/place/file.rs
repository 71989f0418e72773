//! The cursor file: who may use it, what stands in it, and how it is read.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use serde_json::{Value, json};
use url::Url;

use super::writer::Saver;
use crate::redact::lasting;
use crate::{Error, ErrorKind};

/// More than any file of ours: what is larger is something else, and not read.
const MAX_SIZE: u64 = 128 << 20;

/// A cursor file that is in use.
#[derive(Debug)]
pub(super) struct CursorFile {
    saver: Saver,
    /// Held as long as the file is ours; the system gives it back when a process dies.
    lock: Option<File>,
    closed: bool,
}

impl CursorFile {
    /// Takes the file for itself, and reads it: the last event ID that stands there, `None` where there is no file yet.
    pub(super) fn open(path: &Path, url: &Url) -> Result<(CursorFile, Option<String>), Error> {
        let path = std::path::absolute(path).map_err(|error| unusable(path, "use", error))?;
        let lock = lock(&path)?;
        let url = lasting(url);
        let found = read(&path, &url)?;
        let saver = Saver::new(path, url);
        let file = CursorFile {
            saver,
            lock: Some(lock),
            closed: false,
        };
        Ok((file, found))
    }

    pub(super) fn saver(&self) -> Saver {
        self.saver.clone()
    }

    pub(super) fn set(&self, id: &str) {
        if !self.closed {
            self.saver.set(id);
        }
    }

    /// Whether what is set is going to be in the file.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.closed {
            let path = self.saver.path();
            let text = format!(
                "the stream is closed, and its cursor file {} is not written any more: acknowledge before you close it",
                path.display()
            );
            return Err(Error::new(ErrorKind::Closed, text).with_path(path));
        }
        self.saver.check()
    }

    pub(super) fn poll_failed(&self, cx: &Context<'_>) -> Poll<Error> {
        self.saver.poll_failed(cx)
    }

    pub(super) fn poll_saved(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.saver.poll_saved(cx)
    }

    pub(super) fn close(&mut self) -> Result<(), Error> {
        if self.closed {
            return Ok(());
        }
        self.closed = true;
        let saved = self.saver.save();
        self.saver.stop();
        self.lock = None;
        saved
    }
}

impl Drop for CursorFile {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(target: "eventwire::client", %error, "the place of a stream was not saved");
        }
    }
}

/// What stands in the file.
pub(super) fn text(url: &str, id: &str) -> String {
    let value = json!({ "eventwire": "cursor", "version": 1, "url": url, "last_event_id": id });
    format!("{value}\n")
}

pub(super) fn unusable(path: &Path, what: &str, error: io::Error) -> Error {
    let (path_shown, advice) = (path.display(), advice(&error));
    let text = format!("cannot {what} the cursor file {path_shown}: {error}{advice}");
    Error::new(ErrorKind::Cursor, text)
        .with_path(path)
        .with_source(std::sync::Arc::new(error))
}

/// What to do about it, where that is known.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make room, and connect again: that goes on at the place that was saved last"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; let this process write in its folder, or give another path"
        }
        io::ErrorKind::NotFound => "; make its folder, or give another path",
        _ => "",
    }
}

/// A file beside it is locked, since it itself is replaced with every write.
fn lock(path: &Path) -> Result<File, Error> {
    let beside = beside(path, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = options
        .open(&beside)
        .map_err(|error| unusable(path, "use", error))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let text = format!(
                "the cursor file {} is in use by another stream, in this process or another one: close that, or give each a file of its own",
                path.display()
            );
            Err(Error::new(ErrorKind::Cursor, text).with_path(path))
        }
        // Not every file system has locks; then it is as without.
        Err(TryLockError::Error(_)) | Ok(()) => Ok(file),
    }
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn read(path: &Path, url: &str) -> Result<Option<String>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, "read", error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE)
        .read_to_end(&mut bytes)
        .map_err(|error| unusable(path, "read", error))?;
    let wrong = |what: String| Error::new(ErrorKind::Cursor, what).with_path(path);
    let Some((version, its_url, id)) = parse(&bytes) else {
        return Err(wrong(format!(
            "{} is no cursor file of eventwire: give another path, or delete it to begin anew",
            path.display()
        )));
    };
    if version != 1 {
        return Err(wrong(format!(
            "the cursor file {} is of version {version}, which this eventwire does not know: update it, or delete the file to begin anew",
            path.display()
        )));
    }
    if its_url != url {
        return Err(wrong(format!(
            "the cursor file {} is for {its_url}, not for {url}: give each URL a file of its own, or delete it to begin anew",
            path.display()
        )));
    }
    Ok(Some(id))
}

fn parse(bytes: &[u8]) -> Option<(u64, String, String)> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    if text("eventwire")? != "cursor" {
        return None;
    }
    let version = value.get("version")?.as_u64()?;
    let id = text("last_event_id")?;
    // What no event has is no place either, and must not become a header.
    (!id.contains(['\r', '\n', '\0'])).then_some((version, text("url")?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for id in ["", "7", "…\u{1}\"\\", "e-41"] {
            let text = text("http://a/", id);
            assert_eq!(
                parse(text.as_bytes()),
                Some((1, "http://a/".to_owned(), id.to_owned()))
            );
        }
        for other in [
            "",
            "{}",
            "[]",
            "nothing",
            r#"{"eventwire": "cursor", "version": 1, "url": "x"}"#,
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}
