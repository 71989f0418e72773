//! The server, its clock, and what it keeps of its clients.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::Script;
use super::play::{Local, Part};
use super::script::{Attempt, Step};
use crate::session::Request;
use crate::{ConnectOptions, Error, EventStream};

/// The randomness of all waits, so that every run is the same.
const SEED: u64 = 1;

/// A server that plays a [`Script`] to the streams that it opens, in the order of their attempts; and their clock, which
/// begins at zero.
///
/// Made by [`new`](Self::new), its clock goes by itself to whatever happens next, so that nothing is ever waited for. Made by
/// [`paused`](Self::paused), the clock stands until [`advance`](Self::advance). Either way, a stream to which nothing more will
/// happen (half open, with no timeout set) waits until it is closed, as it would with a real server.
///
/// Clones are the same server. No Tokio runtime is needed.
#[derive(Clone, Debug)]
pub struct ScriptedServer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug)]
pub(super) struct State {
    script: Script,
    next: usize,
    pub(super) now: Duration,
    pub(super) paused: bool,
    requests: Vec<RecordedRequest>,
    pub(super) delays: Vec<Duration>,
    streams: Vec<Weak<Local>>,
}

/// A request that a [`ScriptedServer`] was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// When it came, by the server's clock.
    pub at: Duration,
    /// The method.
    pub method: Method,
    /// Where it went.
    pub url: Url,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
}

impl RecordedRequest {
    /// The `Last-Event-ID`; `None` where there was none, or it was no UTF-8.
    pub fn last_event_id(&self) -> Option<&str> {
        std::str::from_utf8(self.headers.get("last-event-id")?.as_bytes()).ok()
    }
}

impl ScriptedServer {
    /// A server whose clock goes by itself to what happens next.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption), where the script has what cannot be sent.
    pub fn new(script: Script) -> Result<ScriptedServer, Error> {
        ScriptedServer::with(script, false)
    }

    /// A server whose clock stands until [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn paused(script: Script) -> Result<ScriptedServer, Error> {
        ScriptedServer::with(script, true)
    }

    fn with(script: Script, paused: bool) -> Result<ScriptedServer, Error> {
        let state = State {
            script: script.finished()?,
            next: 0,
            now: Duration::ZERO,
            paused,
            requests: Vec::new(),
            delays: Vec::new(),
            streams: Vec::new(),
        };
        Ok(ScriptedServer {
            shared: Arc::new(Shared(Mutex::new(state))),
        })
    }

    /// As [`ConnectOptions::open`], to this server instead of the one that the URL names.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectOptions::open`].
    pub fn open(&self, options: ConnectOptions) -> Result<EventStream, Error> {
        let mut stream = options.open()?;
        self.attach(&mut stream);
        Ok(stream)
    }

    /// Lets a stream that was not polled yet talk to this server, and go by its clock.
    pub fn attach(&self, stream: &mut EventStream) {
        let local = Arc::new(Local::default());
        {
            let mut state = self.shared.lock();
            local.catch_up(state.now);
            state.streams.retain(|stream| stream.strong_count() > 0);
            state.streams.push(Arc::downgrade(&local));
        }
        stream.reseed(SEED);
        stream.set_wire(Arc::new(Part::new(self.shared.clone(), local)));
    }

    /// Lets time pass. Streams see all that happens meanwhile, each thing at its time, when they are polled next.
    pub fn advance(&self, time: Duration) {
        let mut state = self.shared.lock();
        let now = state.now.saturating_add(time);
        state.go_to(now);
    }

    /// How much time has passed.
    pub fn now(&self) -> Duration {
        self.shared.lock().now
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().requests.clone()
    }

    /// How long a stream waited before each of its attempts but the first, counted from the end of the connection before: 0 for a
    /// redirect.
    pub fn delays(&self) -> Vec<Duration> {
        self.shared.lock().delays.clone()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets the clock be at least there, and all streams know it.
    pub(super) fn go_to(&mut self, now: Duration) {
        if now > self.now {
            self.now = now;
            for local in self.streams.iter().filter_map(Weak::upgrade) {
                local.wake();
            }
        }
    }

    /// Keeps a request, and says what happens to it.
    pub(super) fn take_request(
        &mut self,
        at: Duration,
        request: Request,
    ) -> (Attempt, VecDeque<Step>) {
        self.requests.push(RecordedRequest {
            at,
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
        });
        if self.script.repeats && self.next >= self.script.attempts.len() {
            self.next = 0;
        }
        let attempt = self.script.attempts.get(self.next).cloned();
        self.next = self.next.saturating_add(1);
        let attempt = attempt.unwrap_or_else(Attempt::no_content);
        let steps = attempt.steps.iter().cloned().collect();
        (attempt, steps)
    }
}
