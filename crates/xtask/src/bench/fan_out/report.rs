//! The tables, in Markdown for people and in JSON for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::super::contest::Role;
use super::super::report::{Setting, figure, targets, targets_json};
use super::super::targets::Target;
use super::contest::{ALL, Contestant};
use super::results::{
    ALONE_P99, BURST, BURST_GROWN, BURST_MISSED, CPU, CPU_OF_TWO, DELIVERIES, IDLE, Metric, P50,
    P99, Results, STALLED_P99, STORM_COMPLETE, STORM_GROWN, STORM_SECONDS, STORM_SPEED,
};

/// Who made it, in which version.
pub(super) type Versions = BTreeMap<String, String>;

/// The columns of a table for everyone.
const EVERYONE: &[Metric] = &[DELIVERIES, CPU, P50, P99, IDLE];
const BURSTS: &[Metric] = &[BURST, BURST_GROWN, BURST_MISSED];
const STORMS: &[Metric] = &[STORM_SECONDS, STORM_SPEED, STORM_COMPLETE, STORM_GROWN];
const PUBLISHING: &[Metric] = &[ALONE_P99, STALLED_P99];
const TWO: &[Metric] = &[CPU_OF_TWO];

/// The whole page.
pub(super) fn markdown(
    setting: &Setting,
    versions: &Versions,
    contestants: &[Contestant],
    results: &Results,
    judged: &[Target],
) -> String {
    let versions: Vec<String> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let mut out = format!(
        "# The fan-out beside others\n\n\
         Made by `cargo xtask bench fan-out`; docs/benchmarks.md says how to read it.\n\n\
         - Machine: {}\n- Method: {}\n- Versions: {}\n\n![deliveries, CPU, latency and memory](fan-out.svg)\n",
        setting.machine,
        setting.method,
        versions.join(", ")
    );
    if !results.failures.is_empty() {
        out.push_str("\n## What could not be measured\n\n");
        for failure in &results.failures {
            let _ = writeln!(out, "- {}", failure.text.replace('\n', " "));
        }
    }
    out.push_str("\n## Targets\n\n");
    out.push_str(&targets(judged));
    for (title, metrics) in [
        ("One event at a time", EVERYONE),
        ("Bursts", BURSTS),
        ("Reconnect storm", STORMS),
        ("Publishing beside subscribers that do not read", PUBLISHING),
        ("Two threads", TWO),
    ] {
        table(&mut out, title, metrics, contestants, results);
    }
    ratios(&mut out, contestants, results);
    if !results.weights.is_empty() {
        out.push_str("\n## In the process\n\n| | how many | bytes each |\n|---|---:|---:|\n");
        for (name, count, bytes) in &results.weights {
            let _ = writeln!(out, "| {name} | {count} | {} |", figure(*bytes));
        }
    }
    out
}

fn table(
    out: &mut String,
    title: &str,
    metrics: &[Metric],
    contestants: &[Contestant],
    results: &Results,
) {
    let rows: Vec<String> = contestants
        .iter()
        .filter(|one| {
            metrics
                .iter()
                .any(|metric| results.median(one.name, *metric).is_some())
        })
        .map(|one| {
            let cells = metrics.iter().map(|metric| {
                let median = results.median(one.name, *metric);
                median.map_or_else(String::new, |median| cell(*metric, median))
            });
            format!(
                "| {} | {} |\n",
                one.name,
                cells.collect::<Vec<_>>().join(" | ")
            )
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let titles: Vec<&str> = metrics.iter().map(|metric| metric.title).collect();
    let _ = write!(
        out,
        "\n## {title}\n\n| medians | {} |\n|---|{}\n{}",
        titles.join(" | "),
        "---:|".repeat(metrics.len()),
        rows.concat()
    );
}

fn cell(metric: Metric, median: f64) -> String {
    if metric == STORM_COMPLETE {
        return if median == 1.0 { "yes" } else { "no" }.to_owned();
    }
    figure(median)
}

/// For each of ours, its speed of the others.
fn ratios(out: &mut String, contestants: &[Contestant], results: &Results) {
    let is_there = |one: &&Contestant| results.median(one.name, DELIVERIES).is_some();
    let ours: Vec<&Contestant> = contestants
        .iter()
        .filter(|one| one.role == Role::Ours)
        .filter(is_there)
        .collect();
    let others: Vec<&Contestant> = contestants
        .iter()
        .filter(|one| one.role != Role::Ours)
        .filter(is_there)
        .collect();
    if ours.is_empty() || others.is_empty() {
        return;
    }
    let names: Vec<&str> = ours.iter().map(|one| one.name).collect();
    let _ = writeln!(
        out,
        "\n## Deliveries/s of ours, of the others\n\n| of (min to max) | {} |\n|---|{}",
        names.join(" | "),
        "---:|".repeat(ours.len())
    );
    for other in others {
        let cells = ours.iter().map(|one| {
            results
                .ratio(one.name, other.name, DELIVERIES)
                .map_or_else(String::new, |ratio| {
                    format!(
                        "{} ({} to {})",
                        figure(ratio.median),
                        figure(ratio.min),
                        figure(ratio.max)
                    )
                })
        });
        let _ = writeln!(
            out,
            "| {} | {} |",
            other.name,
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}

/// The same for programs, with every round.
pub(super) fn json(
    setting: &Setting,
    versions: &Versions,
    contestants: &[Contestant],
    results: &Results,
    judged: &[Target],
) -> Value {
    let all = [EVERYONE, BURSTS, STORMS, PUBLISHING, TWO].concat();
    let servers = contestants.iter().map(|one| {
        let mut object = Map::new();
        object.insert("server".into(), json!(one.name));
        for metric in &all {
            let figures = results.of(one.name, *metric);
            if !figures.is_empty() {
                object.insert(metric.key.into(), json!(figures));
            }
        }
        Value::Object(object)
    });
    let weights = results.weights.iter();
    let weights = weights
        .map(|(name, count, bytes)| json!({ "what": name, "count": count, "bytes_each": bytes }));
    json!({
        "machine": setting.machine,
        "method": setting.method,
        "versions": versions,
        "servers": servers.collect::<Vec<_>>(),
        "weights": weights.collect::<Vec<_>>(),
        "failures": results.failures.iter().map(|failure| &failure.text).collect::<Vec<_>>(),
        "targets": targets_json(judged),
        // So that a program need not know who takes part.
        "known": ALL.iter().map(|one| one.name).collect::<Vec<_>>(),
    })
}
