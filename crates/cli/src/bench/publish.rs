//! `eventwire bench publish`

use std::time::{Duration, Instant};

use super::args::Publish;
use super::load::{Load, Pace};
use super::payload::random_tag;
use super::process::Server;
use super::stop::Stop;
use super::{Report, Section, Times, add_cpu, mib, per_second};
use crate::failure::Failure;

pub(super) fn run(args: &Publish, stop: Stop) -> Result<(), Failure> {
    let server = Server::new(&args.common.pid)?;
    let mut paces = vec![Pace::All; args.subscribers as usize];
    paces.resize(paces.len() + args.stalled as usize, Pace::Never);
    let publishers = args.publishers as usize;
    let mut load = Load::new(&args.common, &random_tag(), paces, publishers, stop)?;
    let mut report = Report::new("publish", load.url());
    load.connect_all(Duration::ZERO, &mut |_, _, _| ())?;
    super::fan_out::settle(&mut load)?;
    report.add(measure(args, &mut load, &server)?);
    report.print(args.common.json)
}

fn measure(args: &Publish, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    load.acknowledged = Times::new();
    let (used, seen, first) = (server.used()?, load.seen, load.published);
    let start = Instant::now();
    let mut ended = 0;
    while start.elapsed() < args.seconds {
        for publisher in 0..args.publishers as usize {
            if !load.is_waiting(publisher) {
                load.publish(publisher, Instant::now(), false)?;
            }
        }
        load.turn(Duration::from_millis(10), &mut |_, _, _| ())?;
        // Whoever does not read may be ended; its place is taken, so that there are as many all the time.
        for (index, why) in std::mem::take(&mut load.ended) {
            if load.pace(index) == Pace::All {
                return Err(Failure::Said(format!(
                    "subscriber {index}, which reads, was ended: {why}"
                )));
            }
            ended += 1;
            load.connect(index)?;
        }
    }
    load.until("acknowledgements", &mut |_, _, _| (), |load| {
        load.unanswered() == 0
    })?;
    let took = start.elapsed();
    let count = load.published - first;
    let beside = format!(
        "{} subscribers that read and {} that do not",
        args.subscribers, args.stalled
    );
    let mut section = Section::new(
        "publish",
        format!("{} publishers, {beside}", args.publishers),
    );
    section
        .figure("publishers", "publishers", args.publishers)
        .figure("stalled", "subscribers that do not read", args.stalled)
        .figure("acknowledged", "events acknowledged", count)
        .figure(
            "per_second",
            "acknowledged per second",
            per_second(count, took),
        )
        .figure("ended", "ended for not reading, and replaced", ended)
        .figure(
            "deliveries",
            "deliveries",
            load.seen.deliveries - seen.deliveries,
        );
    let after = server.used()?;
    add_cpu(&mut section, used, after, count);
    if let Some(after) = after {
        section.figure(
            "resident_mib",
            "memory of the server, MiB",
            mib(after.resident),
        );
    }
    section.times(&load.acknowledged);
    Ok(section)
}
