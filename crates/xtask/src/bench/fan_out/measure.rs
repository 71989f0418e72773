//! The rounds, in which each server is started and measured in turn.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::super::contest::{Language, Role};
use super::super::runners::{self, Build};
use super::contest::{self, Contestant, Host};
use super::cores::Cores;
use super::hosts::Hosts;
use super::results::{
    ALONE_P99, CPU_OF_TWO, DELIVERING, Failure, IDLE, Metric, Results, STALLED_P99, STORM,
};
use super::server::Server;
use crate::sh::Shell;

/// How long one measurement may take: the slowest has a million deliveries to make, several times.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// How much is measured.
#[derive(Debug)]
pub(super) struct Effort {
    rounds: u16,
    /// Subscribers, and rounds of one event each.
    subscribers: u32,
    events: u32,
    /// Seconds at 20 events per second.
    seconds: f64,
    /// Events in a burst, and bursts.
    burst: u32,
    bursts: u32,
    /// Idle connections.
    idle: u32,
    /// Subscribers that are cut, events that each has missed, and the time within which they come back.
    storm: (u32, u32, f64),
    /// Subscribers that do not read, beside a publisher, and for how many seconds.
    stalled: (u32, f64),
    /// Subscriptions and topics that are weighed.
    weighed: [(&'static str, u32); 2],
}

impl Effort {
    pub(super) fn whole(rounds: u16) -> Self {
        Self {
            rounds,
            subscribers: 1000,
            events: 300,
            seconds: 5.0,
            burst: 1000,
            bursts: 1,
            idle: 10_000,
            storm: (10_000, 1000, 5.0),
            stalled: (1000, 5.0),
            weighed: [("subscriptions", 100_000), ("topics", 1_000_000)],
        }
    }

    pub(super) fn quick() -> Self {
        Self {
            rounds: 1,
            subscribers: 20,
            events: 10,
            seconds: 0.2,
            burst: 20,
            bursts: 2,
            idle: 40,
            storm: (30, 50, 0.1),
            stalled: (5, 0.2),
            weighed: [("subscriptions", 1000), ("topics", 1000)],
        }
    }

    /// For people.
    pub(super) fn method(&self, cores: &Cores) -> String {
        format!(
            "{} rounds, in which each server is started anew and measured in turn; {}; {} subscribers, events of 100 bytes; deliveries/s \
             and CPU over {} rounds of one event each, latency at 20 events/s for {} s, {} bursts of {} events, memory of {} idle \
             connections; medians, and ratios of medians, with the least and the greatest ratio of one round",
            self.rounds,
            cores.describe(),
            self.subscribers,
            self.events,
            self.seconds,
            self.bursts,
            self.burst,
            self.idle
        )
    }
}

/// Measures all of them.
pub(super) fn all(
    shell: &Shell,
    hosts: &Hosts,
    cores: &Cores,
    contestants: &[Contestant],
    effort: &Effort,
) -> Result<Results> {
    let mut results = Results::default();
    for (name, why) in &hosts.missing {
        let text = format!("{name}: not measured: {why}");
        results.failures.push(Failure {
            is_ours: false,
            text,
        });
    }
    let there = contestants
        .iter()
        .filter(|one| hosts.missing.iter().all(|(name, _)| *name != one.name));
    let mut there: Vec<Contestant> = there.copied().collect();
    for round in 1..=effort.rounds {
        // Each begins in turn: a machine is not the same at the beginning and at the end of a round.
        for contestant in &there {
            let turn = Turn {
                shell,
                hosts,
                cores,
                contestant,
                round,
            };
            turn.take(effort, &mut results);
        }
        there.rotate_left(1);
    }
    if there.iter().any(|one| one.name == contest::RUST) {
        for (what, count) in effort.weighed {
            let each = weigh(shell, hosts.build, what, count)?;
            results
                .weights
                .push((what.to_owned(), u64::from(count), each));
        }
    }
    Ok(results)
}

/// One server's turn in one round.
struct Turn<'a> {
    shell: &'a Shell,
    hosts: &'a Hosts,
    cores: &'a Cores,
    contestant: &'a Contestant,
    round: u16,
}

/// A part of a turn: a server that is started for it, and what is measured of it.
struct Part<'a> {
    what: &'a str,
    /// The command of the load client, and its arguments.
    bench: &'a str,
    args: Vec<String>,
    metrics: &'a [Metric],
    /// Of the server, where it can be told.
    threads: u8,
}

impl Turn<'_> {
    fn take(&self, effort: &Effort, results: &mut Results) {
        for part in self.parts(effort) {
            let name = self.contestant.name;
            let label = format!("{name}, round {}: {}", self.round, part.what);
            let outcome = self.measure(&label, &part).and_then(|printed| {
                let lacking = results.add(name, part.metrics, &printed);
                // Where there is no /proc there are no figures of the process, and all else is there.
                if cfg!(target_os = "linux") && !lacking.is_empty() {
                    bail!("the load client gave no figure of {}", lacking.join(", "));
                }
                Ok(())
            });
            // That one could not be measured is a result, and the others are measured all the same.
            if let Err(error) = outcome {
                let is_ours = self.contestant.role == Role::Ours;
                let text = format!("{label}: {error:#}");
                results.failures.push(Failure { is_ours, text });
            }
        }
    }

    fn parts(&self, effort: &Effort) -> Vec<Part<'static>> {
        let part = |what, bench, metrics, args: &[String]| Part {
            what,
            bench,
            args: args.to_vec(),
            metrics,
            threads: 1,
        };
        let subscribers = format!("--subscribers={}", effort.subscribers);
        let rounds = format!("--rounds={}", effort.events);
        let no_rate = "--rate=0".to_owned();
        let deliver = [
            subscribers.clone(),
            rounds.clone(),
            format!("--seconds={}", effort.seconds),
            format!("--burst={}", effort.burst),
            format!("--bursts={}", effort.bursts),
        ];
        let idle = [
            format!("--subscribers={}", effort.idle),
            "--rounds=0".to_owned(),
            no_rate.clone(),
        ];
        let mut parts = vec![
            part("deliveries", "fan-out", DELIVERING, &deliver),
            part("idle connections", "fan-out", &[IDLE], &idle),
        ];
        if self.contestant.role == Role::Ours {
            let (subscribers, events, jitter) = effort.storm;
            let storm = [
                format!("--subscribers={subscribers}"),
                format!("--events={events}"),
                format!("--jitter={jitter}"),
            ];
            parts.push(part("reconnect storm", "resume", STORM, &storm));
        }
        if self.contestant.host == Host::Eventwire(Language::Rust) {
            let (stalled, seconds) = effort.stalled;
            let alone = [format!("--seconds={seconds}")];
            let beside = [alone[0].clone(), format!("--stalled={stalled}")];
            parts.push(part("publishing", "publish", &[ALONE_P99], &alone));
            parts.push(part(
                "publishing beside stalled",
                "publish",
                &[STALLED_P99],
                &beside,
            ));
            if self.hosts.has_threads {
                let two = [subscribers, rounds, no_rate];
                let two = part("two threads", "fan-out", &[CPU_OF_TWO], &two);
                parts.push(Part { threads: 2, ..two });
            }
        }
        parts
    }

    fn measure(&self, label: &str, part: &Part<'_>) -> Result<Value> {
        let log = super::super::data(self.shell)?.join("server.log");
        let (command, port) = self
            .hosts
            .command(self.shell, self.contestant, part.threads)?;
        let anywhere = Cores::unbound();
        let cores = if part.threads == 1 {
            self.cores
        } else {
            &anywhere
        };
        let server = Server::start(command, cores, port, &log)?;
        let (stream, publish) = self.contestant.paths();
        let mut client = self.shell.command(&self.hosts.eventwire);
        client
            .args(["bench", part.bench])
            .arg(format!("{}{stream}", server.url))
            .arg("--json")
            .args(&part.args);
        if let Some(publish) = publish {
            client.arg(format!("--publish-url={}{publish}", server.url));
        }
        if cfg!(target_os = "linux") {
            client.args(server.pids().iter().map(|pid| format!("--pid={pid}")));
        }
        json(self.shell, label, self.cores.client(client))
    }
}

/// Runs a program that prints JSON.
fn json(shell: &Shell, label: &str, command: Command) -> Result<Value> {
    let done = shell.attempt_within(label, LIMIT, command)?;
    if !done.ok {
        bail!("{}: {}", done.end, done.text.trim());
    }
    let line = done.text.lines().find(|line| line.starts_with('{'));
    let line = line.with_context(|| format!("no JSON in {:?}", done.text))?;
    serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))
}

/// What each of so many weighs in a hub, in bytes; the program is there.
pub(super) fn weigh(shell: &Shell, build: Build, what: &str, count: u32) -> Result<f64> {
    let mut command = shell.command(runners::rust_program(shell, build, "weigh"));
    command.args([what, &count.to_string()]);
    let printed = json(shell, &format!("memory of {count} {what}"), command)?;
    printed["bytes_each"]
        .as_f64()
        .context("weigh gave no figure")
}
