//! A transport that does what a script says, on a clock that only it moves.

use std::collections::VecDeque;
use std::time::Duration;

use eventwire_client::session::{Failure, Head, Request, Session};
use eventwire_client::{CloseReason, ConnectOptions, Error, ErrorKind, Reconnecting, StreamItem};
use http::{HeaderMap, HeaderName, StatusCode};

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn get() -> ConnectOptions {
    ConnectOptions::new("http://example.com/events")
}

/// What a server does with one request, each step so long after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Answer(Vec<(Duration, Step)>);

#[derive(Clone, Debug)]
enum Step {
    Refuse,
    ConnectTimeout,
    Head(u16, Vec<(&'static str, String)>),
    Body(Vec<u8>),
    End,
    Break,
}

/// A 200 with an event stream.
pub(crate) fn stream() -> Answer {
    status(200).with("content-type", "text/event-stream")
}

pub(crate) fn status(status: u16) -> Answer {
    Answer(vec![(millis(1), Step::Head(status, Vec::new()))])
}

/// Nobody listens.
pub(crate) fn refused() -> Answer {
    Answer(vec![(millis(1), Step::Refuse)])
}

/// No answer at all.
pub(crate) fn silence() -> Answer {
    Answer(Vec::new())
}

pub(crate) fn connect_timeout(after: Duration) -> Answer {
    Answer(vec![(after, Step::ConnectTimeout)])
}

/// Breaks before the head.
pub(crate) fn broken() -> Answer {
    Answer(vec![(millis(1), Step::Break)])
}

impl Answer {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        if let Some((_, Step::Head(_, headers))) = self.0.first_mut() {
            headers.push((name, value.into()));
        }
        self
    }

    pub(crate) fn send(self, body: impl AsRef<[u8]>) -> Answer {
        self.send_after(Duration::ZERO, body)
    }

    pub(crate) fn send_after(mut self, wait: Duration, body: impl AsRef<[u8]>) -> Answer {
        self.0.push((wait, Step::Body(body.as_ref().to_vec())));
        self
    }

    pub(crate) fn end(self) -> Answer {
        self.end_after(Duration::ZERO)
    }

    pub(crate) fn end_after(mut self, wait: Duration) -> Answer {
        self.0.push((wait, Step::End));
        self
    }

    /// A reset instead of an end.
    pub(crate) fn reset(mut self) -> Answer {
        self.0.push((Duration::ZERO, Step::Break));
        self
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) requests: Vec<(Duration, Request)>,
    pub(crate) items: Vec<(Duration, Result<StreamItem, Error>)>,
}

/// Drives a session until it is over or the time is up. After the script's last answer, every request is met by silence.
pub(crate) fn run(
    options: ConnectOptions,
    until: Duration,
    script: impl IntoIterator<Item = Answer>,
) -> Run {
    let mut script = script.into_iter();
    run_with(Session::with_seed(options, 1).unwrap(), until, |_| {
        script.next().unwrap_or_else(silence)
    })
}

pub(crate) fn run_with(
    mut session: Session,
    until: Duration,
    mut server: impl FnMut(&Request) -> Answer,
) -> Run {
    let mut run = Run::default();
    let mut now = Duration::ZERO;
    let mut coming: VecDeque<(Duration, Step)> = VecDeque::new();
    loop {
        while let Some(item) = session.next_item() {
            run.items.push((now, item));
        }
        if !session.reading() {
            coming.clear();
        }
        if session.is_finished() {
            return run;
        }
        if let Some(request) = session.next_request(now) {
            let mut at = now;
            coming = server(&request)
                .0
                .into_iter()
                .map(|(wait, step)| {
                    at += wait;
                    (at, step)
                })
                .collect();
            run.requests.push((now, request));
            continue;
        }
        let step_at = coming.front().map(|(at, _)| *at);
        let Some(next) = step_at.into_iter().chain(session.wake_at()).min() else {
            return run;
        };
        if next > until {
            return run;
        }
        now = now.max(next);
        if step_at.is_some_and(|at| at <= now)
            && let Some((_, step)) = coming.pop_front()
        {
            perform(&mut session, now, step);
        } else {
            session.tick(now);
        }
    }
}

fn perform(session: &mut Session, now: Duration, step: Step) {
    match step {
        Step::Refuse => session.failed(now, Failure::connect("connection refused")),
        Step::ConnectTimeout => session.failed(now, Failure::connect_timeout()),
        Step::Head(status, headers) => session.response(now, head(status, &headers)),
        Step::Body(bytes) => session.feed(now, bytes),
        Step::End => session.ended(now),
        Step::Break => session.failed(now, Failure::disconnected("connection reset by peer")),
    }
}

pub(crate) fn head(status: u16, headers: &[(&'static str, String)]) -> Head {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    Head::new(StatusCode::from_u16(status).unwrap(), map)
}

impl Run {
    /// Each item in a word or two: `open`, `event DATA`, `again KIND`, `closed REASON`, `error KIND`.
    pub(crate) fn told(&self) -> Vec<String> {
        let tell = |item: &Result<StreamItem, Error>| match item {
            Ok(StreamItem::Opened(_)) => "open".to_owned(),
            Ok(StreamItem::Event(event)) => format!("event {}", event.data()),
            Ok(StreamItem::Comment(text)) => format!("comment {text}"),
            Ok(StreamItem::Reset(reset)) => format!("reset {}", reset.reason),
            Ok(StreamItem::Reconnecting(again)) => format!("again {:?}", again.reason.kind()),
            Ok(StreamItem::Closed(closed)) => format!("closed {}", closed.reason.name()),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("error {:?}", error.kind()),
        };
        self.items.iter().map(|(_, item)| tell(item)).collect()
    }

    pub(crate) fn error(&self) -> &Error {
        match self.items.last() {
            Some((_, Err(error))) => error,
            other => panic!("the last item is no error but {other:?}"),
        }
    }

    pub(crate) fn error_kind(&self) -> ErrorKind {
        self.error().kind()
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.items.iter().rev().find_map(|(_, item)| match item {
            Ok(StreamItem::Closed(closed)) => Some(closed.reason),
            _ => None,
        })
    }

    pub(crate) fn reconnects(&self) -> Vec<Reconnecting> {
        let again = |item: &Result<StreamItem, Error>| match item {
            Ok(StreamItem::Reconnecting(again)) => Some(again.clone()),
            _ => None,
        };
        self.items
            .iter()
            .filter_map(|(_, item)| again(item))
            .collect()
    }

    /// The `Last-Event-ID` of every request; `None` where it had none.
    pub(crate) fn last_event_ids(&self) -> Vec<Option<String>> {
        let id = |request: &Request| {
            let value = request.headers.get("last-event-id")?;
            Some(String::from_utf8(value.as_bytes().to_vec()).unwrap())
        };
        self.requests
            .iter()
            .map(|(_, request)| id(request))
            .collect()
    }
}
