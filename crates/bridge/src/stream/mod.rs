//! A subscription to a URL as a handle: a task of the runtime reads it into a mailbox.

mod options;
mod pump;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventwire_client as client;
use eventwire_client::Place;
pub use eventwire_client::{RetryPolicy, StreamStats};

pub use self::options::{DEFAULT_MAILBOX, StreamOptions};
use self::pump::{Progress, Pump};
use crate::failure::{Failure, FailureKind};
use crate::mailbox::{Drained, Mailbox, Waited};
use crate::notifier::Notifier;
use crate::owner::Owner;
use crate::question::{Answer, AskBeforeAttempts, Questions};
use crate::runtime;

/// A subscription to a URL.
#[derive(Debug)]
pub struct Stream {
    owner: Owner,
    url: String,
    mailbox: Arc<Mailbox<Failure>>,
    closer: client::Closer,
    restarter: client::Restarter,
    progress: Arc<Mutex<Progress>>,
    questions: Arc<Questions>,
    /// Where what was handed out is not all that there is to tell.
    place: Option<Arc<Mutex<Place>>>,
    /// Taken by the task that reads it, at the first [`open`](Self::open).
    unopened: Mutex<Option<client::EventStream>>,
}

impl Stream {
    /// Checks the options; nothing is sent before [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// An option that is wrong.
    pub fn new(options: StreamOptions) -> Result<Self, Failure> {
        if options.mailbox == 0 {
            let text =
                "mailbox is 0, so that nothing could wait to be read: give at least 1, in bytes";
            return Err(Failure::argument(text));
        }
        let mailbox = Arc::new(Mailbox::new(options.mailbox));
        let url = options.url.clone();
        let questions = Arc::new(Questions::default());
        let asker = AskBeforeAttempts {
            questions: questions.clone(),
            mailbox: mailbox.clone(),
        };
        let mut stream = options.build(asker)?;
        let place = stream.take_place().map(|place| Arc::new(Mutex::new(place)));
        let (closer, restarter) = (stream.closer(), stream.restarter());
        let progress = Arc::new(Mutex::new(Progress::of(&stream)));
        Ok(Self {
            owner: Owner::default(),
            url,
            mailbox,
            closer,
            restarter,
            progress,
            questions,
            place,
            unopened: Mutex::new(Some(stream)),
        })
    }

    /// Starts it, the first time.
    ///
    /// # Errors
    ///
    /// The stream was opened in another process, before a `fork`; or there is no runtime to be had.
    pub fn open(&self) -> Result<(), Failure> {
        self.start(true)
    }

    /// As [`open`](Self::open), for one who has no use for comments: they are not handed out, whatever the options say.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_without_comments(&self) -> Result<(), Failure> {
        self.start(false)
    }

    fn start(&self, comments: bool) -> Result<(), Failure> {
        self.owner.check("stream")?;
        let unopened = self
            .unopened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(stream) = unopened {
            let pump = Pump {
                stream,
                mailbox: self.mailbox.clone(),
                progress: self.progress.clone(),
                place: self.place.clone(),
                comments,
            };
            runtime::spawn(pump.run())?;
        }
        Ok(())
    }

    /// Changes the stream before it is opened: by whom its bytes are moved. An opened one stays as it is.
    pub(crate) fn change(&self, change: impl FnOnce(&mut client::EventStream)) {
        let mut unopened = self.unopened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = &mut *unopened {
            change(stream);
        }
    }

    /// As [`Mailbox::listen`].
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        self.mailbox.listen(notifier, token);
    }

    /// As [`Mailbox::wait`].
    pub fn wait(&self, timeout: Duration) -> Waited {
        self.mailbox.wait(timeout)
    }

    /// As [`Mailbox::drain`].
    pub fn drain(&self) -> Drained<Failure> {
        let drained = self.mailbox.drain();
        if let (Some(Err(failure)), Some(place)) = (&drained.end, &self.place)
            && failure.kind() == FailureKind::Cursor
        {
            lock(place).set_told();
        }
        drained
    }

    /// The application has question `number`, and is about to find an answer.
    pub fn asked(&self, number: u64) {
        self.questions.asked(number);
    }

    /// What the application answers to question `number`.
    pub fn answer(&self, number: u64, answer: Answer) {
        self.questions.answer(number, answer);
    }

    /// Before the lock of the place, which a thread of the parent may have held when it forked.
    fn check_place(&self) -> Result<(), Failure> {
        if self.place.is_some() && self.owner.is_elsewhere() {
            self.owner.check("stream")?;
        }
        Ok(())
    }

    /// Whether the place is to be told what is handed out, by [`delivered`](Self::delivered) and [`marked`](Self::marked).
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// An event or a reset with this id is being handed out.
    ///
    /// # Errors
    ///
    /// The cursor file could not be written: then it must not be handed out.
    pub fn delivered(&self, id: &str) -> Result<(), Failure> {
        self.check_place()?;
        match &self.place {
            Some(place) => Ok(lock(place).delivered(id)?),
            None => Ok(()),
        }
    }

    /// All that came before a [`Kind::Mark`](crate::packed::Kind::Mark) was handed out.
    pub fn marked(&self, id: &str) {
        if let Some(place) = &self.place
            && !self.owner.is_elsewhere()
        {
            lock(place).marked(id);
        }
    }

    /// The event with this id is dealt with.
    ///
    /// # Errors
    ///
    /// Events are dealt with when they are handed out; the cursor file could not be written, or is closed.
    pub fn ack(&self, id: &str) -> Result<(), Failure> {
        self.check_place()?;
        match &self.place {
            Some(place) => Ok(lock(place).acknowledge(id)?),
            None => Err(Place::not_manual().into()),
        }
    }

    /// The last event ID of what is dealt with; `None` where that is what was handed out, as far as this handle knows.
    pub fn place(&self) -> Option<String> {
        let place = self.place.as_ref().filter(|_| !self.owner.is_elsewhere())?;
        Some(lock(place).last_event_id().to_owned())
    }

    /// Waits, a bounded time, until the cursor file is up to date, where there is one: to be called at the stream's end.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(place) = self.place.as_ref().filter(|_| !self.owner.is_elsewhere()) else {
            return Ok(());
        };
        let saved = save(place);
        if saved.is_err() {
            lock(place).set_told();
        }
        Ok(saved?)
    }

    /// As [`close`](Self::close), and then waits, a bounded time, until the cursor file is up to date, and gives it up.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn close_and_save(&self) -> Result<(), Failure> {
        self.close();
        let Some(place) = self.place.as_ref().filter(|_| !self.owner.is_elsewhere()) else {
            return Ok(());
        };
        // First without the lock, which other threads may want; what went wrong is said by the close.
        drop(save(place));
        Ok(lock(place).close()?)
    }

    /// Closes it, from any thread: the reader is woken at once, and nothing is delivered after that.
    pub fn close(&self) {
        // First the closer: who is woken by the mailbox finds the state closed.
        self.closer.close();
        self.mailbox.close();
        self.unopened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Drops the connection and connects again at once, from any thread, going on after the last event ID; what waits in the
    /// mailbox stays there. Before [`open`](Self::open) and at the end it does nothing.
    ///
    /// # Errors
    ///
    /// The stream was opened in another process, before a `fork`.
    pub fn restart(&self) -> Result<(), Failure> {
        // Not a use: a stream that was only told to restart has nothing in this process yet.
        if self.owner.is_elsewhere() {
            self.owner.check("stream")?;
        }
        self.restarter.restart();
        Ok(())
    }

    /// `connecting`, `open` or `closed`.
    pub fn state(&self) -> &'static str {
        if self.closer.is_closed() {
            client::State::Closed.name()
        } else {
            self.progress().state.name()
        }
    }

    /// The last event ID that was received; it is sent at the next reconnect.
    pub fn last_event_id(&self) -> String {
        self.progress().last_event_id.clone()
    }

    /// What `retry:` last said, in milliseconds.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.progress().reconnection_time
    }

    /// What it has done so far.
    pub fn stats(&self) -> client::StreamStats {
        self.progress().counted.stats()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL that it was made for, as it may be shown: without secrets.
    pub fn shown_url(&self) -> String {
        client::redacted_text(&self.url)
    }

    /// The URL that it was made for.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits without the lock.
fn save(place: &Mutex<Place>) -> Result<(), client::Error> {
    let saver = lock(place).saver();
    saver.map_or(Ok(()), |saver| saver.save())
}
