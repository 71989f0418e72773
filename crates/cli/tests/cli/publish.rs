//! `eventwire publish`: what it prints, in which order, and what it says of a refusal.

use super::*;

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
