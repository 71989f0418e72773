//! `chromium-streams`: random event streams, as Chromium's `EventSource` reads them and as our decoder does.
//! `tests/matrix/README.md` says what is compared.

mod generate;
mod judge;
mod known;
mod page;
mod server;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use eventwire_tests::bounded;
use eventwire_tests::chromium::{self, Chromium};
use eventwire_tests::program::{failure, interrupted};

use generate::Session;
use judge::Verdict;
use server::Streams;

/// Gives random event streams to Chromium's EventSource and to our decoder, and compares the events.
#[derive(Debug, Parser)]
struct Args {
    /// The Chromium to run. By default the one on the PATH.
    #[arg(long)]
    chromium: Option<PathBuf>,
    /// How many streams.
    #[arg(long, default_value_t = 400)]
    streams: usize,
    /// What the streams are drawn from. By default something new.
    #[arg(long)]
    seed: Option<u64>,
    /// Play this session of the seed alone, as a failure names it.
    #[arg(long, requires = "seed")]
    session: Option<u64>,
}

/// So many failures are shown whole; the others are only counted.
const SHOWN: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tokio::select! {
        code = run(args) => code.unwrap_or_else(failure),
        // The browser ends with the future that is dropped here.
        () = interrupted() => ExitCode::from(130),
    }
}

async fn run(args: Args) -> Result<ExitCode> {
    let chromium = args.chromium.or_else(chromium::find);
    let chromium =
        chromium.context("no Chromium is on the PATH, and none was given by --chromium")?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let sessions = match args.session {
        Some(number) => vec![generate::session(seed, number)],
        None => sessions(seed, args.streams),
    };
    let count = sessions.len();
    let streams = Streams::serve().await?;
    let (url, mut outcomes) = page::serve(sessions.into_iter(), streams.clone()).await?;
    let mut browser = Chromium::start(&chromium, &url)?;

    let mut totals = Totals::default();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed = 0;
    for _ in 0..count {
        let next = async {
            tokio::select! {
                outcome = outcomes.recv() => outcome.context("the page's server is gone"),
                error = browser.ended() => Err(error),
            }
        };
        let outcome = bounded("an outcome of the page in Chromium", next).await??;
        let (session, requests) = streams.remove(outcome.number)?;
        totals.add(&session, &outcome, requests.len());
        match judge::judge(&session, &outcome, &requests) {
            Verdict::Same => {}
            Verdict::Known(name) => *known.entry(name).or_insert(0) += 1,
            Verdict::Different(why) => {
                failed += 1;
                let number = session.number;
                println!("not ok session {number} of seed {seed}: Chromium and our decoder differ");
                if failed <= SHOWN {
                    print!("    {why}");
                    println!(
                        "    to see it again: cargo run -p eventwire-tests --bin chromium-streams -- --seed {seed} --session {number}"
                    );
                }
            }
        }
    }
    browser.stop().await?;
    for (name, sessions) in known {
        println!("known, in {sessions} sessions: {name}");
    }
    if failed == 0 {
        println!("ok {totals}");
    }
    println!("{} passed, {failed} failed", usize::from(failed == 0));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sessions that have so many streams, or one or two more.
fn sessions(seed: u64, streams: usize) -> Vec<Session> {
    let mut count = 0;
    let all = (0..).map(|number| generate::session(seed, number));
    all.take_while(|session| {
        let wanted = count < streams;
        count += session.connections.len();
        wanted
    })
    .collect()
}

/// What was compared.
#[derive(Debug, Default)]
struct Totals {
    sessions: usize,
    streams: usize,
    chunks: usize,
    events: usize,
    requests: usize,
}

impl Totals {
    fn add(&mut self, session: &Session, outcome: &page::Outcome, requests: usize) {
        self.sessions += 1;
        self.streams += session.connections.len();
        self.chunks += session
            .connections
            .iter()
            .map(|stream| stream.chunks.len())
            .sum::<usize>();
        self.events += outcome.connections.iter().map(Vec::len).sum::<usize>();
        self.requests += requests;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} streams in {} chunks: the same {} events, and the same Last-Event-ID in {} requests",
            self.streams, self.chunks, self.events, self.requests
        )
    }
}
