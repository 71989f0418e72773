//! `demo`: a hub, a publisher in Python, subscribers in Rust, Python and Node, and a page for a browser.
//!
//! # Layout
//!
//! - `web`: the hub and the page, by axum; the page's connection can be reset.
//! - `hub_log`: what the hub logs, printed and kept.
//! - `timed`: `--seconds N`: every subscriber is cut once, and must get every event once and in order.
//! - `show`: without it: everything runs until Ctrl-C.

mod hub_log;
mod programs;
mod show;
mod timed;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use eventwire::Hub;
use eventwire_tests::program::{failure, interrupted};

use hub_log::HubLog;
use programs::Programs;

/// A hub, a publisher in Python, subscribers in Rust, Python and Node, and a page for your browser.
#[derive(Debug, Parser)]
struct Args {
    /// End by itself after publishing for so many seconds, and fail unless every subscriber got every event once.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// The Python that has eventwire.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The Node to run; it finds eventwire from examples/demo upwards.
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// Where the hub and the page are served.
    #[arg(long, default_value = "127.0.0.1:8844")]
    listen: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tokio::select! {
        code = run(args) => code.unwrap_or_else(failure),
        // All child processes end with the future that is dropped here.
        () = interrupted() => ExitCode::from(130),
    }
}

async fn run(args: Args) -> Result<ExitCode> {
    let log = HubLog::install()?;
    // Half a second between two connections: a demo should not make anybody wait.
    let hub = Hub::builder()
        .retry(Some(Duration::from_millis(500)))
        .build()?;
    let addr = web::serve(&hub, &args.listen).await?;
    println!("the page: http://{addr}/demo");
    let programs = Programs {
        python: args.python,
        node: args.node,
    };
    match args.seconds {
        Some(seconds) => timed::run(&programs, &log, addr, seconds).await,
        None => show::run(&programs, addr).await,
    }
}
