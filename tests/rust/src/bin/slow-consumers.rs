//! `slow-consumers`: a server that sends as fast as a socket takes, and in each language a consumer that rests now and then. A
//! line of JSON for each says how many events it got, and what its memory was.
//!
//! The server ends after the last event, and answers 204 to who comes back with its id: so a consumer that has all ends by itself.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use eventwire::ConnectOptions;
use eventwire_tests::program::{failure, root};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What each event carries besides its id.
const DATA: &str =
    r#"{"token": "a few words of an answer that somebody reads slowly", "index": 0}"#;
/// How much is written at a time.
const PART: usize = 64 << 10;

/// Consumers that rest now and then, one after the other.
#[derive(Debug, Parser)]
struct Args {
    /// The Python that has eventwire.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The Node to run; it finds eventwire from tests/soak upwards.
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// How many events each reads; a multiple of 100.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..))]
    events: u64,
    /// Only consume, from this URL.
    #[arg(long, hide = true)]
    consume: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    run(Args::parse())
        .await
        .map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn run(args: Args) -> Result<()> {
    let count = args.events / 100 * 100;
    if let Some(url) = &args.consume {
        println!("{}", consume(url, count).await?);
        return Ok(());
    }
    let url = format!("http://{}/", serve(count).await?);
    let program = |path: PathBuf, file: &str| {
        let mut command = Command::new(path);
        command.arg(root().join("tests/soak").join(file)).arg(&url);
        command.arg(count.to_string());
        command
    };
    let mut rust = Command::new(std::env::current_exe()?);
    rust.args(["--consume", &url, "--events", &count.to_string()]);
    for (name, command) in [
        ("Rust", rust),
        ("Python", program(args.python, "slow_consumer.py")),
        ("Node", program(args.node, "slow_consumer.mjs")),
    ] {
        let mut command = tokio::process::Command::from(command);
        let done = command.kill_on_drop(true).output().await;
        let done = done.with_context(|| format!("the consumer in {name} could not be started"))?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "the consumer in {name}: {said}");
        let mut found: Value = serde_json::from_slice(&done.stdout)
            .with_context(|| format!("the consumer in {name} gave no JSON: {said}"))?;
        found["language"] = name.into();
        println!("{found}");
    }
    Ok(())
}

async fn consume(url: &str, count: u64) -> Result<Value> {
    let mut stream = ConnectOptions::new(url).open()?;
    let (mut number, mut before) = (0, 0);
    while let Some(event) = stream.next().await {
        let event = event?;
        number += 1;
        ensure!(
            event.id() == number.to_string(),
            "{:?} came where {number} was to come",
            event.id()
        );
        if number % (count / 100) == 0 {
            if before == 0 {
                before = held("VmRSS")?;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(json!({ "events": number, "before": before, "most": held("VmHWM")? }))
}

/// A figure of the own process, in KiB.
fn held(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in /proc/self/status"))?;
    Ok(line.trim_matches([':', ' ', '\t', 'k', 'B']).parse()?)
}

async fn serve(count: u64) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Who goes away is told nothing more.
            tokio::spawn(async move { answer(socket, count).await });
        }
    });
    Ok(address)
}

async fn answer(socket: TcpStream, count: u64) -> Result<()> {
    let mut socket = BufReader::new(socket);
    let mut seen = 0;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(id) = line.strip_prefix("last-event-id:") {
            seen = id.trim().parse()?;
        }
    }
    if seen == count {
        socket
            .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            .await?;
        return Ok(socket.shutdown().await?);
    }
    socket
        .write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
        )
        .await?;
    let mut part = Vec::with_capacity(PART + 256);
    for number in seen + 1..=count {
        write!(part, "id: {number}\ndata: {DATA}\n\n")?;
        if part.len() >= PART || number == count {
            socket.write_all(&part).await?;
            part.clear();
        }
    }
    Ok(socket.shutdown().await?)
}
