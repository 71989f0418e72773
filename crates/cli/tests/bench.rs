//! `eventwire bench` against a hub in this process, and against a server that is none of ours. By counts: nothing is said of time.

use std::process::Stdio;

use eventwire_server::{Hub, HubBuilder, ServeOptions, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::broadcast;

async fn serve(builder: HubBuilder) -> (Hub, Server) {
    let hub = builder.build().unwrap();
    let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap();
    (hub, server)
}

/// Runs `eventwire bench`: its exit code, what it printed, and what it said on the standard error.
async fn bench(what: &str, url: &str, more: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_eventwire"))
        .args(["bench", what, url, "--json", "--timeout", "20"])
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

async fn figures(what: &str, url: &str, more: &[&str]) -> Value {
    let (code, stdout, stderr) = bench(what, url, more).await;
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[tokio::test]
async fn fan_out_counts_every_delivery() {
    let (hub, server) = serve(Hub::builder()).await;
    let more = [
        "-s",
        "20",
        "--rounds",
        "10",
        "--rate",
        "100",
        "--seconds",
        "0.1",
        "--burst",
        "30",
        "--bursts",
        "2",
    ];
    let found = figures("fan-out", &server.url(), &more).await;
    assert_eq!(found["rounds"]["deliveries"], 10 * 20);
    assert_eq!(found["rate"]["deliveries"], 10 * 20);
    assert_eq!(found["bursts"]["deliveries"], 2 * 30 * 20);
    for part in ["rounds", "rate", "bursts"] {
        assert_eq!(found[part]["missed"], 0, "{found}");
        assert_eq!(found[part]["repeated"], 0, "{found}");
        assert!(
            found[part]["p99_ms"].as_f64() >= found[part]["p50_ms"].as_f64(),
            "{found}"
        );
    }
    // At least one to settle, one to warm up, and the three parts.
    let stats = hub.stats();
    assert!(stats.published >= 1 + 1 + 10 + 10 + 60, "{stats:?}");
    assert_eq!(stats.delivered, stats.published * 20, "{stats:?}");
}

#[tokio::test]
async fn a_table_is_printed_where_no_json_is_asked_for() {
    let (_hub, server) = serve(Hub::builder()).await;
    let output = Command::new(env!("CARGO_BIN_EXE_eventwire"))
        .args([
            "bench",
            "fan-out",
            &server.url(),
            "-s",
            "3",
            "--rounds",
            "2",
            "--rate",
            "0",
        ])
        .output()
        .await
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let cell = |label: &str| {
        let line = table
            .lines()
            .find(|line| line.trim_start().starts_with(label));
        line.and_then(|line| line.split_whitespace().last())
            .map(str::to_owned)
    };
    assert_eq!(cell("deliveries  ").as_deref(), Some("6"), "{table}");
    assert_eq!(cell("events missed").as_deref(), Some("0"), "{table}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_of_the_server_is_measured() {
    let (_hub, server) = serve(Hub::builder()).await;
    let pid = std::process::id().to_string();
    let found = figures(
        "fan-out",
        &server.url(),
        &["-s", "5", "--rounds", "5", "--rate", "0", "--pid", &pid],
    )
    .await;
    assert!(
        found["connect"]["resident_mib"].as_f64().unwrap() > 1.0,
        "{found}"
    );
    assert!(found["rounds"]["cpu_per_million"].is_f64(), "{found}");
    let (code, _, stderr) = bench("fan-out", &server.url(), &["--pid", "4294967295"]).await;
    assert!(code == 1 && stderr.contains("4294967295"), "{stderr}");
}

#[tokio::test]
async fn publish_counts_what_was_acknowledged() {
    let (hub, server) = serve(Hub::builder()).await;
    let more = [
        "--publishers",
        "3",
        "--seconds",
        "0.2",
        "-s",
        "2",
        "--stalled",
        "4",
    ];
    let found = &figures("publish", &server.url(), &more).await["publish"];
    let acknowledged = found["acknowledged"].as_u64().unwrap();
    assert!(acknowledged > 0, "{found}");
    // What came before is the event, or events, that showed that all are there, and those that fill the way to who does not read.
    let before = hub.stats().published - acknowledged;
    assert!((64 + 1..64 + 10).contains(&before), "{before} {found}");
    assert_eq!(found["stalled"], 4);
}

#[tokio::test]
async fn a_storm_resumes_where_each_was() {
    let (_hub, server) = serve(Hub::builder()).await;
    let more = ["-s", "30", "--events", "150", "--jitter", "0.1"];
    let found = &figures("resume", &server.url(), &more).await["resume"];
    assert_eq!(found["replayed"], 30 * 150, "{found}");
    assert_eq!(found["complete"], true, "{found}");
    assert_eq!(found["missed"], 0, "{found}");
    assert_eq!(found["resets"], 0, "{found}");
}

#[tokio::test]
async fn a_storm_says_what_the_log_no_longer_holds() {
    let (_hub, server) = serve(Hub::builder().max_events(40)).await;
    let found = &figures("resume", &server.url(), &["-s", "5", "--events", "150"]).await["resume"];
    assert_eq!(found["replayed"], 5 * 40, "{found}");
    assert_eq!(found["missed"], 5 * 110, "{found}");
    assert_eq!(found["complete"], false, "{found}");
    assert_eq!(found["resets"], 5, "{found}");
}

#[tokio::test]
async fn those_that_are_cut_while_held_miss_nothing() {
    let (hub, server) = serve(Hub::builder()).await;
    let url = server.url();
    let tag = ["--tag", "ours", "--seconds", "3"];
    let speaks = [
        &tag[..],
        &[
            "-s",
            "40",
            "--reconnecting",
            "30",
            "--stalled",
            "4",
            "--slow",
            "5",
            "--rate",
            "50",
        ],
    ]
    .concat();
    let listens = [
        &tag[..],
        &["-s", "10", "--reconnecting", "5", "--rate", "0"],
    ]
    .concat();
    let (speaks, listens) = tokio::join!(
        figures("hold", &url, &speaks),
        figures("hold", &url, &listens)
    );
    assert!(speaks["hold"]["cut"].as_u64().unwrap() > 0, "{speaks}");
    for found in [&speaks["hold"], &listens["hold"]] {
        assert_eq!(found["incomplete"], 0, "{found}");
        assert_eq!(found["repeated"], 0, "{found}");
    }
    assert_eq!(
        speaks["hold"]["published"].as_u64(),
        Some(hub.stats().published)
    );
    assert_eq!(listens["hold"]["published"], 0);
}

#[tokio::test]
async fn whoever_lacks_events_when_held_fails_the_run() {
    // Two connections, and the third is refused: one reader never gets anything.
    let hub = Hub::new();
    let options = ServeOptions::new().max_connections(3);
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    let (code, _, stderr) = bench("hold", &server.url(), &["-s", "4", "--seconds", "0.1"]).await;
    assert_eq!(code, 1);
    assert!(stderr.contains("503"), "{stderr}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let (_hub, server) = serve(Hub::builder()).await;
    let url = server.url();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let no_stream = format!("{url}/health");
    let stream = format!("{url}/events?topic=a");
    let few = ["-s", "3", "--slow", "3"];
    for (what, url, more, said) in [
        ("fan-out", closed.as_str(), &[][..], "running"),
        ("fan-out", "https://127.0.0.1:1", &[], "plain HTTP"),
        (
            "fan-out",
            &no_stream,
            &["-s", "1", "--publish-url", &url],
            "no event stream",
        ),
        (
            "fan-out",
            &stream,
            &["-s", "1", "--publish-url", &no_stream],
            "a publish was answered 405",
        ),
        (
            "fan-out",
            &url,
            &["-s", "1", "-H", "A: \u{7}"],
            "control character",
        ),
        ("fan-out", &url, &["-s", "1", "--source", "::1"], "IPv6"),
        (
            "fan-out",
            &url,
            &["--burst", "100000", "--size", "100000"],
            "more than a GiB",
        ),
        ("hold", &url, &few, "at least one must only read"),
    ] {
        let (code, stdout, stderr) = bench(what, url, more).await;
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

/// A server of another kind: streams end with the connection, lines end with CR LF, there are no ids, and whatever is posted
/// is published. It publishes every event of a number that 5 divides twice where it is told to.
async fn other(doubles: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (events, _) = broadcast::channel::<String>(1000);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(socket, events.clone(), doubles));
        }
    });
    format!("http://{address}/stream")
}

async fn converse(
    mut socket: TcpStream,
    events: broadcast::Sender<String>,
    doubles: bool,
) -> std::io::Result<()> {
    let mut held = String::new();
    loop {
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        held.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        while let Some((head, rest)) = held.split_once("\r\n\r\n") {
            if head.starts_with("GET") {
                let mut subscription = events.subscribe();
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                    .await?;
                while let Ok(data) = subscription.recv().await {
                    socket
                        .write_all(format!("data: {data}\r\n\r\n").as_bytes())
                        .await?;
                }
                return Ok(());
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if rest.len() < length {
                break;
            }
            let (data, rest) = rest.split_at(length);
            let data = data
                .strip_prefix("say ")
                .expect("the template was followed")
                .to_owned();
            let is_fifth = data
                .split(['.', ' '])
                .nth(1)
                .is_some_and(|number| number.parse::<u64>().unwrap() % 5 == 0);
            for _ in 0..=usize::from(doubles && is_fifth) {
                let _ = events.send(data.clone());
            }
            held = rest.to_owned();
            socket
                .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
                .await?;
        }
    }
}

#[tokio::test]
async fn a_server_of_another_kind_can_be_measured() {
    let url = other(false).await;
    let publish = ["--publish-url", &url, "--publish-body", "say {data}"];
    let more = [
        &publish[..],
        &[
            "-s", "10", "--rounds", "20", "--rate", "0", "--burst", "50", "--bursts", "1",
        ],
    ]
    .concat();
    let found = figures("fan-out", &url, &more).await;
    assert_eq!(found["rounds"]["deliveries"], 20 * 10, "{found}");
    assert_eq!(found["bursts"]["deliveries"], 50 * 10, "{found}");
    let (code, _, stderr) = bench("resume", &url, &[&publish[..], &["-s", "2"]].concat()).await;
    assert!(code == 1 && stderr.contains("no id"), "{stderr}");
}

#[tokio::test]
async fn an_event_that_comes_twice_is_counted_as_repeated() {
    let url = other(true).await;
    let more = [
        "--publish-url",
        &url,
        "--publish-body",
        "say {data}",
        "-s",
        "3",
        "--rounds",
        "20",
        "--rate",
        "0",
    ];
    let found = figures("fan-out", &url, &more).await;
    // Of twenty numbers in a row four can be divided by five; the last one's double may come after the count.
    let repeated = found["rounds"]["repeated"].as_u64().unwrap();
    assert!((3 * 3..=4 * 3).contains(&repeated), "{found}");
    assert_eq!(found["rounds"]["deliveries"], 20 * 3, "{found}");
}
