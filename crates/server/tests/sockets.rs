//! The hub on real sockets.

mod support;

use std::time::Duration;

use eventwire_server::{Hub, ServeError, ServeOptions, Server};
use tokio::net::TcpStream;

use support::{PATIENCE, Raw, id, publish, serve, until, within};

#[tokio::test]
async fn the_head_and_the_mark_come_at_once_and_events_as_they_are_published() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::get(&server, "/events?topic=a", "").await;
    let head = raw.take("\r\n\r\n").await.to_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    for line in [
        "content-type: text/event-stream\r\n",
        "cache-control: no-cache, no-transform\r\n",
        "x-accel-buffering: no\r\n",
        "transfer-encoding: chunked\r\n",
        // A stream has no end that another request could follow.
        "connection: close\r\n",
    ] {
        assert!(head.contains(line), "{head}");
    }
    raw.take(&format!("id: {}\n\n", id(&hub, 0))).await;
    for data in ["one", "two"] {
        let id = publish(&hub, "a", data).await;
        raw.take(&format!("id: {id}\ndata: {data}\n\n")).await;
    }
}

#[tokio::test]
async fn who_was_cut_resumes_right_after_what_it_had() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::get(&server, "/events?topic=a", "").await;
    raw.take("-0\n\n").await;
    let seen = publish(&hub, "a", "seen").await;
    raw.take("data: seen\n\n").await;
    // A reset, not a clean end.
    raw.socket.set_zero_linger().unwrap();
    drop(raw);
    let missed = publish(&hub, "a", "missed").await;
    let mut raw = Raw::get(
        &server,
        "/events?topic=a",
        &format!("Last-Event-ID: {seen}\r\n"),
    )
    .await;
    raw.take("\r\n\r\n").await;
    raw.take(&format!("\r\nid: {seen}\n\n")).await;
    raw.take(&format!("id: {missed}\ndata: missed\n\n")).await;
}

#[tokio::test]
async fn heartbeats_reach_the_socket() {
    let hub = Hub::builder()
        .heartbeat(Duration::from_millis(20))
        .build()
        .unwrap();
    let server = serve(&hub).await;
    let mut raw = Raw::get(&server, "/events?topic=quiet", "").await;
    raw.take("-0\n\n").await;
    let id = publish(&hub, "a", "x").await;
    raw.take(&format!(":\nid: {id}\n\n")).await;
}

#[tokio::test]
async fn one_connection_answers_head_options_post_and_health_in_turn() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::connect(&server).await;
    let ask = "HTTP/1.1\r\nHost: localhost\r\n";
    raw.send(&format!("HEAD /events?topic=a {ask}\r\n")).await;
    let head = raw.take("\r\n\r\n").await.to_lowercase();
    assert!(
        head.starts_with("http/1.1 200") && head.contains("text/event-stream"),
        "{head}"
    );
    raw.send(&format!(
        "OPTIONS /events {ask}Origin: http://a.example\r\n\r\n"
    ))
    .await;
    let head = raw.take("\r\n\r\n").await.to_lowercase();
    assert!(
        head.starts_with("http/1.1 204") && head.contains("allow: get, head, post, options"),
        "{head}"
    );
    let form = "topic=a&data=x";
    let post = format!(
        "POST /events {ask}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    raw.send(&post).await;
    let head = raw.take("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    raw.take(&format!("{{\"id\":\"{}\"}}\n", id(&hub, 1))).await;
    raw.send(&format!("GET /health {ask}Connection: close\r\n\r\n"))
        .await;
    assert!(raw.rest().await.ends_with("{\"status\":\"ok\"}\n"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let hub = Hub::new();
    let server = hub
        .serve("127.0.0.1:0", ServeOptions::new().max_body(10))
        .await
        .unwrap();
    let mut raw = Raw::connect(&server).await;
    raw.send(
        "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n",
    )
    .await;
    let head = raw.take("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
}

#[tokio::test]
async fn http_1_0_gets_the_bytes_without_chunks() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::connect(&server).await;
    raw.send("GET /events?topic=a HTTP/1.0\r\n\r\n").await;
    let head = raw.take("\r\n\r\n").await.to_lowercase();
    assert!(
        head.contains(" 200 ") && !head.contains("transfer-encoding"),
        "{head}"
    );
    let id = publish(&hub, "a", "x").await;
    assert!(within(server.drain(PATIENCE)).await);
    let mark = id.replace("-1", "-0");
    assert_eq!(
        raw.rest().await,
        format!("id: {mark}\n\nid: {id}\ndata: x\n\n")
    );
}

#[tokio::test]
async fn who_goes_away_is_noticed_without_a_publish() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    for abrupt in [false, true] {
        let mut raw = Raw::get(&server, "/events?topic=a", "").await;
        raw.take("-0\n\n").await;
        assert_eq!((hub.stats().subscribers, server.connections()), (1, 1));
        if abrupt {
            raw.socket.set_zero_linger().unwrap();
        }
        drop(raw);
        until("the subscription goes", || hub.stats().subscribers == 0).await;
        until("the connection goes", || server.connections() == 0).await;
    }
    assert_eq!(hub.stats().ended.gone, 2);
}

#[tokio::test]
async fn draining_gives_what_was_published_ends_streams_and_takes_nobody_new() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut stream = Raw::get(&server, "/events?topic=a", "").await;
    stream.take("-0\n\n").await;
    let mut unasked = Raw::connect(&server).await;
    let mut kept = Raw::get(&server, "/health", "").await;
    kept.take("{\"status\":\"ok\"}\n").await;
    until("all are taken", || server.connections() == 3).await;

    let id = publish(&hub, "a", "last").await;
    assert!(within(server.drain(PATIENCE)).await);
    let rest = stream.rest().await;
    assert!(
        rest.contains(&format!("id: {id}\ndata: last\n\n")),
        "{rest}"
    );
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "a clean end: {rest:?}");
    assert_eq!(unasked.rest().await + &kept.rest().await, "");
    assert!(
        within(TcpStream::connect(server.local_addr()))
            .await
            .is_err()
    );
    assert_eq!((hub.stats().ended.drained, server.connections()), (1, 0));
    assert!(!hub.is_closed(), "the hub may have other servers");
}

#[tokio::test]
async fn draining_waits_only_so_long_for_a_request_that_does_not_end() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(
        "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )
    .await;
    until("it is taken", || server.connections() == 1).await;
    assert!(!within(server.drain(Duration::from_millis(50))).await);
    within(server.closed()).await;
    assert!(!raw.rest().await.contains("200"));
}

#[tokio::test]
async fn closing_from_another_thread_ends_everything_and_frees_the_port() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let address = server.local_addr().to_string();
    let mut stream = Raw::get(&server, "/events?topic=a", "").await;
    stream.take("-0\n\n").await;
    let server = std::thread::spawn(move || {
        server.close();
        server.close();
        server
    })
    .join()
    .unwrap();
    within(server.closed()).await;
    assert!(!stream.rest().await.contains("0\r\n\r\n"), "cut, not ended");
    until("nobody is left", || hub.stats().subscribers == 0).await;

    let server = hub.serve(&address, ServeOptions::new()).await.unwrap();
    assert_eq!(server.url(), format!("http://{address}"));
    drop(server);
    until("dropping closes", || {
        std::net::TcpStream::connect(&address).is_err()
    })
    .await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_counted() {
    let hub = Hub::new();
    let options = ServeOptions::new().max_connections(1);
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    let mut first = Raw::get(&server, "/events?topic=a", "").await;
    first.take("-0\n\n").await;
    let mut second = Raw::get(&server, "/events?topic=a", "").await;
    let answer = second.take("\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After"),
        "{answer}"
    );
    assert!(second.rest().await.contains("too many connections"));
    assert_eq!(server.refused(), 1);
    // To whoever has not asked yet, an answer would be none.
    let mut late = Raw::connect(&server).await;
    until("it is counted", || server.refused() == 2).await;
    tokio::task::yield_now().await;
    let early = late.socket.try_read(&mut [0; 1]);
    assert!(early.is_err(), "{early:?} bytes came before the request");
    late.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(late.rest().await.starts_with("HTTP/1.1 503 "));
    drop(first);
    until("there is room again", || server.connections() == 0).await;
    Raw::get(&server, "/events?topic=a", "")
        .await
        .take("-0\n\n")
        .await;
}

#[tokio::test]
async fn who_sends_no_whole_head_in_time_is_closed() {
    let hub = Hub::new();
    let options = ServeOptions::new().head_timeout(Duration::from_millis(50));
    let server = hub.serve("127.0.0.1:0", options).await.unwrap();
    // What began in time goes on for longer.
    let mut stream = Raw::get(&server, "/events?topic=a", "").await;
    stream.take("-0\n\n").await;
    for part in ["", "P", "PRI * HTTP/2", "GET /events HTTP/1.1\r\nHost: lo"] {
        let mut raw = Raw::connect(&server).await;
        raw.send(part).await;
        let rest = raw.rest().await;
        assert!(!rest.contains("200"), "{part:?}: {rest}");
    }
    publish(&hub, "a", "x").await;
    stream.take("data: x\n\n").await;
}

#[tokio::test]
async fn addresses_that_cannot_be_served_say_why() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let says = async |address: &str, options: ServeOptions| {
        hub.serve(address, options).await.unwrap_err().to_string()
    };
    let taken = server.local_addr().to_string();
    let message = says(&taken, ServeOptions::new()).await;
    assert!(
        message.contains(&taken) && message.contains("choose another port"),
        "{message}"
    );
    for address in ["127.0.0.1", "localhost:99999", "", ":"] {
        let message = says(address, ServeOptions::new()).await;
        assert!(message.contains("give host:port"), "{message}");
    }
    let message = says("0.0.0.0:0", ServeOptions::new()).await;
    assert!(
        message.contains("open_publish") && message.contains("authorizer"),
        "{message}"
    );
    let everywhere = hub
        .serve("0.0.0.0:0", ServeOptions::new().open_publish(true))
        .await
        .unwrap();
    assert!(everywhere.url().starts_with("http://127.0.0.1:"));
    let status = async |server: &Server| {
        let mut raw = Raw::connect(server).await;
        raw.send("GET /health HTTP/1.1\r\nHost: hub.example\r\n\r\n")
            .await;
        raw.take("\r\n").await
    };
    assert!(
        status(&everywhere).await.contains("200"),
        "any host, off loopback"
    );
    assert!(status(&server).await.contains("421"));
}

#[tokio::test]
async fn a_closed_hub_is_not_served() {
    let hub = Hub::new();
    hub.close();
    let error = hub.serve("127.0.0.1:0", ServeOptions::new()).await.err();
    assert!(matches!(error, Some(ServeError::Closed)), "{error:?}");
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let hub = Hub::new();
    let mut serving = std::pin::pin!(hub.serve("127.0.0.1:0", ServeOptions::new()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = serving.as_mut().poll(&mut cx) else {
        panic!("it is known at once");
    };
    assert!(matches!(error, ServeError::NoRuntime));
}
