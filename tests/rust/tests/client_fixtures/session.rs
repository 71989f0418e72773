//! The cases by the session alone, on a clock that only the script moves. The wait before every attempt must be what was told.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use eventwire::session::{Failure, Head, Request, Session};
use eventwire::{Profile, StreamItem};
use eventwire_tests::client_fixtures::{Addresses, Asked, Case, Filled, Step, Told, judge};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use crate::faults::{Fault, Tracker};
use crate::options;

pub(crate) const RUNNER: &str = "session";

/// A case that has not come to its end by then has no end.
const LONG: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) fn addresses() -> Addresses {
    Addresses {
        origin: "http://origin.test".into(),
        other: "http://other.test".into(),
        deserted: "http://deserted.test".into(),
    }
}

pub(crate) fn run(case: &Case, profile: Profile, fault: Option<Fault>) -> anyhow::Result<()> {
    let filled = case.at(&addresses())?;
    let mut run = Run::new(&filled, profile, 1, fault)?;
    run.to(LONG)?;
    judge(RUNNER, &filled, &run.told, &run.asked)
}

/// One run of a case.
pub(crate) struct Run<'a> {
    case: &'a Filled,
    session: Session,
    fault: Option<Fault>,
    tracker: Tracker,
    now: Duration,
    coming: VecDeque<(Duration, Step)>,
    pub(crate) told: Told,
    pub(crate) asked: Vec<Asked>,
    /// When the next request is due, where an item told it.
    due: Option<Duration>,
    events: u64,
    /// Runs on beyond the items that the case has.
    pub(crate) endless: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        case: &'a Filled,
        profile: Profile,
        seed: u64,
        fault: Option<Fault>,
    ) -> anyhow::Result<Run<'a>> {
        let options = options::connect(&case.options, profile);
        let start = case.options.get("last_event_id");
        Ok(Run {
            case,
            session: Session::with_seed(options, seed)?,
            fault,
            tracker: Tracker::new(start.and_then(|id| id.as_str()).unwrap_or_default()),
            now: Duration::ZERO,
            coming: VecDeque::new(),
            told: Told::default(),
            asked: Vec::new(),
            due: None,
            events: 0,
            endless: false,
        })
    }

    /// Runs until the case has what it waits for, or the time is up.
    pub(crate) fn to(&mut self, until: Duration) -> anyhow::Result<()> {
        loop {
            self.take_items()?;
            // Beyond its items, a wrong session might go on for ever.
            let beyond = !self.endless && self.told.items.len() > self.case.items() + 8;
            if self.told.ended || beyond || (self.has_all() && !self.case.ends()) {
                break;
            }
            if !self.session.reading() {
                self.coming.clear();
            }
            if let Some(request) = self.session.next_request(self.now) {
                self.send(request)?;
                continue;
            }
            let step_at = self.coming.front().map(|(at, _)| *at);
            let Some(next) = step_at.into_iter().chain(self.session.wake_at()).min() else {
                break;
            };
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            if step_at.is_some_and(|at| at <= self.now)
                && let Some((_, step)) = self.coming.pop_front()
            {
                self.perform(step);
            } else {
                self.session.tick(self.now);
            }
        }
        self.told.last_event_id = Some(self.session.last_event_id().to_owned());
        self.told.reconnection_time = self.session.reconnection_time();
        Ok(())
    }

    fn has_all(&self) -> bool {
        !self.endless && self.told.items.len() >= self.case.items()
    }

    fn take_items(&mut self) -> anyhow::Result<()> {
        while !self.has_all() || self.case.ends() {
            match self.session.next_item() {
                Some(Ok(item)) => self.take(&item),
                Some(Err(error)) => self.told.error = Some(options::error(&error)),
                None => {
                    if self.fault == Some(Fault::DeliversAfterClose) && self.is_over() {
                        self.session.close();
                    }
                    self.told.ended |= self.session.is_finished();
                    break;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, item: &StreamItem) {
        self.told.items.push(options::item(item));
        match item {
            StreamItem::Event(_) => {
                self.events += 1;
                if self.is_over() && self.fault != Some(Fault::DeliversAfterClose) {
                    self.session.close();
                }
                if self.case.consumer["throws_at"].as_u64() == Some(self.events)
                    && self.fault == Some(Fault::ThrowBreaks)
                {
                    let what = Failure::disconnected("the handler threw");
                    self.session.failed(self.now, what);
                }
            }
            StreamItem::Reconnecting(again) => self.due = Some(self.now + again.delay),
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        self.case
            .closes_after()
            .is_some_and(|after| self.events >= after)
    }

    fn send(&mut self, request: Request) -> anyhow::Result<()> {
        if let Some(due) = self.due.take() {
            anyhow::ensure!(
                self.now == due,
                "the request came at {:?}, and was told for {due:?}",
                self.now
            );
        }
        if request.url.host_str() == Some("deserted.test") {
            let refused = Failure::connect("connection refused");
            self.session.failed(self.now, refused);
            return Ok(());
        }
        let mut headers = request.headers;
        self.tracker.spoil(self.fault, &mut headers);
        let mut at = self.now;
        let mut coming = VecDeque::new();
        for step in self.case.script.steps(self.asked.len()) {
            if let Step::Wait(milliseconds) = step {
                at += Duration::from_millis(*milliseconds);
            } else {
                coming.push_back((at, step.clone()));
            }
        }
        self.coming = coming;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.asked.push(Asked {
            at: Some(self.now.as_secs_f64() * 1000.0),
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: String::from_utf8_lossy(&request.body.unwrap_or_default()).into_owned(),
        });
        Ok(())
    }

    fn perform(&mut self, step: Step) {
        let now = self.now;
        match step {
            // What an HTTP client keeps to itself.
            Step::Head(status, _) if status != 101 && status < 200 => {}
            Step::Head(status, headers) => {
                let (status, headers) = match self.fault {
                    Some(fault) => fault.head(status, headers),
                    None => (status, headers),
                };
                let mut map = HeaderMap::new();
                for (name, value) in headers {
                    let name: HeaderName = name.parse().unwrap();
                    map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
                }
                self.tracker.connection();
                let status = StatusCode::from_u16(status).unwrap();
                let head = Head::new(status, map).with_received(SystemTime::UNIX_EPOCH);
                self.session.response(now, head);
            }
            Step::Send(bytes) => {
                self.tracker.feed(&bytes);
                self.session.feed(now, bytes);
            }
            Step::End if self.fault == Some(Fault::CleanEndEnds) => {
                self.take_items().unwrap();
                self.told
                    .items
                    .push(json!({"closed": "ended", "error": null}));
                self.told.ended = true;
                self.session.close();
            }
            Step::End => self.session.ended(now),
            Step::Cut => self.fail("unexpected end of the body"),
            Step::Reset => self.fail("connection reset by peer"),
            Step::Wait(_) => unreachable!("it is in the times of the others"),
        }
    }

    fn fail(&mut self, what: &str) {
        if self.fault == Some(Fault::CutIsAnEnd) {
            return self.session.ended(self.now);
        }
        let failure = Failure::disconnected(what);
        self.session.failed(self.now, failure);
    }
}
