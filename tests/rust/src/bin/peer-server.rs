//! The server of the matrix in Rust: `peer-server --max-events N --retry-ms N`. `tests/matrix/README.md` has its protocol.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use eventwire::{Cors, Hub, Publication, ServeOptions};
use eventwire_tests::program::failure;
use eventwire_tests::report::{ServerCommand, ServerReport, print};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main]
async fn main() -> ExitCode {
    run().await.map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn run() -> Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let hub = Hub::builder()
        .max_events(options.max_events)
        .retry(Some(options.retry))
        .build()?;
    let server = hub
        .serve("127.0.0.1:0", ServeOptions::new().cors(Cors::Any))
        .await?;
    print(&ServerReport::Listening {
        url: format!("{}/events", server.url()),
    });

    let mut commands = BufReader::new(stdin()).lines();
    while let Some(line) = commands.next_line().await? {
        print(&match obey(&hub, &line).await {
            Ok(report) => report,
            Err(error) => ServerReport::Error {
                error: format!("{error:#}"),
            },
        });
    }
    server.close();
    Ok(())
}

async fn obey(hub: &Hub, line: &str) -> Result<ServerReport> {
    match serde_json::from_str(line)? {
        ServerCommand::Publish { topic, event, data } => {
            let mut publication = Publication::new(topic, data);
            if let Some(event) = event {
                publication = publication.event(event);
            }
            Ok(ServerReport::Published {
                id: hub.publish(publication).await?.to_string(),
            })
        }
        ServerCommand::Stats => Ok(ServerReport::Stats {
            subscribers: u64::try_from(hub.stats().subscribers)?,
        }),
        other => bail!("{other:?} is not known here"),
    }
}

struct Options {
    max_events: usize,
    retry: Duration,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options {
            max_events: 100_000,
            retry: Duration::from_secs(1),
        };
        while let Some(name) = args.next() {
            let value = args
                .next()
                .with_context(|| format!("{name} needs a value"))?;
            let number = || {
                value
                    .parse()
                    .with_context(|| format!("{name} {value}: not a number"))
            };
            match name.as_str() {
                "--max-events" => options.max_events = number()?,
                "--retry-ms" => options.retry = Duration::from_millis(number()?.try_into()?),
                _ => {
                    bail!("{name} is not known; usage: peer-server [--max-events N] [--retry-ms N]")
                }
            }
        }
        Ok(options)
    }
}
