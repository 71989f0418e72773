//! What takes a short time, each by a hub of its own: a reconnect storm, a publisher beside subscribers that do not read, and what
//! subscriptions and topics weigh.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::hub::Hub;
use super::plan::Plan;
use super::rules::Rule;
use crate::bench::fan_out::{self, SUBSCRIPTION, TOPIC};
use crate::sh::Shell;

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// What a hub's log may hold by default, in MiB: a storm must not cost more than it.
const LOG: f64 = 64.0;
/// How much longer a publish may take beside subscribers that do not read.
const BESIDE: f64 = 1.5;

pub(super) fn run(shell: &Shell, eventwire: &Path, plan: &Plan) -> Result<Vec<Rule>> {
    let bench = |label: String, what: &str, args: &[String]| {
        let start = Instant::now();
        let found = measure(shell, eventwire, what, args);
        shell.report(&label, found.is_ok(), start.elapsed());
        found.with_context(|| label)
    };
    let (subscribers, events, jitter) = plan.storm;
    let storm = bench(
        format!("reconnect storm of {subscribers}"),
        "resume",
        &[
            format!("--subscribers={subscribers}"),
            format!("--events={events}"),
            format!("--jitter={jitter}"),
        ],
    )?;
    let (stalled, seconds) = plan.stalled;
    let seconds = format!("--seconds={seconds}");
    let alone = bench(
        "a publisher alone".into(),
        "publish",
        std::slice::from_ref(&seconds),
    )?;
    let beside = [seconds, format!("--stalled={stalled}")];
    let beside = bench(
        format!("a publisher beside {stalled} that do not read"),
        "publish",
        &beside,
    )?;
    let mut rules = judge_storm(plan, &storm["resume"]);
    rules.push(judge_publisher(plan, &alone["publish"], &beside["publish"]));
    for (what, count) in plan.weighed {
        let bound = if what == "topics" {
            TOPIC
        } else {
            SUBSCRIPTION
        };
        let each = fan_out::weigh(shell, what, count)?;
        rules.push(Rule::new(
            &format!("memory of each of {count} {what}"),
            format!("{each:.0} bytes; at most {bound:.0}"),
            plan.is_judged.then_some(each <= bound),
        ));
    }
    Ok(rules)
}

fn measure(shell: &Shell, eventwire: &Path, what: &str, args: &[String]) -> Result<Value> {
    let hub = Hub::start(shell, eventwire, &[])?;
    let mut command = shell.command(eventwire);
    command
        .args(["bench", what, hub.url(), "--json"])
        .args(args);
    if cfg!(target_os = "linux") {
        command.arg(format!("--pid={}", hub.pid()));
    }
    let (found, is_ok, said) = super::bench(shell, command, LIMIT)?;
    anyhow::ensure!(is_ok, "{said}");
    Ok(found)
}

fn judge_storm(plan: &Plan, found: &Value) -> Vec<Rule> {
    let (subscribers, events, jitter) = plan.storm;
    let grown = found["grown_mib"].as_f64();
    vec![
        Rule::new(
            &format!(
                "{subscribers} cut at once come back within {jitter} s, and each replays {events} events: all complete"
            ),
            format!(
                "{} replayed in {} s; missed {}, repeated {}, resets {}",
                found["replayed"],
                found["seconds"],
                found["missed"],
                found["repeated"],
                found["resets"]
            ),
            Some(found["complete"] == true),
        ),
        Rule::new(
            "the storm costs no more memory than the log's bound",
            grown.map_or_else(
                || "not seen".to_owned(),
                |grown| format!("{grown:.1} MiB; at most {LOG} MiB"),
            ),
            grown.filter(|_| plan.is_judged).map(|grown| grown <= LOG),
        ),
    ]
}

fn judge_publisher(plan: &Plan, alone: &Value, beside: &Value) -> Rule {
    let both = alone["p99_ms"].as_f64().zip(beside["p99_ms"].as_f64());
    let ended = &beside["ended"];
    let found = both.map_or_else(
        || "not measured".to_owned(),
        |(alone, beside)| {
            format!(
                "{alone:.2} ms alone, {beside:.2} ms beside: {:.2} times; at most {BESIDE}; of them the hub ended {ended}",
                beside / alone
            )
        },
    );
    Rule::new(
        &format!(
            "a publisher's p99 beside {} that do not read, of that alone",
            plan.stalled.0
        ),
        found,
        both.filter(|_| plan.is_judged)
            .map(|(alone, beside)| beside <= alone * BESIDE),
    )
}
