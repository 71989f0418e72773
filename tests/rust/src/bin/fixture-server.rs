//! `fixture-server`: plays the fixtures of `tests/fixtures/client` for the runners in Python and JavaScript. Each line of its
//! standard input is a command in JSON, and is answered by one line of its standard output, in the same order.
//!
//! | command | answer |
//! |---|---|
//! | `{"play": NAME}` | `{"play": NUMBER, "options", "consumer", "items", "ends"}`: what to run against the addresses in `options` |
//! | `{"judge": NUMBER, "runner": NAME, "told": {...}}` | `{"wrong": null}`, or what is wrong; the play is over |
//!
//! What cannot be done is answered by `{"failed": WHY}`.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use eventwire_tests::client_fixtures::{Case, Play, Told, all, judge};
use eventwire_tests::program::failure;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};

#[derive(Deserialize)]
#[serde(untagged)]
enum Command {
    Play {
        play: String,
    },
    Judge {
        judge: u64,
        runner: String,
        told: Told,
    },
}

struct Stage {
    cases: Vec<Case>,
    plays: HashMap<u64, Play>,
    next: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn run() -> Result<()> {
    let mut stage = Stage {
        cases: all()?,
        plays: HashMap::new(),
        next: 0,
    };
    let mut commands = BufReader::new(stdin()).lines();
    let mut out = stdout();
    while let Some(line) = commands.next_line().await? {
        let answer = match stage.obey(&line).await {
            Ok(answer) => answer,
            Err(error) => json!({"failed": format!("{error:#}")}),
        };
        out.write_all(format!("{answer}\n").as_bytes()).await?;
        out.flush().await?;
    }
    Ok(())
}

impl Stage {
    async fn obey(&mut self, line: &str) -> Result<Value> {
        match serde_json::from_str(line).context("that is no command")? {
            Command::Play { play: name } => {
                let case = self.cases.iter().find(|case| case.name == name);
                let play = Play::start(case.context("there is no such case")?).await?;
                let case = play.case();
                let answer = json!({
                    "play": self.next,
                    "options": case.options,
                    "consumer": case.consumer,
                    "items": case.items(),
                    "ends": case.ends(),
                });
                self.plays.insert(self.next, play);
                self.next += 1;
                Ok(answer)
            }
            Command::Judge {
                judge: number,
                runner,
                told,
            } => {
                let play = self.plays.remove(&number).context("nothing is played")?;
                let wrong = judge(&runner, play.case(), &told, &play.asked()).err();
                Ok(json!({"wrong": wrong.map(|error| error.to_string())}))
            }
        }
    }
}
