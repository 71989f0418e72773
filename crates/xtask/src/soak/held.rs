//! Connections held through minutes of publishing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{process, thread};

use anyhow::{Context, Result};
use serde_json::Value;

use super::hub::{Hub, Told};
use super::plan::{Plan, Share};
use super::rules::Rule;
use crate::sh::Shell;

/// How long a load client waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the hub's memory is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long a hub may take to notice that everyone is gone.
const NOTICE: Duration = Duration::from_secs(60);
/// How much memory may grow, beyond what the log may hold.
const GROWTH: f64 = 0.05;

/// What one load client found.
struct Found {
    json: Value,
    is_ok: bool,
    said: String,
}

/// What was found in all.
struct Outcome {
    clients: Vec<Found>,
    /// When the hub's memory was how large, from the first publish on.
    memory: Vec<(Duration, u64)>,
    /// What the hub said once all were gone.
    told: Told,
}

pub(super) fn run(shell: &Shell, eventwire: &Path, plan: &Plan) -> Result<Vec<Rule>> {
    let start = Instant::now();
    let outcome = hold(shell, eventwire, plan);
    let label = format!(
        "{} connections held for {} s",
        plan.connections,
        plan.publishing.as_secs()
    );
    shell.report(&label, outcome.is_ok(), start.elapsed());
    Ok(judge(plan, &outcome?))
}

fn hold(shell: &Shell, eventwire: &Path, plan: &Plan) -> Result<Outcome> {
    let hub = Hub::start(shell, eventwire, &[format!("--max-events={}", plan.log)])?;
    let tag = format!("soak{}", process::id());
    let shares = plan.shares();
    let commands = shares
        .iter()
        .enumerate()
        .map(|(at, share)| client(shell, eventwire, plan, &hub, &tag, at, *share));
    let commands: Vec<Command> = commands.collect();
    let limit = plan.publishing + PATIENCE * 3;
    let mut memory = Vec::new();
    let clients = thread::scope(|scope| {
        let clients: Vec<_> = commands
            .into_iter()
            .map(|command| scope.spawn(move || super::bench(shell, command, limit)))
            .collect();
        let start = Instant::now();
        while clients.iter().any(|client| !client.is_finished()) {
            memory.extend(hub.resident().map(|bytes| (start.elapsed(), bytes)));
            thread::sleep(LOOK);
        }
        let found = clients.into_iter().map(|client| {
            client
                .join()
                .ok()
                .context("a load client's thread broke off")?
        });
        found.collect::<Result<Vec<_>>>()
    })?;
    let told = once_all_are_gone(&hub)?;
    let clients = clients
        .into_iter()
        .map(|(json, is_ok, said)| Found { json, is_ok, said });
    Ok(Outcome {
        clients: clients.collect(),
        memory,
        told,
    })
}

fn client(
    shell: &Shell,
    eventwire: &Path,
    plan: &Plan,
    hub: &Hub,
    tag: &str,
    at: usize,
    share: Share,
) -> Command {
    let mut command = shell.command(eventwire);
    command.args(["bench", "hold", hub.url(), "--json", "--tag", tag]);
    command.arg(format!("--subscribers={}", share.all));
    command.arg(format!("--stalled={}", share.stalled));
    command.arg(format!("--slow={}", share.slow));
    command.arg(format!("--slow-bytes={}", plan.slow_bytes));
    command.arg(format!("--reconnecting={}", share.reconnecting));
    command.arg(format!("--seconds={}", plan.publishing.as_secs()));
    command.arg(format!("--timeout={}", PATIENCE.as_secs()));
    command.arg(format!("--size={}", plan.size));
    // One publishes, the others listen.
    command.arg(format!("--rate={}", if at == 0 { plan.rate } else { 0.0 }));
    if cfg!(target_os = "linux") {
        command.arg(format!("--source=127.0.0.{}", at % 250 + 2));
    }
    command
}

/// Streams that the load clients had.
fn streams<'a>(clients: impl Iterator<Item = &'a Value>) -> u64 {
    clients
        .filter_map(|client| client["hold"]["opened"].as_u64())
        .sum()
}

/// What the hub says once it has noticed that all streams are over, or will notice no more.
fn once_all_are_gone(hub: &Hub) -> Result<Told> {
    let start = Instant::now();
    loop {
        let told = hub.told()?;
        if told.subscribers == 0 || start.elapsed() > NOTICE {
            return Ok(told);
        }
        thread::sleep(LOOK);
    }
}

fn judge(plan: &Plan, outcome: &Outcome) -> Vec<Rule> {
    let sum = |section: &str, key: &str| -> u64 {
        outcome
            .clients
            .iter()
            .filter_map(|client| client.json[section][key].as_u64())
            .sum()
    };
    let said: Vec<&str> = outcome
        .clients
        .iter()
        .map(|client| client.said.as_str())
        .filter(|said| !said.is_empty())
        .collect();
    let incomplete = sum("hold", "incomplete");
    let readers = sum("hold", "reading") + sum("hold", "reconnecting");
    let mut rules = vec![
        Rule::new(
            "every subscriber that reads is complete and in order",
            format!("{incomplete} of {readers} lack events {}", said.join("; ")),
            Some(incomplete == 0 && outcome.clients.iter().all(|client| client.is_ok)),
        ),
        Rule::new(
            "nobody that reads got an event twice, or was told that some are gone",
            format!(
                "{} repeated, {} resets",
                sum("hold", "repeated"),
                sum("hold", "resets")
            ),
            Some(sum("hold", "repeated") + sum("hold", "resets") == 0),
        ),
        Rule::new(
            "the hub ends nobody that reads",
            format!(
                "{} ended",
                sum("ended", "reading") + sum("ended", "reconnecting")
            ),
            Some(sum("ended", "reading") + sum("ended", "reconnecting") == 0),
        ),
        Rule::new(
            "some were cut, and came back",
            format!("{} cut", sum("hold", "cut")),
            Some(sum("hold", "cut") > 0),
        ),
        ended(outcome, sum("ended", "slow"), sum("ended", "stalled")),
        memory(plan, &outcome.memory),
    ];
    let publisher = outcome
        .clients
        .iter()
        .find(|client| client.json["hold"]["published"].as_u64() > Some(0));
    let p99 = publisher.and_then(|client| client.json["hold"]["p99_ms"].as_f64());
    rules.push(Rule::new(
        "deliveries, and the publisher's p99 beside all of them",
        format!(
            "{} deliveries, {} ms",
            sum("hold", "deliveries"),
            p99.unwrap_or(f64::NAN)
        ),
        None,
    ));
    rules
}

/// Every stream that was begun has ended for a reason that the hub has counted, and it holds none any more.
///
/// The hub may count more than the clients: one that is cut before it has seen its mark has not begun a stream.
fn ended(outcome: &Outcome, slow: u64, stalled: u64) -> Rule {
    let begun = streams(outcome.clients.iter().map(|client| &client.json));
    let Told { subscribers, ended } = &outcome.told;
    let counted: u64 = ended.values().sum();
    Rule::new(
        "the hub counts the end of every stream, with its reason",
        format!(
            "{begun} begun; ended by its count: {counted}, {ended:?}, and {subscribers} still held; seen by the clients: {slow} slow and {stalled} stalled ones"
        ),
        Some(counted >= begun && *subscribers == 0),
    )
}

/// Memory in the end beside that at the time from which on it may not grow; each the median of what was seen around it.
fn memory(plan: &Plan, seen: &[(Duration, u64)]) -> Rule {
    let around = |from: Duration, to: Duration| {
        let mut some: Vec<u64> = seen
            .iter()
            .filter(|(at, _)| (from..to).contains(at))
            .map(|(_, bytes)| *bytes)
            .collect();
        some.sort_unstable();
        some.get(some.len() / 2).copied()
    };
    let part = plan.publishing / 10;
    let before = around(plan.settled, plan.settled + part);
    let after = around(plan.publishing.saturating_sub(part), plan.publishing);
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (found, is_kept) = match (before, after) {
        (Some(before), Some(after)) => {
            let bound = before as f64 * (1.0 + GROWTH) + plan.log_bytes() as f64;
            let found = format!(
                "{:.1} MiB, then {:.1} MiB; at most {:.1} MiB",
                mib(before),
                mib(after),
                mib(bound as u64)
            );
            (found, plan.is_judged.then_some(after as f64 <= bound))
        }
        _ => (
            "not seen: this system does not tell the memory of a process".to_owned(),
            None,
        ),
    };
    Rule::new(
        "the hub's memory grows by under 5 % beyond its log's bound",
        found,
        is_kept,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_may_grow_by_a_twentieth_beyond_the_log() {
        const BEFORE: u64 = 100 << 20;
        let plan = Plan::whole(10, 1000);
        let memory_of = |last: u64| {
            let at = |second| {
                (
                    Duration::from_secs(second),
                    if second < 300 { BEFORE } else { last },
                )
            };
            memory(&plan, &(0..600).map(at).collect::<Vec<_>>())
        };
        let bound = BEFORE / 20 * 21 + plan.log_bytes();
        assert_eq!(memory_of(BEFORE).is_kept, Some(true));
        assert_eq!(memory_of(bound).is_kept, Some(true));
        let broken = memory_of(bound + 1);
        assert_eq!(broken.is_kept, Some(false), "{broken:?}");
        assert_eq!(memory(&Plan::quick(), &[]).is_kept, None);
    }
}
