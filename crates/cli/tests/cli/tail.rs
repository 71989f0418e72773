//! `eventwire tail`: what it prints, how it goes on, and when it ends.

use super::*;

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
