//! `eventwire serve`: its options, its figures, and what it says is wrong.

use super::*;

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
