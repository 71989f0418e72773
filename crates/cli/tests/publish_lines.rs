//! `eventwire publish URL -`: what becomes of each line is told.

use std::process::{Output, Stdio};

use eventwire_server::{Hub, ServeOptions, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};

async fn serve(hub: &Hub) -> Server {
    hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap()
}

fn publish(url: &str, more: &[&str]) -> (Child, ChildStdin) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_eventwire"))
        .args(["publish", url, "-t", "a"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

async fn publish_all(url: &str, more: &[&str], input: &[u8]) -> Output {
    let (child, mut stdin) = publish(url, more);
    // It may stop reading before the end.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_line_that_is_refused_is_named_and_what_was_under_way_with_it_is_told() {
    let hub = Hub::builder().max_bytes(100_000).build().unwrap();
    let server = serve(&hub).await;
    let input = format!("a\n{}\nc\n", "x".repeat(200_000));
    let output = publish_all(&server.url(), &["-"], input.as_bytes()).await;
    assert_eq!(output.status.code(), Some(1));
    let told: Vec<_> = text(&output.stderr).lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("eventwire: line 2: "), "{told:?}");
    assert!(
        told[0].contains("413") && told[0].ends_with("; it was not stored"),
        "{told:?}"
    );
    // Whether the third was on its way is a matter of time; the ids say it.
    let ids = text(&output.stdout).lines().count();
    assert_eq!(hub.stats().published, ids as u64);
    assert!((1..=2).contains(&ids), "{ids}");
    let summary = format!("lines published: {ids}, not stored: 1, of which it is not known: 0");
    assert!(told[1].contains(&summary), "{told:?}");
    assert!(
        told[1].contains(&format!("nothing after line {} was sent", ids + 1)),
        "{told:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn lines_without_an_answer_are_told_where_it_is_interrupted() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (child, mut stdin) = publish(&url, &["-"]);
    stdin.write_all(b"a\n").await.unwrap();
    let (mut request, _) = silent.accept().await.unwrap();
    assert!(request.read_u8().await.is_ok());
    let id = child.id().unwrap().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(130));
    let says =
        "eventwire: lines 1 to 1 have no answer yet: whether they were stored is not known\n";
    assert_eq!(text(&output.stderr), says);
}

#[tokio::test]
async fn lines_that_a_silent_hub_has_are_told_with_their_outcome() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    // Held open, so that there is no answer and no end.
    let accepting = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(silent.accept().await.unwrap());
        }
    });
    let deadline = ["--deadline", "0.5", "-"];
    let output = publish_all(&url, &deadline, b"a\nb\nc\n").await;
    let one = publish_all(&url, &["--deadline", "0.5", "x"], b"").await;
    accepting.abort();
    assert_eq!(
        (output.status.code(), one.status.code()),
        (Some(1), Some(1))
    );
    assert!(output.stdout.is_empty() && one.stdout.is_empty());
    let told: Vec<_> = text(&output.stderr).lines().collect();
    let not_known = "; whether it was stored is not known";
    assert!(told[0].starts_with("eventwire: line"), "{told:?}");
    assert!(told[0].ends_with(not_known), "{told:?}");
    assert!(
        told[told.len() - 1].contains("lines published: 0,"),
        "{told:?}"
    );
    assert!(text(&one.stderr).trim_end().ends_with(not_known));
}

#[tokio::test]
async fn who_closes_the_output_gets_a_status_that_says_so_and_is_told_how_far_it_came() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let (mut child, mut stdin) = publish(&server.url(), &["-"]);
    stdin.write_all(b"first\n").await.unwrap();
    let mut stdout = child.stdout.take().unwrap();
    assert!(stdout.read_u8().await.is_ok());
    drop(stdout);
    // It goes by itself, though its input has no end.
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(141));
    let told = text(&output.stderr);
    assert!(told.contains("lines published: 1, not stored: 0"), "{told}");
    assert!(told.contains("nothing after line 1 was sent"), "{told}");
    drop(stdin);
}

#[tokio::test]
async fn many_lines_whose_ids_nobody_reads_are_counted() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let (mut child, mut stdin) = publish(&server.url(), &["-"]);
    drop(child.stdout.take());
    let lines: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    let _ = stdin.write_all(lines.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(141));
    let published = hub.stats().published;
    assert!(published < 20_000);
    let told = text(&output.stderr);
    assert!(
        told.contains(&format!("lines published: {published}, not stored: 0")),
        "{told}"
    );
}

#[tokio::test]
async fn a_line_without_an_end_is_an_error_that_names_it_and_needs_no_more_memory() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let (child, mut stdin) = publish(&server.url(), &["-"]);
    let writing = tokio::spawn(async move {
        stdin.write_all(b"first\n").await.unwrap();
        let (zeros, mut written) = (vec![0; 1 << 20], 0);
        while stdin.write_all(&zeros).await.is_ok() {
            written += 1;
        }
        written
    });
    let output = child.wait_with_output().await.unwrap();
    assert!(writing.await.unwrap() < 20);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("cannot read line 2") && told.contains("longer than 16777216 bytes"),
        "{told}"
    );
    assert!(told.contains("lines published: 1,"), "{told}");
    assert_eq!(text(&output.stdout).lines().count(), 1);
}
