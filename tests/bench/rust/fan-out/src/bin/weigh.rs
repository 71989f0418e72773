//! What subscriptions and topics weigh in a hub, in a process without sockets: JSON on the standard output.
//!
//! `weigh subscriptions 100000` makes so many subscriptions to one topic, `weigh topics 1000000` publishes once to each of so many
//! topics, whose events the log no longer holds in the end. Resident memory is what counts, so each is a run of its own.

use anyhow::{Context, Result, bail};
use eventwire::{Hub, Publication, Subscribe};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (what, count) = (
        args.next().unwrap_or_default(),
        args.next().unwrap_or_default(),
    );
    let count: u64 = count
        .parse()
        .context("how many? weigh subscriptions|topics COUNT")?;
    let (before, after) = match what.as_str() {
        "subscriptions" => subscriptions(count).await?,
        "topics" => topics(count).await?,
        other => bail!("{other:?} cannot be weighed: weigh subscriptions|topics COUNT"),
    };
    let each = (after.saturating_sub(before)) as f64 / count as f64;
    println!(
        "{}",
        json!({ "what": what, "count": count, "before": before, "after": after, "bytes_each": each })
    );
    Ok(())
}

async fn subscriptions(count: u64) -> Result<(u64, u64)> {
    let hub = Hub::builder().build()?;
    hub.publish(Publication::new("one", "the first event"))
        .await?;
    let before = resident()?;
    let mut all = Vec::with_capacity(usize::try_from(count)?);
    for _ in 0..count {
        all.push(hub.subscribe(Subscribe::to(["one"]))?);
    }
    let after = resident()?;
    // All are still there, and each has a place in the hub.
    anyhow::ensure!(
        hub.stats().subscribers as u64 == count,
        "the hub knows {} subscribers",
        hub.stats().subscribers
    );
    drop(all);
    Ok((before, after))
}

async fn topics(count: u64) -> Result<(u64, u64)> {
    /// What the log holds in the end is not of the topics, and is there before they are.
    const HELD: usize = 100;
    let topics = usize::try_from(count)? + HELD;
    let hub = Hub::builder().max_events(HELD).max_topics(topics).build()?;
    for number in 0..HELD {
        hub.publish(Publication::new(format!("before/{number:08}"), "x"))
            .await?;
    }
    let before = resident()?;
    for number in 0..count {
        hub.publish(Publication::new(format!("idle/{number:08}"), "x"))
            .await?;
    }
    let after = resident()?;
    anyhow::ensure!(
        hub.stats().topics as u64 >= count,
        "the hub knows {} topics",
        hub.stats().topics
    );
    Ok((before, after))
}

fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .context("this needs /proc, as Linux has it")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(kib.context("no VmRSS in /proc/self/status")? * 1024)
}
