//! A subscription to a URL as a handle: a task of the runtime reads it into a mailbox.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use eventwire_client as client;
use eventwire_client::Place;
use eventwire_client::session::Step;
pub use eventwire_client::{RetryPolicy, StreamStats};
use serde_json::json;

use crate::failure::{Failure, FailureKind};
use crate::mailbox::{Drained, Mailbox, Refused, Waited};
use crate::notifier::Notifier;
use crate::owner::Owner;
use crate::packed::{Batch, Kind};
use crate::question::{Answer, AskBeforeAttempts, Questions};
use crate::runtime;
use crate::transport::Transport;

/// The bound of a mailbox where none is given: 1 MiB.
pub const DEFAULT_MAILBOX: usize = 1 << 20;

/// What to subscribe to, and how.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// The URL.
    pub url: String,
    /// The method; GET by default.
    pub method: String,
    /// Headers beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Option<Vec<u8>>,
    /// Where to resume from; "" for live.
    pub last_event_id: String,
    /// When to reconnect; None for never.
    pub retry: Option<RetryPolicy>,
    /// How long a connection may take: name, TCP and TLS; 10 s by default.
    pub connect_timeout: Duration,
    /// How long no byte may come.
    pub idle_timeout: Option<Duration>,
    /// How long no event may come.
    pub event_timeout: Option<Duration>,
    /// The longest line, in bytes.
    pub max_line: usize,
    /// The largest event, in bytes.
    pub max_event: usize,
    /// How many bytes may wait for the consumer.
    pub mailbox: usize,
    /// Whether comments come out as items.
    pub comments: bool,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// The rules of the browser's `EventSource` instead of ours.
    pub event_source: bool,
    /// How to reach the server.
    pub transport: Transport,
    /// Whether the application is asked before every attempt, by [`Kind::Prepare`].
    pub prepare: bool,
    /// Whether events are dealt with when [`Stream::ack`] says so, and not when they are handed out.
    pub manual_ack: bool,
    /// The file that holds the place.
    pub cursor_file: Option<PathBuf>,
}

impl StreamOptions {
    /// The defaults, for `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
            last_event_id: String::new(),
            retry: Some(RetryPolicy::default()),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: None,
            event_timeout: None,
            max_line: eventwire_codec::DEFAULT_MAX_LINE,
            max_event: eventwire_codec::DEFAULT_MAX_EVENT,
            mailbox: DEFAULT_MAILBOX,
            comments: false,
            follow_redirects: true,
            event_source: false,
            transport: Transport::default(),
            prepare: false,
            manual_ack: false,
            cursor_file: None,
        }
    }

    fn build(self, asker: AskBeforeAttempts) -> Result<client::EventStream, Failure> {
        let method = http::Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Failure::argument(format!("{:?} is no HTTP method", self.method)))?;
        let mut options = client::ConnectOptions::new(&self.url)
            .method(method)
            .last_event_id(self.last_event_id)
            .connect_timeout(self.connect_timeout)
            .idle_timeout(self.idle_timeout)
            .event_timeout(self.event_timeout)
            .max_line(self.max_line)
            .max_event(self.max_event)
            .comments(self.comments)
            .follow_redirects(self.follow_redirects);
        for (name, value) in self.headers {
            options = options.header(name, value);
        }
        if let Some(body) = self.body {
            options = options.body(body);
        }
        options = match self.retry {
            Some(policy) => options.retry(policy),
            None => options.no_retry(),
        };
        if let Some((name, password)) = &self.transport.auth {
            options = options.basic_auth(name, password);
        }
        let names = self.transport.names();
        options = options.transport(self.transport.build()?);
        if self.event_source {
            options = options.profile(client::Profile::EventSource);
        }
        if self.prepare {
            options = options.prepare_by(Arc::new(asker));
        }
        if self.manual_ack {
            options = options.ack(client::Ack::Manual);
        }
        if let Some(path) = self.cursor_file {
            options = options.cursor_file(path);
        }
        options.open().map_err(|error| names.failure(error))
    }
}

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

    /// All that came before a [`Kind::Mark`] was handed out.
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
        let progress = self.progress();
        let mut stats = progress.stats;
        // It was quiet since the task saw it last.
        let since = progress.at.elapsed();
        for quiet in [&mut stats.since_byte, &mut stats.since_event] {
            *quiet = quiet.map(|before| before + since);
        }
        stats
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

/// How far the stream has come, for those who ask while the task reads it.
#[derive(Debug)]
struct Progress {
    state: client::State,
    last_event_id: String,
    reconnection_time: Option<u64>,
    /// What it has done, as of `at`.
    stats: client::StreamStats,
    at: Instant,
}

impl Progress {
    fn of(stream: &client::EventStream) -> Self {
        let mut progress = Self {
            state: client::State::Connecting,
            last_event_id: String::new(),
            reconnection_time: None,
            stats: client::StreamStats::default(),
            at: Instant::now(),
        };
        progress.update(stream);
        progress
    }

    fn update(&mut self, stream: &client::EventStream) {
        self.state = stream.state();
        self.reconnection_time = stream.reconnection_time();
        self.stats = stream.stats();
        self.at = Instant::now();
        if self.last_event_id != stream.last_event_id() {
            stream.last_event_id().clone_into(&mut self.last_event_id);
        }
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

/// Reads the stream into the mailbox until either side ends. A full mailbox stops the reading, and so the socket.
struct Pump {
    stream: client::EventStream,
    mailbox: Arc<Mailbox<Failure>>,
    progress: Arc<Mutex<Progress>>,
    place: Option<Arc<Mutex<Place>>>,
    /// Whether comments are handed out.
    comments: bool,
}

impl Pump {
    async fn run(mut self) {
        loop {
            let pushed = match self.next().await {
                Some(Step::Item(Ok(client::StreamItem::Comment(_)))) if !self.comments => Ok(()),
                Some(Step::Item(Ok(item))) => {
                    let push = |batch: &mut Batch| pack(batch, &item);
                    self.mailbox.push(size(&item), push).await
                }
                // Only a place needs to know.
                Some(Step::Mark) if self.place.is_some() => {
                    let id = self.stream.last_event_id();
                    let push = |batch: &mut Batch| batch.push_other(Kind::Mark, id);
                    self.mailbox.push(id.len(), push).await
                }
                Some(Step::Mark) => Ok(()),
                Some(Step::Item(Err(error))) => {
                    self.mailbox.finish(Err(error.into()));
                    return;
                }
                None => {
                    self.mailbox.finish(Ok(()));
                    return;
                }
            };
            if pushed == Err(Refused::Closed) {
                return;
            }
        }
    }

    async fn next(&mut self) -> Option<Step> {
        poll_fn(|cx| {
            if let Some(place) = &self.place
                && let Poll::Ready(error) = lock(place).poll_failed(cx)
            {
                return Poll::Ready(Some(Step::Item(Err(error))));
            }
            let polled = self.stream.poll_step(cx);
            // After every poll, not only after every item: a connection opens and ends without one, too.
            self.progress
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .update(&self.stream);
            polled
        })
        .await
    }
}

fn size(item: &client::StreamItem) -> usize {
    match item {
        client::StreamItem::Event(event) => {
            event.event().len() + event.id().len() + event.data().len()
        }
        client::StreamItem::Comment(text) => text.len(),
        _ => 256,
    }
}

fn pack(batch: &mut Batch, item: &client::StreamItem) {
    use client::StreamItem as Item;
    match item {
        Item::Event(event) => batch.push_event(event.event(), event.id(), event.data()),
        Item::Comment(text) => batch.push_other(Kind::Comment, text),
        Item::Opened(opened) => {
            let headers: Vec<_> = opened
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect();
            let json = json!({ "status": opened.status, "url": opened.url, "headers": headers });
            batch.push_other(Kind::Opened, &json.to_string());
        }
        Item::Reset(reset) => {
            let event = reset.event();
            batch.push_reset(event.event(), event.id(), event.data());
        }
        Item::Reconnecting(again) => {
            let json = json!({
                "reason": Failure::from(again.reason.clone()).to_value(),
                "attempt": again.attempt,
                "delay": again.delay.as_millis() as u64,
            });
            batch.push_other(Kind::Reconnecting, &json.to_string());
        }
        Item::Closed(closed) => {
            let json = json!({
                "reason": closed.reason.name(),
                "error": closed.error.as_ref().map(|error| Failure::from(error.clone()).to_value()),
            });
            batch.push_other(Kind::Closed, &json.to_string());
        }
        _ => {}
    }
}
