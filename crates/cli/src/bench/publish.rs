//! `eventwire bench publish`

use std::time::{Duration, Instant};

use super::args::Publish;
use super::load::{Load, Pace};
use super::payload::random_tag;
use super::process::Server;
use super::stop::Stop;
use super::{Report, Section, Times, add_cpu, mib, per_second};
use crate::failure::Failure;

/// The events that fill what lies between the server and one that does not read: 4 MiB, which is more than Linux gives a socket.
const FILL: u32 = 64;
const FILL_SIZE: usize = 64 << 10;

pub(super) fn run(args: &Publish, stop: Stop) -> Result<(), Failure> {
    let server = Server::new(&args.common.pid)?;
    let mut paces = vec![Pace::All; args.subscribers as usize];
    paces.resize(paces.len() + args.stalled as usize, Pace::Never);
    let publishers = args.publishers as usize;
    let mut load = Load::new(&args.common, &random_tag(), paces, publishers, stop)?;
    let mut report = Report::new("publish", load.url());
    load.connect_all(Duration::ZERO, &mut |_, _, _| ())?;
    super::fan_out::settle(&mut load)?;
    if args.stalled > 0 {
        fill(args, &mut load)?;
    }
    report.add(measure(args, &mut load, &server)?);
    report.print(args.common.json)
}

/// Publishes more than fits between the server and one that does not read: from here on they are stalled, and not just about to be.
fn fill(args: &Publish, load: &mut Load) -> Result<(), Failure> {
    load.resize(FILL_SIZE);
    for _ in 0..FILL {
        let number = load.publish(0, Instant::now(), false)?;
        load.until_all_have(number, &mut |_, _, _| ())?;
    }
    load.resize(args.common.size as usize);
    Ok(())
}

fn measure(args: &Publish, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    load.acknowledged = Times::new();
    let (used, seen, first) = (server.used()?, load.seen, load.published);
    let start = Instant::now();
    while start.elapsed() < args.seconds {
        for publisher in 0..args.publishers as usize {
            if !load.is_waiting(publisher) {
                load.publish(publisher, Instant::now(), false)?;
            }
        }
        load.turn(Duration::from_millis(10), &mut |_, _, _| ())?;
        load.no_reader_ended()?;
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
        .figure(
            "ended",
            "of these the server ended so far",
            load.ended.len() as u64,
        )
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
