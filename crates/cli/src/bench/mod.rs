//! `eventwire bench`: a load client for any server of event streams over plain HTTP/1.1.
//!
//! It must cost less than what it measures, so it is one thread that polls all sockets, and decodes with our codec what comes.
//!
//! # Layout
//!
//! - [`args`]: what can be typed. [`fan_out`], [`publish`], [`resume`], [`hold`]: one command each.
//! - [`load`]: the sockets of [`subscriber`]s and [`publisher`]s, and the poll. [`wire`]: the HTTP around their bytes.
//! - [`target`]: the server, and what is asked of it. [`payload`]: the data of the events, which says which event it is.
//! - [`process`]: CPU time and memory of the server. [`report`]: the table and the JSON.

mod args;
mod fan_out;
mod hold;
mod load;
mod payload;
mod process;
mod publish;
mod publisher;
mod report;
mod resume;
mod stop;
mod subscriber;
mod target;
mod wire;

use std::time::Duration;

pub(crate) use args::Bench;

use args::What;
use report::{Report, Section, Times};
use stop::{Stop, StopOnDrop};

use crate::failure::Failure;
use process::Used;

/// Measures, and prints what was found.
///
/// # Cancel safety
///
/// Dropped, its thread ends within the tenth of a second that a poll takes.
pub(crate) async fn bench(args: Bench) -> Result<(), Failure> {
    let stop = Stop::default();
    let _stop_on_drop = StopOnDrop(stop.clone());
    let work = tokio::task::spawn_blocking(move || match args.what {
        What::FanOut(args) => fan_out::run(&args, stop),
        What::Publish(args) => publish::run(&args, stop),
        What::Resume(args) => resume::run(&args, stop),
        What::Hold(args) => hold::run(&args, stop),
    });
    match work.await {
        Ok(done) => done,
        Err(error) => Err(Failure::Said(format!("the benchmark broke off: {error}"))),
    }
}

/// Adds what the server's processes used, per million of what was done, where they are known.
fn add_cpu(section: &mut Section, before: Option<Used>, after: Option<Used>, done: u64) {
    let (Some(before), Some(after)) = (before, after) else {
        return;
    };
    let seconds = after.cpu.saturating_sub(before.cpu).as_secs_f64();
    section.figure("cpu_seconds", "CPU of the server, s", seconds);
    if done > 0 {
        let per_million = seconds * 1e6 / done as f64;
        section.figure(
            "cpu_per_million",
            "CPU of the server per million, s",
            per_million,
        );
    }
}

/// Events per second, where it took any time.
fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
