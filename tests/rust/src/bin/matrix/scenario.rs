//! One pair plays the fixture.

use anyhow::{Context, Result, bail, ensure};
use eventwire_tests::PATIENCE;
use eventwire_tests::program::Program;
use eventwire_tests::proxy::{Cut, Proxy};
use eventwire_tests::report::{ClientReport, ServerCommand, ServerReport};
use tokio::time::{Instant, sleep};

use crate::fixture::{Fixture, Part, Plan, plans};
use crate::nginx::Nginx;
use crate::peers::{Client, Pair, Peers};

/// A pair at work.
struct Play<'a> {
    fixture: &'a Fixture,
    /// Whether the server is a hub of ours.
    is_hub: bool,
    server: Program,
    proxy: Proxy,
    nginx: Option<Nginx>,
    client: Client,
    /// Everything that was published to the topic, with its id.
    published: Vec<(Plan, String)>,
    /// The id of the last event that was delivered; of the mark, before the first.
    position: String,
    /// Whether no event was delivered yet.
    only_the_mark: bool,
    cuts: usize,
}

/// The first frame of all, the mark, was lost with the connection on its last way to the client: no fault of the pair.
///
/// Chromium hands on what came over HTTP/2 a little later than it came, and drops what it still holds when the stream is
/// reset. Of an event the driver knows by the page's report that it has arrived; of a mark nothing tells.
#[derive(Debug)]
struct MarkLost;

impl std::fmt::Display for MarkLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the browser came back without the mark that nginx had sent it")
    }
}

impl std::error::Error for MarkLost {}

/// How often a pair is played at most, where the browser loses the mark.
const PLAYS: usize = 4;

/// Plays it to the end; gives the names of the parts that were played.
pub(crate) async fn play<'a>(
    fixture: &'a Fixture,
    peers: &Peers,
    pair: Pair,
) -> Result<Vec<&'a str>> {
    for _ in 1..PLAYS {
        match play_once(fixture, peers, pair).await {
            Err(error) if error.is::<MarkLost>() => println!("again matrix {pair}: {MarkLost}"),
            outcome => return outcome,
        }
    }
    play_once(fixture, peers, pair).await
}

async fn play_once<'a>(fixture: &'a Fixture, peers: &Peers, pair: Pair) -> Result<Vec<&'a str>> {
    let mut server = peers.start_server(pair.server, fixture)?;
    let url = match server.report("its address").await? {
        ServerReport::Listening { url } => url,
        other => bail!(
            "{} reported {other:?} where its address was to come",
            server.name()
        ),
    };
    let (addr, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .context(url.clone())?;
    let proxy = Proxy::start(
        addr.parse()
            .with_context(|| format!("the address of {url}"))?,
    )
    .await?;

    let mut published = Vec::new();
    for plan in plans(&fixture.earlier) {
        published.push(publish(&mut server, &fixture.topic, plan).await?);
    }
    let target = format!("/{path}?topic={}", fixture.topic.replace('/', "%2F"));
    let nginx = peers.start_nginx(pair.server, proxy.addr()).await?;
    let url = match &nginx {
        Some(nginx) => format!("{}{target}", nginx.origin),
        None => proxy.url(&target),
    };
    let authority = nginx.as_ref().map(Nginx::authority);
    let authority = authority.filter(|file| file.exists());
    let client = peers.start_client(pair.client, &url, authority, fixture)?;
    let mut play = Play {
        fixture,
        is_hub: pair.server.is_hub(),
        server,
        proxy,
        nginx,
        client,
        published,
        position: String::new(),
        only_the_mark: true,
        cuts: 0,
    };
    let said = |play: &Play<'_>| {
        let complaints = play.nginx.as_ref().map(Nginx::complaints);
        complaints.unwrap_or_default()
    };
    play.open()
        .await
        .with_context(|| format!("at the start{}", said(&play)))?;
    let mut played = Vec::new();
    for part in &fixture.parts {
        if part.hub_only && !play.is_hub {
            continue;
        }
        let outcome = play.part(part).await;
        outcome.with_context(|| format!("in the part {:?}{}", part.name, said(&play)))?;
        played.push(part.name.as_str());
    }
    play.close().await.context("at the end")?;
    Ok(played)
}

impl Play<'_> {
    async fn open(&mut self) -> Result<()> {
        self.expect(ClientReport::Opened).await?;
        let visit = self.proxy.visit(0).await?;
        ensure!(
            visit.last_event_id.is_none(),
            "the first request has a Last-Event-ID: {visit:?}"
        );
        // Without a mark, there is no position before the first event.
        let last = self.published.last().filter(|_| self.is_hub);
        self.position = last.map(|(_, id)| id.clone()).unwrap_or_default();
        Ok(())
    }

    async fn part(&mut self, part: &Part) -> Result<()> {
        self.deliver_live(&part.before).await?;
        if let Some(entry) = &part.cut {
            let first_missed = self.published.len();
            self.proxy.arm();
            for plan in entry.plans() {
                self.publish(plan).await?;
            }
            let cut = self.proxy.cut(self.cuts).await?;
            for plan in plans(&part.away) {
                self.publish(plan).await?;
            }
            self.cuts += 1;
            self.resume(part, &cut, first_missed).await?;
        }
        self.deliver_live(&part.after).await
    }

    /// The client comes back, and gets what it missed.
    async fn resume(&mut self, part: &Part, cut: &Cut, first_missed: usize) -> Result<()> {
        let position = &self.position;
        ensure!(
            cut.last_event_id == *position,
            "up to the cut the wire had {:?}, the client {position:?}",
            cut.last_event_id
        );
        let visit = match self.proxy.visit(self.cuts).await {
            Ok(visit) => visit,
            Err(error) => {
                let last = self
                    .client
                    .report("what it did instead of coming back")
                    .await;
                return Err(error.context(format!("its last report: {last:?}")));
            }
        };
        let came_with = visit
            .last_event_id
            .as_deref()
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        let unseen = self.only_the_mark && self.nginx.is_some();
        if unseen && matches!(self.client, Client::Browser(_)) && came_with.is_empty() {
            return Err(MarkLost.into());
        }
        ensure!(
            came_with == *position,
            "it came back with {came_with:?} and had all up to {position:?}"
        );
        self.proxy.release();

        let mut report = self.next().await?;
        ensure!(
            matches!(report, ClientReport::Reconnecting { .. }),
            "after the cut it reported {report:?}"
        );
        while matches!(report, ClientReport::Reconnecting { .. }) {
            report = self.next().await?;
        }
        ensure!(
            report == ClientReport::Opened,
            "instead of a second opening it reported {report:?}"
        );

        let mut from = first_missed;
        let answer = self.proxy.answered(self.cuts).await?;
        let first = answer.first.context("no first event")?;
        if let Some(reason) = &part.reset {
            from = self.published.len() - self.fixture.max_events;
            ensure!(
                from > first_missed,
                "nothing was evicted: the fixture publishes too little"
            );
            ensure!(
                first.event() == "eventwire.reset",
                "the answer begins with {first:?}"
            );
            self.expect(ClientReport::Reset {
                requested: self.position.clone(),
                reason: reason.clone(),
                first: Some(self.published[from].1.clone()),
            })
            .await?;
        } else {
            ensure!(
                !self.is_hub || answer.mark.as_ref() == Some(&self.position),
                "the answer starts from {:?}",
                answer.mark
            );
            ensure!(
                first.id() == self.published[from].1,
                "the answer begins with {first:?}"
            );
        }
        self.delivered(from).await
    }

    async fn deliver_live(&mut self, entries: &[crate::fixture::Entry]) -> Result<()> {
        let from = self.published.len();
        for plan in plans(entries) {
            self.publish(plan).await?;
        }
        self.delivered(from).await
    }

    /// All that was published from that index on comes, in order.
    async fn delivered(&mut self, from: usize) -> Result<()> {
        for index in from..self.published.len() {
            let (plan, id) = self.published[index].clone();
            let event = plan.event.unwrap_or_else(|| "message".to_owned());
            self.expect(ClientReport::Event {
                event,
                data: plan.data,
                id: id.clone(),
            })
            .await?;
            self.position = id;
            self.only_the_mark = false;
        }
        Ok(())
    }

    async fn publish(&mut self, plan: Plan) -> Result<()> {
        let published = publish(&mut self.server, &self.fixture.topic, plan).await?;
        self.published.push(published);
        Ok(())
    }

    async fn next(&mut self) -> Result<ClientReport> {
        self.client.report("a report").await?.seen_as_item()
    }

    async fn expect(&mut self, expected: ClientReport) -> Result<()> {
        let report = match self.client.report(&brief(&expected)).await {
            Ok(report) => report.seen_as_item()?,
            Err(error) => return Err(error),
        };
        ensure!(
            report == expected,
            "it reported {} where {} was to come",
            brief(&report),
            brief(&expected)
        );
        Ok(())
    }

    async fn close(mut self) -> Result<()> {
        self.client.close();
        self.expect(ClientReport::Closed).await?;
        self.proxy.idle().await?;
        if let Some(nginx) = &self.nginx {
            nginx.check_protocol()?;
        }
        let begun = Instant::now();
        loop {
            self.server.send(&ServerCommand::Stats).await?;
            match self.server.report("stats").await? {
                ServerReport::Stats { subscribers: 0 } => break,
                ServerReport::Stats { subscribers } => {
                    ensure!(
                        begun.elapsed() < PATIENCE,
                        "the hub still has {subscribers} subscribers"
                    );
                    sleep(std::time::Duration::from_millis(20)).await;
                }
                other => bail!(
                    "{} reported {other:?} where stats were to come",
                    self.server.name()
                ),
            }
        }
        self.client.stop().await?;
        self.server.stop().await
    }
}

async fn publish(server: &mut Program, topic: &str, plan: Plan) -> Result<(Plan, String)> {
    let (event, data) = (plan.event.clone(), plan.data.clone());
    server
        .send(&ServerCommand::Publish {
            topic: topic.to_owned(),
            event,
            data,
        })
        .await?;
    match server.report("the id of an event").await? {
        ServerReport::Published { id } => Ok((plan, id)),
        other => bail!(
            "{} reported {other:?} where the id of an event was to come",
            server.name()
        ),
    }
}

/// A report for a message: long data would bury what matters.
fn brief(report: &ClientReport) -> String {
    const LONG: usize = 300;
    let text = format!("{report:?}");
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
