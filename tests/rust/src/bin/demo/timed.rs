//! `--seconds N`: 100 events a second; every subscriber is cut once by a TCP reset inside a frame, is away while at least 50
//! events are published, and must come back to miss nothing.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use eventwire::EventId;
use eventwire_tests::bounded;
use eventwire_tests::program::Program;
use eventwire_tests::proxy::{Cut, Proxy, Visit};
use eventwire_tests::report::{ClientReport, PublisherReport};
use eventwire_tests::tally::{Tally, Verdict};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::watch;

use crate::hub_log::{HubLog, text};
use crate::programs::{LANGUAGES, Language, Programs, TARGET};

const RATE: u64 = 100;
const AWAY: u64 = 50;

pub(crate) async fn run(
    programs: &Programs,
    log: &HubLog,
    hub: SocketAddr,
    seconds: u64,
) -> Result<ExitCode> {
    let total = seconds * RATE;
    let mut subscribers = Vec::new();
    for language in LANGUAGES {
        subscribers.push(Subscriber::start(programs, language, hub).await?);
    }
    for subscriber in &mut subscribers {
        subscriber.open().await?;
    }
    println!(
        "{} subscribers are open; publishing {total} events, {RATE} a second",
        subscribers.len()
    );

    let options = [
        "--rate",
        &RATE.to_string(),
        "--count",
        &total.to_string(),
        "--json",
    ];
    let publisher = programs.publisher(hub, &options)?;
    let (counter, published) = watch::channel(0);
    let watched = subscribers.into_iter().zip(1..).map(|(subscriber, place)| {
        // Not all at once, and early enough for 50 events to follow.
        let cut_at = total * place / 8;
        subscriber.watch(log, published.clone(), cut_at, total)
    });
    let watching = async { Ok(join_all(watched).await) };
    let ((), outcomes) = tokio::try_join!(publish(publisher, counter), watching)?;

    print_table(&outcomes);
    let perfect = outcomes.iter().all(Outcome::is_perfect);
    if perfect {
        println!("every subscriber got every event once and in order");
    }
    Ok(if perfect {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn publish(mut publisher: Program, counter: watch::Sender<u64>) -> Result<()> {
    loop {
        match publisher
            .report("the next event that was published")
            .await?
        {
            PublisherReport::Published { n, .. } => drop(counter.send_replace(n + 1)),
            PublisherReport::Done => return publisher.stop().await,
            other => bail!("the publisher gave up: {other:?}"),
        }
    }
}

struct Subscriber {
    language: Language,
    proxy: Proxy,
    program: Program,
    tally: Tally,
    /// The id of the last event that it got.
    position: String,
    /// Its position when it was opened for the second time.
    came_back_at: String,
}

/// What came of one subscriber.
struct Outcome {
    language: Language,
    verdict: Verdict,
    resumed_at: String,
    problem: Option<anyhow::Error>,
}

impl Subscriber {
    async fn start(programs: &Programs, language: Language, hub: SocketAddr) -> Result<Subscriber> {
        let proxy = Proxy::start(hub).await?;
        let program = programs.subscriber(language, &proxy.url(TARGET), &["--json"])?;
        let (position, came_back_at) = Default::default();
        Ok(Subscriber {
            language,
            proxy,
            program,
            tally: Tally::default(),
            position,
            came_back_at,
        })
    }

    async fn open(&mut self) -> Result<()> {
        match self.program.report("its opening").await? {
            ClientReport::Opened => Ok(()),
            other => bail!(
                "{} reported {other:?} where its opening was to come",
                self.program.name()
            ),
        }
    }

    async fn watch(
        mut self,
        log: &HubLog,
        published: watch::Receiver<u64>,
        cut_at: u64,
        total: u64,
    ) -> Outcome {
        let outcome = self.watch_all(log, published, cut_at, total).await;
        let (resumed_at, problem) = match outcome {
            Ok(resumed_at) => (resumed_at, None),
            Err(error) => ("?".to_owned(), Some(error)),
        };
        Outcome {
            language: self.language,
            verdict: self.tally.verdict(total),
            resumed_at,
            problem,
        }
    }

    async fn watch_all(
        &mut self,
        log: &HubLog,
        published: watch::Receiver<u64>,
        cut_at: u64,
        total: u64,
    ) -> Result<String> {
        while self.tally.greatest() < Some(cut_at) {
            self.event().await?;
        }
        self.proxy.arm();
        // It reads on while it is cut: what a full pipe holds back would be no test.
        let language = self.language;
        let (proxy, reading) = (&self.proxy, &mut self.program);
        let mut reports = Vec::new();
        let (cut, visit) = {
            let cutting = cut_and_release(language, proxy, published);
            let mut cutting = std::pin::pin!(cutting);
            loop {
                tokio::select! {
                    done = &mut cutting => break done?,
                    line = reading.line() => reports.push(line.context("it has ended while it was cut")?),
                }
            }
        };
        for line in reports {
            self.take(serde_json::from_str(&line)?)?;
        }
        while self.tally.greatest() < Some(total - 1) {
            self.event().await?;
        }
        self.finish().await?;
        check_resume(log, &cut, &visit, &self.came_back_at)
    }

    /// Takes reports up to the next event.
    async fn event(&mut self) -> Result<()> {
        while !self.take_next().await? {}
        Ok(())
    }

    async fn take_next(&mut self) -> Result<bool> {
        let report = self.program.report("the next event").await?;
        self.take(report)
    }

    /// Notes one report. Returns whether it was an event.
    fn take(&mut self, report: ClientReport) -> Result<bool> {
        match report {
            ClientReport::Event { data, id, .. } => {
                let data: Value =
                    serde_json::from_str(&data).with_context(|| format!("the data {data:?}"))?;
                self.tally
                    .note(data["n"].as_u64().context("an event without a number")?);
                self.position = id;
                return Ok(true);
            }
            ClientReport::Opened => self.came_back_at.clone_from(&self.position),
            ClientReport::Reconnecting { .. } => {}
            other => bail!("it reported {other:?}"),
        }
        Ok(false)
    }

    /// After the last event: anything that still comes is counted.
    async fn finish(&mut self) -> Result<()> {
        self.program.ask_to_stop();
        loop {
            match self.program.report("its end").await? {
                ClientReport::Closed => return Ok(()),
                report => drop(self.take(report)?),
            }
        }
    }
}

/// Cuts it, lets it come back once enough was published, and tells how it came back.
async fn cut_and_release(
    language: Language,
    proxy: &Proxy,
    mut published: watch::Receiver<u64>,
) -> Result<(Cut, Visit)> {
    let cut = proxy.cut(0).await?;
    let at = *published.borrow();
    println!(
        "{language:?} is cut inside a frame, after {} and {at} published events",
        cut.last_event_id
    );
    let enough = published.wait_for(|count| *count >= at + AWAY);
    let now = *bounded("50 events while a subscriber is away", enough)
        .await?
        .with_context(|| format!("fewer than {AWAY} events were published after the cut"))?;
    proxy.release();
    let visit = proxy.answered(1).await?;
    println!(
        "{language:?} is back; {} events were published before it was let in",
        now - at
    );
    Ok((cut, visit))
}

/// The same position in the eyes of all: the bytes up to the cut, the subscriber, the request that came back, and the hub.
fn check_resume(log: &HubLog, cut: &Cut, visit: &Visit, came_back_at: &str) -> Result<String> {
    let position = &cut.last_event_id;
    ensure!(
        came_back_at == position,
        "it had all up to {came_back_at}, and the wire up to {position}"
    );
    let asked = visit
        .last_event_id
        .as_deref()
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    ensure!(
        asked == *position,
        "it came back with {asked:?} instead of {position:?}"
    );
    let peer = visit
        .peer
        .context("its second request was never forwarded")?
        .to_string();
    let line = log
        .of_peer(&peer)
        .with_context(|| format!("the hub logged no subscription of {peer}"))?;
    for (field, expected) in [
        ("last_event_id", position.as_str()),
        ("start", position),
        ("reset", ""),
    ] {
        ensure!(
            text(&line, field) == expected,
            "the hub logged {field} {:?} instead of {expected:?}",
            text(&line, field)
        );
    }
    let (position, first): (EventId, EventId) = (parse(position)?, parse(text(&line, "first"))?);
    ensure!(
        first.epoch() == position.epoch() && first.offset() == position.offset() + 1,
        "the hub logged that the replay began with {first}, which is not right after {position}"
    );
    Ok(position.to_string())
}

fn parse(id: &str) -> Result<EventId> {
    id.parse().with_context(|| format!("{id:?} is no event ID"))
}

impl Outcome {
    fn is_perfect(&self) -> bool {
        self.problem.is_none() && self.verdict.is_perfect()
    }
}

fn print_table(outcomes: &[Outcome]) {
    println!(
        "\n{:<10} {:>8} {:>8} {:>8}  resumed at",
        "subscriber", "received", "missing", "doubled"
    );
    for Outcome {
        language,
        verdict,
        resumed_at,
        problem,
    } in outcomes
    {
        let (missing, doubled) = (verdict.missing.len(), verdict.doubled.len());
        let name = format!("{language:?}");
        println!(
            "{name:<10} {:>8} {missing:>8} {doubled:>8}  {resumed_at}",
            verdict.received
        );
        if let Some(error) = problem {
            println!("  {error:#}");
        } else if !verdict.is_perfect() {
            println!("  {verdict}");
        }
    }
}
