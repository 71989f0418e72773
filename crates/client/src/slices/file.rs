//! A payload in slices, written to a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use eventwire_codec::Event;
use eventwire_codec::slices::{
    Assembly, FileError, ReceiveOptions, Taken, Transfer, TransferError,
};
use tempfile::{Builder, NamedTempFile};

/// Puts a payload together in a file: an [`Assembly`] that writes.
///
/// It writes to a temporary file in the folder of the target, and gives it the target's name when all is there and its hash is
/// right: whoever looks at the target sees what it was before, or all that was sent, and never a part. Dropped before that, it
/// removes what it wrote. A target that is a link is replaced, and what it led to stays.
///
/// It blocks on the file. [`EventStream::receive_file`](crate::EventStream::receive_file) does the same for a stream; this is
/// for events that come another way.
///
/// ```
/// use eventwire_client::FileAssembly;
/// use eventwire_codec::slices::{ReceiveOptions, SendOptions, Slices};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("note.txt");
/// let mut file = FileAssembly::create(&path, ReceiveOptions::new())?;
/// for event in Slices::of_bytes("what is received", SendOptions::new().slice_size(5))? {
///     file.take(&event?)?;
/// }
/// assert_eq!(file.finish()?.size(), 16);
/// assert_eq!(std::fs::read_to_string(&path)?, "what is received");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileAssembly {
    assembly: Assembly,
    target: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Writing(NamedTempFile),
    /// It has the target's name.
    Placed,
    /// A slice was taken and could not be written: what follows it must not hide that.
    Failed,
}

impl FileAssembly {
    /// One that waits for the first slice. The temporary file is made now, so that a folder that cannot be written to is known
    /// before anything is sent.
    ///
    /// # Errors
    ///
    /// [`TransferError::Slice`] for a wrong option, [`TransferError::File`] where the file cannot be made.
    pub fn create(path: impl AsRef<Path>, options: ReceiveOptions) -> Result<Self, TransferError> {
        let assembly = Assembly::new(options)?;
        let target = path.as_ref().to_owned();
        let temporary =
            make_beside(&target).map_err(|error| FileError::new(target.clone(), error))?;
        Ok(Self {
            assembly,
            target,
            state: State::Writing(temporary),
        })
    }

    /// Takes an event of any kind; whether the file is complete now, and has its name.
    ///
    /// # Errors
    ///
    /// As [`Assembly::take`]; and [`TransferError::File`] where the file cannot be written to.
    pub fn take(&mut self, event: &Event) -> Result<bool, TransferError> {
        if let Taken::Bytes(bytes) = self.assembly.take(event)? {
            let written = self.write(&bytes);
            written.map_err(|error| FileError::new(self.target.clone(), error))?;
        }
        Ok(self.is_complete())
    }

    /// As [`Assembly::wants`].
    pub fn wants(&self, event: &str) -> bool {
        self.assembly.wants(event)
    }

    /// Whether the file is complete, and has its name.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Placed)
    }

    /// What was received, once no more events come.
    ///
    /// # Errors
    ///
    /// As [`Assembly::finish`]; and [`TransferError::File`] where a slice could not be written.
    pub fn finish(&self) -> Result<&Transfer, TransferError> {
        match self.state {
            State::Failed => Err(FileError::new(self.target.clone(), lost()).into()),
            _ => Ok(self.assembly.finish()?),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let State::Writing(mut temporary) = std::mem::replace(&mut self.state, State::Failed)
        else {
            return Err(lost());
        };
        temporary.as_file_mut().write_all(bytes)?;
        if !self.assembly.is_complete() {
            self.state = State::Writing(temporary);
            return Ok(());
        }
        // Before the name: a crash must not leave the name without the bytes.
        temporary.as_file().sync_all()?;
        temporary.persist(&self.target)?;
        self.state = State::Placed;
        Ok(())
    }
}

fn lost() -> io::Error {
    io::Error::other(
        "a slice could not be written, and what came after it was not kept: receive it once more",
    )
}

fn make_beside(target: &Path) -> io::Result<NamedTempFile> {
    if target.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let Some(name) = target.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path names no file",
        ));
    };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = std::ffi::OsString::from(".");
    // Some of it, for whoever finds one: a name has at most 255 bytes.
    prefix.push(name.to_string_lossy().chars().take(32).collect::<String>());
    prefix.push(".");
    // Made here and not by the library, whose errors hide the system's; `create_new` never opens what is there already. The mode
    // is that of any file that a process makes, and not for the owner alone.
    let make = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    Builder::new()
        .prefix(&prefix)
        .suffix(".part")
        .make_in(folder, make)
}
