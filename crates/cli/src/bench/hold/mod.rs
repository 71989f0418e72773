//! `eventwire bench hold`

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::args::Hold;
use super::load::{Load, Pace};
use super::payload::{Mark, random_tag};
use super::process::Server;
use super::stop::Stop;
use super::{Report, Section, mib, per_second};
use crate::failure::Failure;

use kinds::{Kind, kinds};

/// How often a slow subscriber reads.
const SIP_EVERY: Duration = Duration::from_secs(1);
/// How long one that was cut or ended is away, on average.
const AWAY: Duration = Duration::from_millis(300);
/// How long a turn lasts at most.
const TURN: Duration = Duration::from_millis(20);

pub(super) fn run(args: &Hold, stop: Stop) -> Result<(), Failure> {
    let kinds = kinds(args)?;
    let server = Server::new(&args.common.pid)?;
    let paces = kinds.iter().map(|kind| kind.pace()).collect();
    let tag = args.tag.clone().unwrap_or_else(random_tag);
    let mut load = Load::new(
        &args.common,
        &tag,
        paces,
        usize::from(args.rate > 0.0),
        stop,
    )?;
    let mut report = Report::new("hold", load.url());
    let mut held = Held::new(kinds, args.slow_bytes as usize);
    load.connect_all(Duration::ZERO, &mut |_, _, _| ())?;
    let start = Instant::now();
    held.publish(args, &mut load)?;
    held.until_the_end(args, &mut load)?;
    let took = start.elapsed();
    report.add(held.section(&load, took, &server)?);
    report.add(held.ends());
    report.print(args.common.json)?;
    held.judge(&load)
}

/// The state of a run.
struct Held {
    kinds: Vec<Kind>,
    /// When each is to be connected again, or to be cut.
    due: BTreeSet<(Instant, usize)>,
    sipped: Instant,
    /// How much a slow subscriber reads at a time.
    sip: usize,
    /// The number of the last event of all, once it is known.
    end: Option<u64>,
    /// Why streams were ended by the server, of which kinds, how often.
    ended: BTreeMap<(Kind, String), u64>,
    cuts: u64,
}

impl Held {
    fn new(kinds: Vec<Kind>, sip: usize) -> Self {
        let now = Instant::now();
        let stays = kinds.iter().map(|kind| kind.stay()).enumerate();
        let due = stays.filter_map(|(index, stay)| Some((now + about(stay?), index)));
        let due = due.collect();
        Self {
            kinds,
            due,
            sipped: now,
            sip,
            end: None,
            ended: BTreeMap::new(),
            cuts: 0,
        }
    }

    /// Publishes at the rate for as long as asked, then the event that says that it is the last one.
    fn publish(&mut self, args: &Hold, load: &mut Load) -> Result<(), Failure> {
        if args.rate == 0.0 {
            return Ok(());
        }
        let start = Instant::now();
        let mut next = start;
        while start.elapsed() < args.seconds {
            let now = Instant::now();
            while next <= now {
                load.publish(0, next, false)?;
                load.keeps_up(args.rate)?;
                next += Duration::from_secs_f64(1.0 / args.rate);
            }
            self.turn(load, TURN.min(next.saturating_duration_since(now)))?;
        }
        let last = load.publish(0, Instant::now(), true)?;
        self.end = Some(last);
        Ok(())
    }

    /// Goes on until everyone that reads has all.
    fn until_the_end(&mut self, args: &Hold, load: &mut Load) -> Result<(), Failure> {
        let mut deadline = Instant::now() + args.common.timeout;
        if args.rate == 0.0 {
            deadline += args.seconds;
        }
        loop {
            let lacking = |end: u64| load.readers().filter(|reader| reader.last < end).count();
            if self.end.is_some_and(|end| lacking(end) == 0) && load.unanswered() == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                // Told by what was found, not as a failure of its own: who lacks what is what one wants to know.
                return Ok(());
            }
            self.turn(load, TURN)?;
        }
    }

    fn turn(&mut self, load: &mut Load, wait: Duration) -> Result<(), Failure> {
        let mut end = self.end;
        load.turn(wait, &mut |_, mark: Mark, _| {
            if mark.is_end {
                end = Some(mark.number);
            }
        })?;
        self.end = end;
        let now = Instant::now();
        if now - self.sipped >= SIP_EVERY {
            self.sipped = now;
            for index in 0..load.len() {
                if self.kinds[index] == Kind::Slow {
                    load.sip(index, self.sip);
                }
            }
        }
        for (index, why) in std::mem::take(&mut load.ended) {
            *self.ended.entry((self.kinds[index], why)).or_default() += 1;
            self.due.retain(|(_, other)| *other != index);
            self.due.insert((now + about(AWAY), index));
        }
        self.act(load, now)
    }

    /// Connects and cuts those whose time has come.
    fn act(&mut self, load: &mut Load, now: Instant) -> Result<(), Failure> {
        while let Some(&(at, index)) = self.due.first().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, index));
            if load.subscriber(index).is_away() {
                load.connect(index)?;
                if let Some(stay) = self.kinds[index].stay() {
                    self.due.insert((now + about(stay), index));
                }
            } else if self.end.is_none() {
                load.cut(index);
                self.cuts += u64::from(self.kinds[index] == Kind::Reconnecting);
                self.due.insert((now + about(AWAY), index));
            }
        }
        Ok(())
    }

    fn count(&self, kind: Kind) -> u64 {
        self.kinds.iter().filter(|of| **of == kind).count() as u64
    }

    /// How many that read lack events: missed some, or did not get to the end.
    fn incomplete(&self, load: &Load) -> usize {
        let end = self.end.unwrap_or(u64::MAX);
        load.readers()
            .filter(|reader| reader.last < end || reader.missed > 0)
            .count()
    }

    fn section(&self, load: &Load, took: Duration, server: &Server) -> Result<Section, Failure> {
        let mut section = Section::new(
            "hold",
            format!(
                "{} subscribers held for {:.0} s",
                load.len(),
                took.as_secs_f64()
            ),
        );
        for (key, label, kind) in [
            ("reading", "reading", Kind::Reading),
            ("reconnecting", "reconnecting", Kind::Reconnecting),
            ("slow", "slow", Kind::Slow),
            ("stalled", "stalled", Kind::Stalled),
        ] {
            section.figure(key, label, self.count(kind));
        }
        let repeated: u64 = load.readers().map(|reader| reader.repeated).sum();
        let resets: u64 = load.readers().map(|reader| reader.resets).sum();
        section
            .figure("published", "events published here", load.published)
            .figure("deliveries", "deliveries", load.seen.deliveries)
            .figure(
                "per_second",
                "deliveries per second",
                per_second(load.seen.deliveries, took),
            )
            .figure("cut", "cut here, to resume", self.cuts)
            .figure("opened", "streams begun", load.opened)
            .figure(
                "incomplete",
                "readers that lack events",
                self.incomplete(load) as u64,
            )
            .figure("repeated", "events repeated to readers", repeated)
            .figure("resets", "resets told to readers", resets);
        if let Some(used) = server.used()? {
            section.figure(
                "resident_mib",
                "memory of the server, MiB",
                mib(used.resident),
            );
        }
        if load.published > 0 {
            section.times(&load.acknowledged);
        }
        Ok(section)
    }

    /// How often the server ended a stream, by kind.
    fn ends(&self) -> Section {
        let mut section = Section::new("ended", "ended by the server");
        for (key, label, kind) in [
            ("reading", "reading", Kind::Reading),
            ("reconnecting", "reconnecting", Kind::Reconnecting),
            ("slow", "slow", Kind::Slow),
            ("stalled", "stalled", Kind::Stalled),
        ] {
            let of = self.ended.iter().filter(|((of, _), _)| *of == kind);
            section.figure(key, label, of.map(|(_, count)| *count).sum::<u64>());
        }
        section
    }

    fn judge(&self, load: &Load) -> Result<(), Failure> {
        if self.end.is_none() {
            let why = "the event that ends the run never came: does another process publish under this --tag, and for how long?";
            return Err(Failure::Said(why.to_owned()));
        }
        let incomplete = self.incomplete(load);
        if incomplete > 0 {
            let why = self
                .ended
                .iter()
                .find(|((kind, _), _)| kind.pace() == Pace::All);
            let why = why.map_or_else(String::new, |((kind, why), _)| {
                format!("; one that was {} was ended: {why}", kind.name())
            });
            return Err(Failure::Said(format!(
                "{incomplete} subscribers that read lack events{why}"
            )));
        }
        Ok(())
    }
}

/// Between nothing and twice as much.
fn about(time: Duration) -> Duration {
    time.mul_f64(fastrand::f64() * 2.0)
}
