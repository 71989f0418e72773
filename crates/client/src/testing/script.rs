//! What a scripted server does, one attempt after the other.

use std::time::Duration;

use bytes::Bytes;
use eventwire_codec::{Encoder, Event};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{Error, ErrorKind};

/// What a [`ScriptedServer`](super::ScriptedServer) does with the attempts of a stream, built up by value: each method says
/// what comes next.
///
/// An answer begins with [`respond`](Self::respond); where there is none, one of 200 with `Content-Type: text/event-stream`
/// begins by itself. It ends with [`end`](Self::end), [`reset`](Self::reset), [`reset_mid_event`](Self::reset_mid_event) or
/// [`half_open`](Self::half_open); where there is none of these, it ends cleanly. The first call after its end is about the
/// next attempt. Once the script is over, attempts are answered with 204, which ends a stream without an error.
///
/// ```
/// use std::time::Duration;
/// use eventwire_client::testing::Script;
///
/// let script = Script::new()
///     .event("one")
///     .reset_mid_event()
///     .refuse()
///     .respond(503)
///     .header("retry-after", "7")
///     .respond(200)
///     .wait(Duration::from_secs(3))
///     .event("two");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) attempts: Vec<Attempt>,
    pub(super) repeats: bool,
    /// Whether the last attempt is one that more can be added to.
    open: bool,
    drip: Option<Duration>,
    /// Before the attempt that comes next.
    wait: Duration,
    /// The first thing that was no good; told when the script is played, so that the building stays a chain.
    wrong: Option<Error>,
}

/// What happens to one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    pub(super) head: Option<(StatusCode, HeaderMap)>,
    /// In the order of their happening. The head comes after the waits that are before it.
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(Duration),
    Refuse,
    TlsFailure,
    /// No connection until the client gives up.
    Unreachable,
    Head,
    Bytes(Bytes),
    /// One byte at a time, each so long after the one before.
    Drip(Bytes, Duration),
    End,
    Reset,
    /// Nothing more, ever.
    Silence,
}

impl Script {
    /// A script in which nothing happens yet.
    pub fn new() -> Script {
        Script::default()
    }

    /// The next attempt is answered with this status. A 200 has `Content-Type: text/event-stream` unless
    /// [`header`](Self::header) sets another one. An interim status (1xx but 101) is passed over by HTTP clients: what follows it
    /// belongs to the same attempt.
    pub fn respond(mut self, status: u16) -> Script {
        let Ok(status) = StatusCode::from_u16(status) else {
            return self.wrong(format!(
                "respond({status}): a status is a number from 100 to 999"
            ));
        };
        if self.open && self.attempts.last().is_some_and(Attempt::is_interim) {
            if let Some(attempt) = self.attempts.last_mut() {
                attempt.head = Some((status, HeaderMap::new()));
            }
            return self;
        }
        self.close(Step::End);
        self.begin();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.head = Some((status, HeaderMap::new()));
            attempt.steps.push(Step::Head);
        }
        self.open = true;
        self
    }

    /// Sets a header of the answer; an empty value leaves out what it would have had by itself.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Script {
        let name_text = name.as_ref();
        let (Ok(name), Ok(value)) = (
            name_text.parse::<HeaderName>(),
            HeaderValue::from_bytes(value.as_ref()),
        ) else {
            return self.wrong(format!("header {name_text:?} is none that can be sent"));
        };
        if let Some((_, headers)) = &mut self.answer().head {
            headers.append(name, value);
        }
        self
    }

    /// Sends an event: a text is its data, an [`Event`] has also a type, an id and a `retry`.
    pub fn event(self, event: impl Into<ScriptedEvent>) -> Script {
        let mut encoder = Encoder::new();
        if let Err(error) = encoder.event(&event.into().0) {
            return self.wrong(format!("an event of the script: {error}"));
        }
        let bytes = encoder.take();
        self.send(bytes)
    }

    /// Sends a comment, which is a sign of life and no event.
    pub fn comment(self, text: impl AsRef<str>) -> Script {
        let mut encoder = Encoder::new();
        encoder.comment(text.as_ref());
        let bytes = encoder.take();
        self.send(bytes)
    }

    /// Sends bytes as they are.
    pub fn send(mut self, bytes: impl Into<Bytes>) -> Script {
        let bytes = bytes.into();
        let step = match self.drip {
            Some(every) => Step::Drip(bytes, every),
            None => Step::Bytes(bytes),
        };
        self.final_answer().steps.push(step);
        self
    }

    /// What this answer sends from here on comes one byte at a time, each so long after the one before.
    pub fn drip(mut self, every: Duration) -> Script {
        self.final_answer();
        self.drip = Some(every);
        self
    }

    /// Nothing happens for so long.
    pub fn wait(mut self, wait: Duration) -> Script {
        if self.open {
            self.answer().steps.push(Step::Wait(wait));
        } else {
            self.wait += wait;
        }
        self
    }

    /// The answer ends as it should.
    pub fn end(mut self) -> Script {
        self.answer();
        self.close(Step::End);
        self
    }

    /// The connection breaks. Where no answer has begun, it breaks after the request was received and before it is answered.
    pub fn reset(mut self) -> Script {
        if !self.open {
            self.begin();
            self.open = true;
        }
        self.close(Step::Reset);
        self
    }

    /// The connection breaks in the middle of an event.
    pub fn reset_mid_event(self) -> Script {
        self.send("data: the half of an ev").reset()
    }

    /// The connection stands, and nothing comes any more: how a peer looks that has vanished. Where no answer has begun, there
    /// will be none.
    pub fn half_open(mut self) -> Script {
        if !self.open {
            self.begin();
            self.open = true;
        }
        self.close(Step::Silence);
        self
    }

    /// Nobody listens at the address.
    pub fn refuse(self) -> Script {
        self.no_connection(Step::Refuse)
    }

    /// The server's certificate is none to trust.
    pub fn tls_failure(self) -> Script {
        self.no_connection(Step::TlsFailure)
    }

    /// The address does not react, so that the connect timeout runs out.
    pub fn unreachable(self) -> Script {
        self.no_connection(Step::Unreachable)
    }

    /// Once over, the script begins anew, for ever.
    pub fn repeat(mut self) -> Script {
        self.repeats = true;
        self
    }

    /// Complete, or what is wrong with it.
    pub(super) fn finished(mut self) -> Result<Script, Error> {
        self.close(Step::End);
        match self.wrong.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    fn no_connection(mut self, step: Step) -> Script {
        self.close(Step::End);
        self.begin();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.steps.push(step);
        }
        self
    }

    fn begin(&mut self) {
        let wait = std::mem::take(&mut self.wait);
        let mut attempt = Attempt::default();
        if !wait.is_zero() {
            attempt.steps.push(Step::Wait(wait));
        }
        self.attempts.push(attempt);
    }

    /// The answer that is open; a new one of 200 where none is.
    fn answer(&mut self) -> &mut Attempt {
        if !self.open {
            *self = std::mem::take(self).respond(200);
        }
        // There is one: it was just begun, or is open.
        let last = self.attempts.len().saturating_sub(1);
        &mut self.attempts[last]
    }

    /// The same for what an interim answer cannot have, which is a body.
    fn final_answer(&mut self) -> &mut Attempt {
        if self.open && self.attempts.last().is_some_and(Attempt::is_interim) {
            *self = std::mem::take(self).respond(200);
        }
        self.answer()
    }

    fn close(&mut self, step: Step) {
        if std::mem::take(&mut self.open)
            && let Some(attempt) = self.attempts.last_mut()
        {
            attempt.steps.push(step);
        }
        self.drip = None;
    }

    fn wrong(mut self, message: String) -> Script {
        self.wrong
            .get_or_insert_with(|| Error::new(ErrorKind::InvalidOption, message));
        self
    }
}

impl Attempt {
    pub(super) fn is_interim(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|(status, _)| status.is_informational() && status.as_u16() != 101)
    }

    /// The headers with those that a server adds by itself.
    pub(super) fn headers(&self) -> HeaderMap {
        let Some((status, headers)) = &self.head else {
            return HeaderMap::new();
        };
        let mut headers = headers.clone();
        let content_type = http::header::CONTENT_TYPE;
        match headers.get(&content_type) {
            Some(value) if value.is_empty() => {
                headers.remove(&content_type);
            }
            None if *status == StatusCode::OK => {
                headers.insert(content_type, HeaderValue::from_static("text/event-stream"));
            }
            _ => {}
        }
        headers
    }
}

/// An event of a script: made of a text, which is its data, or of an [`Event`].
#[derive(Clone, Debug)]
pub struct ScriptedEvent(Event);

impl From<&str> for ScriptedEvent {
    fn from(data: &str) -> ScriptedEvent {
        ScriptedEvent(Event::new(data))
    }
}

impl From<String> for ScriptedEvent {
    fn from(data: String) -> ScriptedEvent {
        ScriptedEvent(Event::new(data))
    }
}

impl From<Event> for ScriptedEvent {
    fn from(event: Event) -> ScriptedEvent {
        ScriptedEvent(event)
    }
}
