//! The program itself, against a hub in this process.

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

#[tokio::test]
async fn publish_prints_the_id() {
    let (hub, server) = hub().await;
    let output = output([
        "publish",
        &server.url(),
        "--topic",
        "a",
        "--event",
        "tick",
        "two words",
    ])
    .await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let id: eventwire_server::EventId = text(&output.stdout).trim_end().parse().unwrap();
    assert_eq!(id.offset(), 1);
    assert_eq!(published(&hub, "a").await, ["tick: two words"]);
}

#[tokio::test]
async fn publish_takes_every_line_of_its_input() {
    let (hub, server) = hub().await;
    let url = server.url();
    let mut child = eventwire(["publish", &url, "-t", "a", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all("one\r\n\n-3\nlast é".as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 4);
    assert_eq!(
        published(&hub, "a").await,
        [
            "message: one",
            "message: ",
            "message: -3",
            "message: last é"
        ]
    );
}

#[tokio::test]
async fn publish_keeps_the_order_of_many_lines_and_prints_an_id_for_each() {
    let (hub, server) = hub().await;
    let url = server.url();
    let mut child = eventwire(["publish", &url, "-t", "a", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = (0..10_000).map(|n| format!("{n}\n")).collect();
    let writing = tokio::spawn(async move { stdin.write_all(lines.as_bytes()).await });
    let output = child.wait_with_output().await.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let ids = text(&output.stdout).lines();
    let offsets: Vec<u64> = ids
        .map(|id| id.rsplit('-').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(offsets, (1..=10_000).collect::<Vec<_>>());
    let expected: Vec<_> = (0..10_000).map(|n| format!("message: {n}")).collect();
    assert_eq!(published(&hub, "a").await, expected);
}

#[tokio::test]
async fn publish_shows_each_line_of_a_slow_input_at_once() {
    let (_hub, server) = hub().await;
    let url = server.url();
    let mut child = eventwire(["publish", &url, "-t", "a", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut ids = Lines::of(&mut child);
    for offset in 1..=3 {
        stdin.write_all(b"x\n").await.unwrap();
        // The next line comes only after the id of this one.
        let id = ids.next().await;
        assert!(id.ends_with(&format!("-{offset}")), "{id}");
    }
}

#[tokio::test]
async fn publish_says_why_the_hub_refused() {
    let (_hub, server) = hub().await;
    let output = output([
        "publish",
        &server.url(),
        "--topic",
        "a",
        "--event",
        "eventwire.x",
        "y",
    ])
    .await;
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.starts_with("eventwire: ") && told.contains("eventwire.") && told.contains("400"),
        "{told}"
    );
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn tail_prints_events_as_they_come() {
    let (hub, server) = hub().await;
    hub.publish(Publication::new("a", "held")).await.unwrap();
    let url = server.url();
    let mut child = eventwire(["tail", &url, "--topic", "a", "--start", "earliest"])
        .spawn()
        .unwrap();
    let mut lines = Lines::of(&mut child);
    assert_eq!(lines.next().await, "held");
    hub.publish(Publication::new("a", "two\nlines").event("tick"))
        .await
        .unwrap();
    assert_eq!(
        (lines.next().await, lines.next().await),
        ("tick: two".to_owned(), "lines".to_owned())
    );
}

#[tokio::test]
async fn tail_prints_json_and_raw() {
    let (hub, server) = hub().await;
    let first = hub
        .publish(Publication::new("a", "x"))
        .await
        .unwrap()
        .to_string();
    let second = hub
        .publish(Publication::new("a", "y\nz").event("tick"))
        .await
        .unwrap()
        .to_string();
    let url = server.url();

    let mut json = eventwire(["tail", &url, "-t", "a", "--start", "last:1", "--json"])
        .spawn()
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&Lines::of(&mut json).next().await).unwrap();
    assert_eq!(
        line,
        serde_json::json!({ "event": "tick", "data": "y\nz", "id": second })
    );

    let mut raw = eventwire(["tail", &url, "-t", "a", "--last-event-id", &first, "--raw"])
        .spawn()
        .unwrap();
    let expected = format!("id: {second}\nevent: tick\ndata: y\ndata: z\n\n");
    let mut block = vec![0; expected.len()];
    raw.stdout
        .take()
        .unwrap()
        .read_exact(&mut block)
        .await
        .unwrap();
    assert_eq!(text(&block), expected);
}

#[tokio::test]
async fn tail_tells_of_a_gap_and_goes_on() {
    let (hub, server) = hub().await;
    hub.publish(Publication::new("a", "x")).await.unwrap();
    let url = server.url();
    let mut child = eventwire(["tail", &url, "-t", "a", "--last-event-id", "other-7"])
        .spawn()
        .unwrap();
    assert_eq!(Lines::of(&mut child).next().await, "x");
    let mut notice = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut notice)
        .await
        .unwrap();
    assert!(
        notice.contains("other-7") && notice.contains("gone"),
        "{notice}"
    );
}

#[tokio::test]
async fn tail_reconnects_with_a_notice_and_misses_nothing() {
    let (hub, server) = hub().await;
    hub.publish(Publication::new("a", "one")).await.unwrap();
    let address = server.local_addr().to_string();
    let mut child = eventwire(["tail", &address, "-t", "a", "--start", "earliest"])
        .spawn()
        .unwrap();
    let mut lines = Lines::of(&mut child);
    assert_eq!(lines.next().await, "one");
    server.drain(std::time::Duration::from_secs(30)).await;
    hub.publish(Publication::new("a", "two")).await.unwrap();
    let mut notices = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        notices
            .next_line()
            .await
            .unwrap()
            .unwrap()
            .contains("trying again")
    );
    // A child of another test may hold the old socket for a moment, between its fork and its exec.
    let server = loop {
        match hub.serve(&address, ServeOptions::new()).await {
            Ok(server) => break server,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(lines.next().await, "two");
    drop(server);
}

#[cfg(unix)]
#[tokio::test]
async fn tail_ends_quietly_when_its_reader_goes() {
    let (hub, server) = hub().await;
    let url = server.url();
    let mut child = eventwire(["tail", &url, "-t", "a", "--start", "earliest"])
        .spawn()
        .unwrap();
    hub.publish(Publication::new("a", "x")).await.unwrap();
    let mut lines = Lines::of(&mut child);
    assert_eq!(lines.next().await, "x");
    drop(lines);
    // Though there is nothing more to write.
    let output = child.wait_with_output().await.unwrap();
    let end = (output.status.code(), text(&output.stderr));
    assert_eq!(end, (Some(141), ""));
}

#[tokio::test]
async fn tail_of_nothing_is_an_error_at_once() {
    let (_hub, server) = hub().await;
    // A port that is taken, and that nobody listens on.
    let deserted = tokio::net::TcpSocket::new_v4().unwrap();
    deserted.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = format!("http://{}", deserted.local_addr().unwrap());
    for (url, says) in [
        (gone, "cannot connect"),
        (server.url(), "topic"),
        (format!("{}/nowhere", server.url()), "404"),
        (format!("{}/health", server.url()), "no event stream"),
        ("no url at all".to_owned(), "no URL"),
    ] {
        let output = output(["tail", &url]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{url}: {told}");
        assert!(
            told.starts_with("eventwire: ") && told.contains(says),
            "{url}: {told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
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

#[cfg(unix)]
#[tokio::test]
async fn serve_is_a_whole_hub_and_logs_subscriptions_as_json() {
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "--max-events",
        "2",
        "--cors",
        "https://example.org",
    ];
    let mut serve = eventwire(arguments).spawn().unwrap();
    let listening = Lines::of(&mut serve).next().await;
    let url = listening.strip_prefix("listening on ").unwrap();
    for data in ["1", "2", "3"] {
        assert_eq!(
            output(["publish", url, "-t", "a", data])
                .await
                .status
                .code(),
            Some(0)
        );
    }
    let mut tail = eventwire(["tail", url, "-t", "a", "--start", "earliest"])
        .spawn()
        .unwrap();
    let mut lines = Lines::of(&mut tail);
    assert_eq!(
        (lines.next().await, lines.next().await),
        ("2".to_owned(), "3".to_owned())
    );
    let mut log = BufReader::new(serve.stderr.take().unwrap()).lines();
    let line: serde_json::Value =
        serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(line["target"], "eventwire::hub");
    assert_eq!(line["last_event_id"], "");
    assert!(line["topics"].as_str().unwrap().contains('a'), "{line}");
    signal(&serve, "-TERM");
    assert_eq!(serve.wait().await.unwrap().code(), Some(143));
}

#[tokio::test]
async fn serve_is_told_how_and_says_its_figures() {
    let mut serve = eventwire(["serve", "--listen=127.0.0.1:0", "--max-connections=1"])
        .args(["--threads=0", "--write-timeout=9", "--peer-timeout=20"])
        .arg("--send-buffer=8192")
        .spawn()
        .unwrap();
    let listening = Lines::of(&mut serve).next().await;
    let address = listening.strip_prefix("listening on http://").unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    ask(&mut first, "/health", "").await;
    // It was accepted when it is answered, and the next one is one too many.
    first.readable().await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    ask(&mut second, "/metrics", "").await;
    let mut refused = String::new();
    second.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");

    ask(&mut first, "/metrics", "Connection: close\r\n").await;
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    for line in [
        "eventwire_connections 1",
        "eventwire_refused_connections_total 1",
        "eventwire_sharded_connections 0",
    ] {
        assert!(answer.lines().any(|said| said == line), "{answer}");
    }
}

async fn ask(socket: &mut TcpStream, path: &str, headers: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn serve_says_what_is_wrong() {
    let (_hub, server) = hub().await;
    let taken = server.local_addr().to_string();
    for (arguments, says) in [
        (["--listen", taken.as_str()], "in use"),
        (["--listen", "0.0.0.0:0"], "--open-publish"),
        (["--listen", "nonsense"], "nonsense"),
        (["--store", "nowhere:"], "nowhere:"),
        (["--cors", "example.org"], "example.org"),
        (["--threads", "257"], "threads is 257"),
        (["--max-connections", "0"], "--max-connections is 0"),
        (["--write-timeout", "0"], "--write-timeout is 0"),
        (["--peer-timeout", "3.5"], "--peer-timeout is 3.5s"),
        (["--send-buffer", "9"], "--send-buffer is 9"),
        (["--max-events", "0"], "--max-events is 0"),
        (["--max-event", "0"], "--max-event is 0"),
        (["--max-topics", "0"], "--max-topics is 0"),
    ] {
        let output = output(["serve"].into_iter().chain(arguments)).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(
            told.starts_with("eventwire: ") && told.contains(says),
            "{arguments:?}: {told}"
        );
    }
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

#[tokio::test]
async fn serve_takes_what_the_errors_say_can_be_raised() {
    let mut serve = eventwire([
        "serve",
        "--listen=127.0.0.1:0",
        "--max-body=400",
        "--retry=77",
    ])
    .args(["--max-event=200", "--max-topics=1", "--slow=skip"])
    .spawn()
    .unwrap();
    let listening = Lines::of(&mut serve).next().await;
    let url = listening.strip_prefix("listening on ").unwrap();
    let (large, larger) = ("x".repeat(200), "x".repeat(400));
    for (topic, data, says) in [
        ("a", "x", None),
        (
            "a",
            large.as_str(),
            Some("at most 200 are allowed (max_event)"),
        ),
        ("a", larger.as_str(), Some("larger than 400 bytes")),
        ("b", "x", Some("all of 1 topics")),
    ] {
        // What is refused for now is tried again, but not for long.
        let output = output(["publish", url, "-t", topic, "--deadline", "0.9", data]).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.success(), says.is_none(), "{told}");
        assert!(told.contains(says.unwrap_or_default()), "{told}");
    }
    let address = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    ask(&mut socket, "/events?topic=a", "").await;
    let mut lines = BufReader::new(socket).lines();
    while lines.next_line().await.unwrap().unwrap() != "retry: 77" {}
}

#[cfg(unix)]
#[tokio::test]
async fn who_cannot_say_where_it_listens_does_not_end_well() {
    let mut serve = eventwire(["serve", "--listen=127.0.0.1:0"])
        .spawn()
        .unwrap();
    drop(serve.stdout.take());
    assert_eq!(serve.wait().await.unwrap().code(), Some(141));
}

#[tokio::test]
async fn tail_takes_events_as_large_as_it_is_told() {
    let (hub, server) = hub().await;
    hub.publish(Publication::new("a", "x".repeat(100)))
        .await
        .unwrap();
    let url = server.url();
    let begin = [
        "tail",
        &url,
        "-t",
        "a",
        "--start",
        "earliest",
        "--max-event",
    ];
    let small = output(begin.into_iter().chain(["50"])).await;
    assert_eq!(small.status.code(), Some(1));
    assert!(
        text(&small.stderr).contains("50"),
        "{}",
        text(&small.stderr)
    );
    let mut large = eventwire(begin.into_iter().chain(["200"])).spawn().unwrap();
    assert_eq!(Lines::of(&mut large).next().await, "x".repeat(100));
}

#[tokio::test]
async fn tail_gives_a_connection_up_on_which_nothing_comes() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut child = eventwire(["tail", &url, "-t", "a", "--idle-timeout", "1"])
        .spawn()
        .unwrap();
    let (mut first, _) = silent.accept().await.unwrap();
    assert!(first.read_u8().await.is_ok());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n";
    first.write_all(head.as_bytes()).await.unwrap();
    // Held, since it ends where nobody reads what it prints.
    let mut lines = Lines::of(&mut child);
    assert_eq!(lines.next().await, "x");
    // It asks again.
    let again = tokio::time::timeout(std::time::Duration::from_secs(60), silent.accept());
    again.await.expect("it asks no more").unwrap();
}
