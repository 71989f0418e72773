//! Writing the cursor file: one thread for each, that always writes the newest place and never queues.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::file::{beside, text, unusable};
use crate::{Error, ErrorKind};

/// The shortest time between two writes, so that a busy stream does not keep a disk busy too.
const PAUSE: Duration = Duration::from_millis(20);

/// How long whoever must know that the place is saved waits for the disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// All of this process, for its end; those that are gone are dropped with the next that comes.
static ALL: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// Waits until all streams of this process have their places in their files, a bounded time: for the end of a process.
#[doc(hidden)]
pub fn save_all() {
    let all = mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    for shared in all.iter().filter_map(Weak::upgrade) {
        if let Err(error) = Saver(shared).save() {
            tracing::error!(target: "eventwire::client", %error, "the place of a stream was not saved");
        }
    }
}

/// What writes one cursor file.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Saver(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    temporary: PathBuf,
    url: String,
    /// After a `fork`, the file and the thread are still the parent's.
    process: u32,
    state: Mutex<State>,
    /// Something is to be done, or was done.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The newest place, until it is being written.
    wanted: Option<String>,
    writing: bool,
    running: bool,
    stopped: bool,
    failed: Option<Error>,
    /// How many wait for it to be saved: no pause then.
    hurried: usize,
    /// The task that reads the stream; and whether it waits for it to be saved.
    reader: Option<Waker>,
    reader_waits: bool,
}

impl Saver {
    pub(super) fn new(path: PathBuf, url: String) -> Saver {
        let shared = Arc::new(Shared {
            temporary: beside(&path, ".tmp"),
            path,
            url,
            process: std::process::id(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&shared));
        Saver(shared)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Makes this the place that is written next. Never waits for the disk.
    pub(super) fn set(&self, id: &str) {
        // Before the lock, which a thread of the parent may have held when it forked.
        if self.0.is_elsewhere() {
            return;
        }
        let mut state = self.0.lock();
        if state.failed.is_some() || state.stopped {
            return;
        }
        if let Some(wanted) = &mut state.wanted {
            id.clone_into(wanted);
            return;
        }
        state.wanted = Some(id.to_owned());
        if state.running {
            self.0.changed.notify_all();
        } else {
            let shared = self.0.clone();
            let thread = std::thread::Builder::new().name("eventwire-cursor".to_owned());
            match thread.spawn(move || shared.run()) {
                Ok(_) => state.running = true,
                Err(error) => {
                    state.failed = Some(unusable(&self.0.path, "start a thread to write", error))
                }
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.0.is_elsewhere() {
            let text = format!(
                "the cursor file {} is of the process that opened the stream, before a fork: open a new one in this process",
                self.0.path.display()
            );
            return Err(Error::new(ErrorKind::Cursor, text).with_path(&self.0.path));
        }
        self.0.lock().failed.clone().map_or(Ok(()), Err)
    }

    pub(super) fn poll_failed(&self, cx: &Context<'_>) -> Poll<Error> {
        let mut state = self.0.lock();
        match &state.failed {
            Some(error) => Poll::Ready(error.clone()),
            None => {
                state.register(cx);
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_saved(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if self.0.is_elsewhere() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.0.lock();
        state.reader_waits = false;
        if let Some(error) = &state.failed {
            return Poll::Ready(Err(error.clone()));
        }
        if !state.is_behind() {
            return Poll::Ready(Ok(()));
        }
        state.register(cx);
        state.reader_waits = true;
        self.0.changed.notify_all();
        Poll::Pending
    }

    /// Waits, a bounded time, until the file holds the newest place.
    ///
    /// # Errors
    ///
    /// It could not be written, or not in time.
    pub fn save(&self) -> Result<(), Error> {
        if self.0.is_elsewhere() {
            return Ok(());
        }
        let mut state = self.0.lock();
        state.hurried += 1;
        self.0.changed.notify_all();
        let waited = self.0.changed.wait_timeout_while(state, PATIENCE, |state| {
            state.failed.is_none() && state.is_behind()
        });
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.hurried -= 1;
        match &state.failed {
            Some(error) => Err(error.clone()),
            None if state.is_behind() => {
                let late =
                    io::Error::new(io::ErrorKind::TimedOut, format!("not within {PATIENCE:?}"));
                Err(unusable(&self.0.path, "write", late))
            }
            None => Ok(()),
        }
    }

    /// Ends the thread; nothing is written any more.
    pub(super) fn stop(&self) {
        if self.0.is_elsewhere() {
            return;
        }
        let mut state = self.0.lock();
        state.stopped = true;
        state.wanted = None;
        self.0.changed.notify_all();
    }
}

impl State {
    fn is_behind(&self) -> bool {
        self.wanted.is_some() || self.writing
    }

    fn register(&mut self, cx: &Context<'_>) {
        match &mut self.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => self.reader = Some(cx.waker().clone()),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is half-done where a thread has panicked: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_elsewhere(&self) -> bool {
        self.process != std::process::id()
    }

    /// The thread.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            state = self.wait_while(state, |state| state.wanted.is_none() && !state.stopped);
            let Some(id) = state.wanted.take() else {
                return;
            };
            state.writing = true;
            drop(state);
            let written = self.write(&id);
            state = self.lock();
            state.writing = false;
            if let Err(error) = written {
                state.wanted = None;
                state.failed = Some(unusable(&self.path, "write", error));
            }
            let failed = state.failed.is_some();
            let done = failed || (state.reader_waits && !state.is_behind());
            let reader = if done { state.reader.take() } else { None };
            self.changed.notify_all();
            drop(state);
            if let Some(reader) = reader {
                reader.wake();
            }
            if failed {
                return;
            }
            state = self.lock();
            state = self.pause(state);
        }
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_while(state, condition);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn pause<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, PAUSE, |state| {
            state.hurried == 0 && !state.reader_waits && !state.stopped
        });
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Beside the file, then in its place: whoever reads it finds the place before or this one, whole.
    fn write(&self, id: &str) -> io::Result<()> {
        // What a process left that was killed. Anything else that has the name is not opened.
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.temporary)?;
        let replaced = self.replace(file, id);
        if replaced.is_err() {
            // Half a file is of use to nobody, least of all where the disk is full.
            let _ = fs::remove_file(&self.temporary);
        }
        replaced
    }

    fn replace(&self, mut temporary: File, id: &str) -> io::Result<()> {
        temporary.write_all(text(&self.url, id).as_bytes())?;
        // Before the name: a crash must not leave the name without the bytes.
        temporary.sync_all()?;
        drop(temporary);
        fs::rename(&self.temporary, &self.path)
    }
}
