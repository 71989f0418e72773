//! The quick run as tests: every server was measured, loses nothing, and is shown. Nothing is said about time.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::contest::{ALL, Contestant};
use super::results::{BURST_MISSED, DELIVERING, IDLE, Metric, Results, STORM, STORM_COMPLETE};
use super::{FanOut, measure};
use crate::bench::contest::Role;
use crate::count::Tally;
use crate::sh::Shell;

/// Measures all servers with few subscribers.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let out = shell.path("target/bench/trial-fan-out");
    if out.exists() {
        // What an earlier run left must not be taken for this one's.
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let results = measure(shell, &FanOut::trial(out.clone()))?;
    let mut tally = Tally::default();
    for one in ALL {
        if let Some(failure) = results
            .failures
            .iter()
            .find(|failure| failure.text.starts_with(one.name))
        {
            // Not there is not wrong: nginx cannot be installed everywhere.
            if failure.text.contains(": not measured: ") {
                tally.skip(format!("fan-out of {}", one.name), &failure.text);
                continue;
            }
            tally.fail(format!("fan-out of {}", one.name), &failure.text);
            continue;
        }
        match wrong(one, &results) {
            Some(why) => tally.fail(format!("fan-out of {}", one.name), why),
            None => tally.pass(),
        }
    }
    let read = |name: &str| {
        let path = out.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let json: Value = serde_json::from_str(&read("fan-out.json")?).context("fan-out.json")?;
    let (table, svg) = (read("fan-out.md")?, read("fan-out.svg")?);
    for one in ALL
        .iter()
        .filter(|one| results.median(one.name, IDLE).is_some())
    {
        let mut servers = json["servers"].as_array().into_iter().flatten();
        let is_in_json = servers.any(|server| {
            server["server"] == one.name && server["deliveries_per_second"].is_array()
        });
        let is_shown = table.contains(&format!("| {} |", one.name))
            && svg.contains(&format!(">{}</text>", one.name));
        if is_in_json && is_shown {
            tally.pass();
        } else {
            tally.fail(
                format!("fan-out of {} is shown", one.name),
                "it is not in all of the table, the JSON and the plot",
            );
        }
    }
    Ok(tally)
}

fn wrong(one: &Contestant, results: &Results) -> Option<String> {
    let storm: &[Metric] = if one.role == Role::Ours { STORM } else { &[] };
    let mut wanted = DELIVERING.iter().chain(&[IDLE]).chain(storm);
    if let Some(metric) = wanted.find(|metric| results.median(one.name, **metric).is_none()) {
        return Some(format!("{} was not measured", metric.title));
    }
    if results.median(one.name, BURST_MISSED) != Some(0.0) {
        return Some("it lost events in a burst".to_owned());
    }
    (one.role == Role::Ours && results.median(one.name, STORM_COMPLETE) != Some(1.0))
        .then(|| "not all were complete after the storm".to_owned())
}
