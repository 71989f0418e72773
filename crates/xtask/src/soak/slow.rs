//! Consumers that are slower than their server, in each language.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::plan::Plan;
use super::rules::Rule;
use crate::env::{native, node, python};
use crate::sh::Shell;

const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How much memory may grow while events are read, in KiB: buffers of a socket's size, and not the gigabyte that the events are.
const GROWTH: u64 = 16 << 10;
/// The same in Node: V8 collects when it sees fit, and lets its heap grow to some tens of MiB until then.
const GROWTH_OF_V8: u64 = 96 << 10;

pub(super) fn run(shell: &Shell, plan: &Plan) -> Result<Vec<Rule>> {
    let (node, _) = node::node(shell)?;
    let venv = python::venv(shell)?;
    let program = native::build_program(shell, "slow-consumers")?;
    let mut command = shell.command(program);
    command.arg("--python").arg(venv.python);
    command.arg("--node").arg(node);
    command.arg(format!("--events={}", plan.slow_events));
    let label = format!("{} events through slow consumers", plan.slow_events);
    let start = Instant::now();
    let done = shell.quiet_within(LIMIT, command)?;
    shell.report(&label, done.ok, start.elapsed());
    anyhow::ensure!(done.ok, "{}: {}", done.end, done.text.trim());
    let lines = done.text.lines().filter(|line| line.starts_with('{'));
    let rules = lines.map(|line| {
        let found: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        judge(plan, &found).with_context(|| line.to_owned())
    });
    rules.collect()
}

fn judge(plan: &Plan, found: &Value) -> Option<Rule> {
    let language = found["language"].as_str()?;
    let events = found["events"].as_u64()?;
    let (before, most) = (found["before"].as_u64()?, found["most"].as_u64()?);
    let mib = |kib: u64| kib as f64 / 1024.0;
    let is_complete = events == plan.slow_events;
    let growth = if language == "Node" {
        GROWTH_OF_V8
    } else {
        GROWTH
    };
    let is_flat = !plan.is_judged || most <= before + growth;
    Some(Rule::new(
        &format!("a slow consumer in {language} gets all, in a memory that does not grow"),
        format!(
            "{events} of {} events, {:.1} MiB after a hundredth of them, {:.1} MiB at most",
            plan.slow_events,
            mib(before),
            mib(most)
        ),
        Some(is_complete && is_flat),
    ))
}
