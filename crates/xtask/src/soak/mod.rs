//! `cargo xtask soak`: a hub under many connections for long, clients under many events, and what both must withstand.
//!
//! # Layout
//!
//! - [`plan`] says how many of what. [`hub`] is the hub's process, and what it and the system say of it.
//! - [`held`] holds connections through minutes of publishing; [`storm`] is all the rest: a reconnect storm, a publisher beside
//!   subscribers that do not read, the weight of subscriptions and topics. [`slow`] is about clients: consumers that are slower
//!   than their server.
//! - [`rules`] says what must be true of what was found.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::count::Tally;
use crate::env::native;
use crate::sh::Shell;

mod held;
mod hub;
mod plan;
mod rules;
mod slow;
mod storm;

use plan::Plan;
use rules::Rule;

/// How long it takes, and how many connect.
#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// How long events are published while connections are held.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    minutes: u32,
    /// How many connections are held, the slow and stalled ones included.
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    connections: u32,
    /// Seconds and few connections, in a development build: shows that all of it works. Memory and times are not judged.
    #[arg(long, conflicts_with_all = ["minutes", "connections"])]
    quick: bool,
}

/// Runs everything, prints what was found, and fails where a rule does.
pub(crate) fn run(shell: &Shell, options: &Soak) -> Result<ExitCode> {
    let plan = if options.quick {
        Plan::quick()
    } else {
        Plan::whole(options.minutes, options.connections)
    };
    let rules = measure(shell, &plan)?;
    print!("{}", rules::table(&rules));
    Ok(if rules.iter().any(|rule| rule.is_kept == Some(false)) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The quick run as tests: a rule each.
pub(crate) fn test(shell: &Shell) -> Result<Tally> {
    let mut tally = Tally::default();
    for rule in measure(shell, &Plan::quick())? {
        match rule.is_kept {
            Some(true) => tally.pass(),
            Some(false) => tally.fail(rule.name, rule.found),
            // Figures that mean something only in a long run, or that this hub does not give.
            None => {}
        }
    }
    Ok(tally)
}

fn measure(shell: &Shell, plan: &Plan) -> Result<Vec<Rule>> {
    let eventwire = native::build_command(shell, plan.profile)?;
    let mut rules = held::run(shell, &eventwire, plan)?;
    rules.extend(storm::run(shell, &eventwire, plan)?);
    rules.extend(slow::run(shell, plan)?);
    Ok(rules)
}

/// Runs `eventwire bench`, and reads what it found, which it prints also where it fails. Whether it succeeded, and what it said.
fn bench(shell: &Shell, command: Command, limit: Duration) -> Result<(Value, bool, String)> {
    let done = shell.quiet_within(limit, command)?;
    let mut lines = done.text.lines();
    let Some(json) = lines.clone().find(|line| line.starts_with('{')) else {
        bail!(
            "the load client found nothing: {}: {}",
            done.end,
            done.text.trim()
        );
    };
    let found = serde_json::from_str(json).with_context(|| format!("no JSON: {json}"))?;
    let said = lines
        .find(|line| line.starts_with("eventwire:"))
        .unwrap_or_default();
    Ok((found, done.ok, said.to_owned()))
}
