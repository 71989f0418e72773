//! What a person gets to read when it does not work.

use std::time::Duration;

use eventwire_client::{Clock, ConnectOptions, Error, ErrorKind, RetryPolicy};
use tokio::sync::oneshot;

use crate::server::{Deserted, STREAM, Server, hasty};

async fn error_of(options: ConnectOptions) -> Error {
    let mut stream = options.open().unwrap();
    let error = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("ended without an error"),
        }
    };
    assert!(stream.next().await.is_none(), "an error is the last item");
    error
}

#[tokio::test]
async fn a_refused_port() {
    let deserted = Deserted::new();
    let url = deserted.url();
    let error = error_of(ConnectOptions::new(&url).retry(hasty().attempts(2))).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.attempt(), 3);
    assert_eq!(error.url(), Some(url.as_str()));
    let text = error.to_string();
    assert!(
        text.contains(&url) && text.to_lowercase().contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let error =
        error_of(ConnectOptions::new("http://no-such-host.invalid/events").no_retry()).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("no-such-host.invalid"));
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls() {
    let server = Server::start();
    let url = server.url().replace("http:", "https:");
    let serve = tokio::spawn(async move {
        let mut only = server.accept_raw().await;
        only.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = error_of(ConnectOptions::new(url).no_retry()).await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    serve.await.unwrap();
}

#[tokio::test]
async fn not_found() {
    let server = Server::start();
    let options = server.options();
    let serve = tokio::spawn(async move {
        server
            .accept()
            .await
            .answer(
                "404 Not Found",
                "X-Why: typo\r\n",
                r#"{"error": "no such topic"}"#,
            )
            .await;
    });
    let error = error_of(options).await;
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Status, Some(404))
    );
    assert_eq!(error.headers()["x-why"], "typo");
    assert!(
        error.to_string().contains("404 Not Found") && error.to_string().contains("no such topic"),
        "{error}"
    );
    serve.await.unwrap();
}

#[tokio::test]
async fn a_wrong_content_type() {
    let server = Server::start();
    let options = server.options();
    let serve = tokio::spawn(async move {
        server
            .accept()
            .await
            .answer("200 OK", "Content-Type: text/html\r\n", "<html>")
            .await;
    });
    let error = error_of(options).await;
    assert_eq!(error.kind(), ErrorKind::ContentType);
    assert!(error.to_string().contains("text/html"), "{error}");
    serve.await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_event_stream() {
    let server = Server::start();
    let options = server.options().max_line(10_000);
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        let garbage: Vec<u8> = (0..20_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3] | 0x80)
            .collect();
        only.send(garbage).await;
        only.gone().await;
    });
    let error = error_of(options).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.decode_error().unwrap().max(), 10_000);
    serve.await.unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_http() {
    let server = Server::start();
    let options = server.options().no_retry();
    let serve = tokio::spawn(async move {
        server.accept().await.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    });
    let error = error_of(options).await;
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    serve.await.unwrap();
}

#[tokio::test]
async fn a_killed_server_without_a_policy() {
    let server = Server::start();
    let options = server.options().no_retry();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        only.send("b\r\ndata: a\n\n\n\r\n").await;
    });
    let error = error_of(options).await;
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    serve.await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let server = Server::start();
    let options = server
        .options()
        .no_retry()
        .idle_timeout(Duration::from_millis(50));
    let serve = tokio::spawn(async move { server.accept().await.gone().await });
    let error = error_of(options).await;
    assert_eq!(error.clock(), Some(Clock::Idle));
    serve.await.unwrap();
}

#[tokio::test]
async fn a_stalled_producer_behind_heartbeats() {
    let server = Server::start();
    let options = server
        .options()
        .no_retry()
        .event_timeout(Duration::from_millis(100));
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.heartbeat().await;
    });
    let error = error_of(options).await;
    assert_eq!(error.clock(), Some(Clock::Event));
    serve.await.unwrap();
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let server = Server::start();
    let mut stream = server
        .options()
        .retry(RetryPolicy::new().base(Duration::ZERO).min(Duration::ZERO))
        .open()
        .unwrap();
    let serve = tokio::spawn(async move {
        server
            .accept()
            .await
            .answer("503 Service Unavailable", "Retry-After: 0\r\n", "later")
            .await;
        server
            .accept()
            .await
            .answer("429 Too Many Requests", "", "")
            .await;
        let mut third = server.accept().await;
        third.send(STREAM).await;
        third.send("data: a\n\n").await;
        third.gone().await;
    });
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "a");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_slow_consumer_is_not_told_that_the_server_is_dead() {
    let server = Server::start();
    let options = server.options().no_retry();
    let mut stream = options
        .idle_timeout(Duration::from_secs(300))
        .open()
        .unwrap();
    let (busy, was_busy) = oneshot::channel();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\n").await;
        was_busy.await.unwrap();
        only.send("data: b\n\n").await;
        only.gone().await;
    });
    assert!(stream.next().await.unwrap().is_ok());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1000)).await;
    tokio::time::resume();
    tokio::select! {
        biased;
        // Its clocks go on from where they stood.
        event = stream.next() => panic!("{event:?}"),
        () = tokio::task::yield_now() => {}
    }
    busy.send(()).unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "b");
    drop(stream);
    serve.await.unwrap();
}
