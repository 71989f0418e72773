//! `matrix`: every client against every server, one fixture. `tests/matrix/README.md` says what is played and checked.

mod browser;
mod fixture;
mod nginx;
mod peers;
mod scenario;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use eventwire_tests::chromium;
use eventwire_tests::program::{failure, interrupted};
use futures_util::{StreamExt, stream};

use fixture::Fixture;
use peers::{Pair, Peers, pairs};

/// Plays tests/fixtures/matrix/main.json with every client against every server.
#[derive(Debug, Parser)]
struct Args {
    /// The Python that has eventwire.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The Node to run; it finds eventwire from tests/matrix/peers upwards.
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// The Chromium to run. By default the one on the PATH; without any its pairs are skipped.
    #[arg(long)]
    chromium: Option<PathBuf>,
    /// The nginx to run. Without any, the pairs behind it are skipped.
    #[arg(long)]
    nginx: Option<PathBuf>,
    /// Play only the pairs whose name ("Node connect x Rust") holds this, whatever its case. May be given again.
    #[arg(long)]
    only: Vec<String>,
    /// How many pairs play at the same time.
    #[arg(long, default_value_t = 3)]
    jobs: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tokio::select! {
        code = run(args) => code.unwrap_or_else(failure),
        // All processes end with the future that is dropped here.
        () = interrupted() => ExitCode::from(130),
    }
}

async fn run(args: Args) -> Result<ExitCode> {
    let fixture = Fixture::read()?;
    let peers = Peers {
        python: args.python,
        node: args.node,
        chromium: args.chromium.or_else(chromium::find),
        nginx: args.nginx,
        pages: browser::Pages::serve().await?,
    };
    let wanted: Vec<Pair> = pairs()
        .filter(|pair| matches(&pair.to_string(), &args.only))
        .collect();
    ensure!(
        !wanted.is_empty(),
        "no pair's name holds {:?}: they are named as \"Node connect x Rust\"",
        args.only
    );

    let (mut passed, mut failed) = (0, 0);
    let (wanted, skipped): (Vec<Pair>, Vec<Pair>) = wanted
        .into_iter()
        .partition(|pair| peers.lacks(*pair).is_none());
    for pair in skipped {
        println!(
            "skip matrix {pair}: {}",
            peers.lacks(pair).unwrap_or_default()
        );
    }
    let plays = wanted.into_iter().map(|pair| {
        let (fixture, peers) = (&fixture, &peers);
        async move { (pair, scenario::play(fixture, peers, pair).await) }
    });
    let mut plays = std::pin::pin!(stream::iter(plays).buffer_unordered(args.jobs.max(1)));
    while let Some((pair, outcome)) = plays.next().await {
        match outcome {
            Ok(parts) => {
                passed += 1;
                println!("ok matrix {pair} ({})", parts.join(", "));
            }
            Err(error) => {
                failed += 1;
                // In one line, since a summary shows only that.
                let why = format!("{error:#}").replace('\n', " ");
                println!("not ok matrix {pair}: {why}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn matches(name: &str, only: &[String]) -> bool {
    let name = name.to_lowercase();
    only.is_empty() || only.iter().any(|part| name.contains(&part.to_lowercase()))
}
