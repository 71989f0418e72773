//! `eventwire bench fan-out`

use std::time::{Duration, Instant};

use super::args::FanOut;
use super::load::{Load, Pace};
use super::payload::{Mark, random_tag};
use super::process::{Peak, Server};
use super::stop::Stop;
use super::{Report, Section, Times, add_cpu, mib, per_second};
use crate::failure::Failure;

/// How long the first event may take before another one is tried: some servers answer before they have subscribed.
const SETTLE: Duration = Duration::from_millis(500);
/// A poll may last a millisecond longer than it should, so what is due before that is waited for without one.
const EXACT: Duration = Duration::from_micros(1500);
/// The most bytes of data that a burst may have: it is made before it is sent.
const BURST: u64 = 1 << 30;

pub(super) fn run(args: &FanOut, stop: Stop) -> Result<(), Failure> {
    if u64::from(args.burst) * u64::from(args.common.size) > BURST {
        return Err(Failure::Said(format!(
            "a burst of {} events of {} bytes is more than a GiB: give a smaller --burst or --size",
            args.burst, args.common.size
        )));
    }
    let server = Server::new(&args.common.pid)?;
    let count = args.subscribers as usize;
    let mut load = Load::new(&args.common, &random_tag(), vec![Pace::All; count], 1, stop)?;
    let mut report = Report::new("fan-out", load.url());
    report.add(connect(args, &mut load, &server)?);
    if args.rounds > 0 {
        report.add(rounds(args, &mut load, &server)?);
    }
    if args.rate > 0.0 && !args.seconds.is_zero() {
        report.add(rate(args, &mut load, &server)?);
    }
    if args.burst > 0 && args.bursts > 0 {
        report.add(bursts(args, &mut load, &server)?);
    }
    report.print(args.common.json)
}

fn connect(args: &FanOut, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    let (before, start) = (server.used()?, Instant::now());
    load.connect_all(Duration::ZERO, &mut |_, _, _| ())?;
    let took = start.elapsed();
    settle(load)?;
    let after = server.used()?;
    let count = u64::from(args.subscribers);
    let mut section = Section::new("connect", format!("{count} subscribers"));
    section.figure("subscribers", "subscribers", count).figure(
        "per_second",
        "connections per second",
        per_second(count, took),
    );
    if let (Some(before), Some(after)) = (before, after) {
        let grown = after.resident.saturating_sub(before.resident);
        section
            .figure(
                "kib_per_connection",
                "memory of the server per connection, KiB",
                grown as f64 / 1024.0 / count as f64,
            )
            .figure(
                "resident_mib",
                "memory of the server, MiB",
                mib(after.resident),
            );
    }
    Ok(section)
}

/// Publishes until everybody has an event.
pub(super) fn settle(load: &mut Load) -> Result<(), Failure> {
    let (begun, mut patience) = (Instant::now(), SETTLE);
    loop {
        let number = load.publish(0, Instant::now(), false)?;
        let start = Instant::now();
        // Any event will do: a slow server may not be done with the latest for long.
        let is_there = |load: &Load| load.readers().all(|reader| reader.last > 0);
        load.until("the first event", &mut |_, _, _| (), |load| {
            is_there(load) || start.elapsed() > patience
        })?;
        if is_there(load) {
            return load.until_all_have(number, &mut |_, _, _| ());
        }
        load.give_up_after(
            begun,
            "not every subscriber got an event that was published",
        )?;
        patience *= 2;
    }
}

fn rounds(args: &FanOut, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    for _ in 0..args.rounds.div_ceil(10) {
        let number = load.publish(0, Instant::now(), false)?;
        load.until_all_have(number, &mut |_, _, _| ())?;
    }
    let (mut latency, mut whole) = (Times::new(), Times::new());
    let (used, seen) = (server.used()?, load.seen);
    let start = Instant::now();
    for _ in 0..args.rounds {
        let since = Instant::now();
        let number = load.publish(0, since, false)?;
        load.until_all_have(number, &mut |_, _, _| latency.add(since.elapsed()))?;
        whole.add(since.elapsed());
    }
    let took = start.elapsed();
    let deliveries = load.seen.deliveries - seen.deliveries;
    let mut section = Section::new(
        "rounds",
        format!("{} rounds of one event each", args.rounds),
    );
    section
        .figure("rounds", "rounds", args.rounds)
        .figure("deliveries", "deliveries", deliveries)
        .figure(
            "per_second",
            "deliveries per second",
            per_second(deliveries, took),
        );
    add_cpu(&mut section, used, server.used()?, deliveries);
    lost(&mut section, load, seen);
    section.times(&latency);
    Ok(section)
}

fn rate(args: &FanOut, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    let period = Duration::from_secs_f64(1.0 / args.rate);
    let count = (args.seconds.as_secs_f64() * args.rate).ceil().max(1.0) as u32;
    let mut latency = Times::new();
    let (used, seen) = (server.used()?, load.seen);
    let first = load.published + 1;
    let start = Instant::now();
    let due = |number: u64| start + period * u32::try_from(number - first).unwrap_or(u32::MAX);
    // From when it was due: had the server held up the one before, this one was late because of it.
    let mut on = |_: usize, mark: Mark, _: u64| {
        if mark.number >= first {
            latency.add(due(mark.number).elapsed());
        }
    };
    for _ in 0..count {
        let at = due(load.published + 1);
        loop {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            load.turn(left.saturating_sub(EXACT), &mut on)?;
        }
        load.publish(0, at, false)?;
        load.keeps_up(args.rate)?;
    }
    load.until_all_have(load.published, &mut on)?;
    let deliveries = load.seen.deliveries - seen.deliveries;
    let title = format!("{count} events at {} per second", args.rate);
    let mut section = Section::new("rate", title);
    section
        .figure("rate", "events per second", args.rate)
        .figure("deliveries", "deliveries", deliveries);
    add_cpu(&mut section, used, server.used()?, deliveries);
    lost(&mut section, load, seen);
    section.times(&latency);
    Ok(section)
}

fn bursts(args: &FanOut, load: &mut Load, server: &Server) -> Result<Section, Failure> {
    let (used, seen) = (server.used()?, load.seen);
    let (mut whole, mut took, mut peak) = (Times::new(), Duration::ZERO, Peak::new(server));
    for _ in 0..args.bursts {
        let start = Instant::now();
        let number = load.publish_many(0, args.burst)?;
        load.until_all_have(number, &mut |_, _, _| peak.maybe_look())?;
        took += start.elapsed();
        whole.add(start.elapsed());
    }
    let deliveries = load.seen.deliveries - seen.deliveries;
    let after = server.used()?;
    let mut section = Section::new(
        "bursts",
        format!("{} bursts of {} events", args.bursts, args.burst),
    );
    section
        .figure("events", "events in a burst", args.burst)
        .figure("deliveries", "deliveries", deliveries)
        .figure(
            "per_second",
            "deliveries per second",
            per_second(deliveries, took),
        );
    add_cpu(&mut section, used, after, deliveries);
    if let Some(before) = used {
        section.figure(
            "grown_mib",
            "memory of the server grew by, MiB",
            mib(peak.beyond(before)),
        );
    }
    lost(&mut section, load, seen);
    section.times(&whole);
    Ok(section)
}

/// What was not as it should be, in a part that began with `before`.
fn lost(section: &mut Section, load: &Load, before: super::subscriber::Seen) {
    section
        .figure("missed", "events missed", load.seen.missed - before.missed)
        .figure(
            "repeated",
            "events repeated",
            load.seen.repeated - before.repeated,
        );
}
