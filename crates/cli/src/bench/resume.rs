//! `eventwire bench resume`

use std::time::{Duration, Instant};

use super::args::Resume;
use super::load::{Load, Pace};
use super::payload::{Mark, random_tag};
use super::process::{Peak, Server};
use super::stop::Stop;
use super::{Report, Section, Times, add_cpu, mib, per_second};
use crate::failure::Failure;

/// Publishes that are under way at a time.
const AT_A_TIME: u32 = 100;

pub(super) fn run(args: &Resume, stop: Stop) -> Result<(), Failure> {
    let server = Server::new(&args.common.pid)?;
    let count = args.subscribers as usize;
    let mut load = Load::new(&args.common, &random_tag(), vec![Pace::All; count], 1, stop)?;
    let mut report = Report::new("resume", load.url());
    load.connect_all(Duration::ZERO, &mut |_, _, _| ())?;
    super::fan_out::settle(&mut load)?;
    if let Some(without) = load
        .readers()
        .find(|reader| reader.last_event_id().is_empty())
    {
        let why = format!(
            "the server gives its events no id (after event {} there is none), so nothing can be resumed from it",
            without.last
        );
        return Err(Failure::Said(why));
    }
    for index in 0..count {
        load.cut(index);
    }
    let mut left = args.events;
    while left > 0 {
        let some = left.min(AT_A_TIME);
        load.publish_many(0, some)?;
        load.until("acknowledgements", &mut |_, _, _| (), |load| {
            load.unanswered() == 0
        })?;
        left -= some;
    }
    report.add(storm(args, &mut load, &server)?);
    report.print(args.common.json)
}

fn storm(args: &Resume, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    let (used, seen, last) = (server.used()?, load.seen, load.published);
    let (mut complete, mut peak) = (Times::new(), Peak::new(server));
    let start = Instant::now();
    let mut on = |_: usize, mark: Mark, _: u64| {
        if mark.number == last {
            complete.add(start.elapsed());
        }
        peak.maybe_look();
    };
    load.connect_all(args.jitter, &mut on)?;
    load.until_all_have(last, &mut on)?;
    let took = start.elapsed();
    let after = server.used()?;
    let replayed = load.seen.deliveries - seen.deliveries;
    let repeated = load.seen.repeated - seen.repeated;
    let whole = u64::from(args.subscribers) * u64::from(args.events);
    // Not only what lacks between two events: what a reset says is gone was missed too.
    let missed = (whole + repeated).saturating_sub(replayed);
    let title = format!(
        "{} subscribers resume within {} s, each {} events behind",
        args.subscribers,
        args.jitter.as_secs_f64(),
        args.events
    );
    let mut section = Section::new("resume", title);
    section
        .figure("subscribers", "subscribers", args.subscribers)
        .figure("events", "events that each was behind", args.events)
        .figure("seconds", "until all were complete, s", took.as_secs_f64())
        .figure("replayed", "events replayed", replayed)
        .figure(
            "per_second",
            "events replayed per second",
            per_second(replayed, took),
        )
        .figure(
            "complete",
            "all complete and in order",
            missed == 0 && repeated == 0 && load.seen.missed == seen.missed,
        )
        .figure("missed", "events missed for good", missed)
        .figure("repeated", "events repeated", repeated)
        .figure("resets", "resets", load.seen.resets - seen.resets);
    add_cpu(&mut section, used, after, replayed);
    if let Some(before) = used {
        section.figure(
            "grown_mib",
            "memory of the server grew by at most, MiB",
            mib(peak.beyond(before)),
        );
    }
    section.times(&complete);
    Ok(section)
}
