//! The program itself, against a hub in this process.

mod publish;
mod serve;
mod tail;

use std::process::{Output, Stdio};

use eventwire_server::{Hub, Publication, ServeOptions, Server, Start, Subscribe};
use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

async fn hub() -> (Hub, Server) {
    let hub = Hub::new();
    let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap();
    (hub, server)
}

fn eventwire<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eventwire"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn output<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    eventwire(args).output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

struct Lines(tokio::io::Lines<BufReader<ChildStdout>>);

impl Lines {
    fn of(child: &mut Child) -> Lines {
        Lines(BufReader::new(child.stdout.take().unwrap()).lines())
    }

    async fn next(&mut self) -> String {
        self.0.next_line().await.unwrap().expect("one more line")
    }
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

async fn published(hub: &Hub, topic: &str) -> Vec<String> {
    let mut frames = hub
        .subscribe(Subscribe::to([topic]).start(Start::Earliest))
        .unwrap();
    hub.publish(Publication::new(topic, "the end"))
        .await
        .unwrap();
    let mut decoder = eventwire_codec::Decoder::new();
    let mut told = Vec::new();
    while let Some(frame) = frames.next().await {
        let mut items = decoder.feed(&frame);
        while let Some(event) = items.next_event().unwrap() {
            if event.data() == "the end" {
                return told;
            }
            told.push(format!("{}: {}", event.event(), event.data()));
        }
    }
    told
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_ends_each_command() {
    let (hub, server) = hub().await;
    let url = server.url();
    let mut serve = eventwire(["serve", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    assert!(
        Lines::of(&mut serve)
            .next()
            .await
            .starts_with("listening on http://127.0.0.1:")
    );
    signal(&serve, "-INT");
    assert_eq!(serve.wait().await.unwrap().code(), Some(130));

    let mut tail = eventwire(["tail", &url, "-t", "a", "--start", "earliest"])
        .spawn()
        .unwrap();
    output(["publish", &url, "-t", "a", "x"]).await;
    let mut lines = Lines::of(&mut tail);
    assert_eq!(lines.next().await, "x");
    signal(&tail, "-INT");
    assert_eq!(tail.wait().await.unwrap().code(), Some(130));

    let mut publish = eventwire(["publish", &url, "-t", "a"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Held, since to wait for a child closes its input.
    let mut stdin = publish.stdin.take().unwrap();
    stdin.write_all(b"x\n").await.unwrap();
    let mut lines = Lines::of(&mut publish);
    lines.next().await;
    signal(&publish, "-INT");
    assert_eq!(publish.wait().await.unwrap().code(), Some(130));

    let hour = ["--rate", "10", "--seconds", "3600", "--subscribers", "2"];
    let mut bench = eventwire(
        ["bench", "hold", &url, "--topic", "b"]
            .into_iter()
            .chain(hour),
    )
    .spawn()
    .unwrap();
    let mut frames = hub.subscribe(Subscribe::to(["b"])).unwrap();
    // The mark, and an event: it is under way.
    assert!(frames.next().await.is_some() && frames.next().await.is_some());
    signal(&bench, "-INT");
    assert_eq!(bench.wait().await.unwrap().code(), Some(130));
}

#[test]
fn arguments_that_make_no_sense_exit_with_2() {
    let run = |args: &[&str]| {
        eventwire_cli::run(std::iter::once(&"eventwire").chain(args).map(Into::into))
    };
    for args in [
        &["tail"][..],
        &["nonsense"],
        &["publish", "http://127.0.0.1:9", "x"],
        &["tail", "http://127.0.0.1:9", "--json", "--raw"],
        &["tail", "http://127.0.0.1:9", "--header", "nonsense"],
        &["serve", "--max-age", "-1"],
        &["serve", "--slow", "stop"],
    ] {
        assert_eq!(run(args), 2, "{args:?}");
    }
    assert_eq!(run(&["--help"]), 0);
}

#[test]
fn run_returns_its_exit_code_to_a_program_that_calls_it() {
    let args = [
        "eventwire",
        "publish",
        "http://127.0.0.1:9/events",
        "--topic",
        "a",
        "--header",
        "a b: c",
        "x",
    ];
    assert_eq!(eventwire_cli::run(args.map(Into::into)), 1);
}

#[tokio::test]
async fn a_number_that_is_negative_is_named_as_such() {
    for (option, says) in [
        (
            "--max-events",
            "invalid value '-1' for '--max-events <COUNT>'",
        ),
        ("--max-age", "invalid value '-1' for '--max-age <SECONDS>'"),
    ] {
        let output = output(["serve", option, "-1"]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(says), "{told}");
    }
}
