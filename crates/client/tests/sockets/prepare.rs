//! A request that the application prepares, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eventwire_client::{ErrorKind, StreamItem};
use tokio::sync::Notify;

use crate::server::{STREAM, Server};

#[tokio::test]
async fn every_connection_has_a_token_of_its_own() {
    let server = Server::start();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let options = server.options().prepare(move |mut attempt| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::task::yield_now().await;
            attempt.set_header("authorization", format!("Bearer {number}"))?;
            Ok(attempt)
        }
    });
    let mut stream = options.open().unwrap();
    let serve = tokio::spawn(async move {
        for number in 0..3 {
            let mut connection = server.accept().await;
            let token = format!("Bearer {number}");
            assert_eq!(connection.header("authorization"), Some(token));
            connection.send(STREAM).await;
            connection
                .send(format!("id: {number}\ndata: {number}\n\n"))
                .await;
        }
    });
    for expected in ["0", "1", "2"] {
        assert_eq!(stream.next().await.unwrap().unwrap().data(), expected);
    }
    drop(stream);
    serve.await.unwrap();
    assert!(asked.load(Ordering::Relaxed) >= 3);
}

#[tokio::test]
async fn an_error_is_told_and_the_next_attempt_is_made() {
    let server = Server::start();
    let options = server.options().prepare(|attempt| async move {
        if attempt.attempt < 3 {
            return Err("no token yet".into());
        }
        assert_eq!(attempt.error.as_ref().unwrap().kind(), ErrorKind::Prepare);
        Ok(attempt)
    });
    let mut items = options.open().unwrap().items();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.gone().await;
    });
    let mut told = Vec::new();
    loop {
        match items.next().await.unwrap().unwrap() {
            StreamItem::Reconnecting(again) => told.push(again.reason.to_string()),
            StreamItem::Opened(_) => break,
            _ => {}
        }
    }
    assert_eq!(told.len(), 2);
    assert!(
        told.iter().all(|text| text.contains("no token yet")),
        "{told:?}"
    );
    drop(items);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_cancelled_while_it_is_asked_goes_on_later() {
    let server = Server::start();
    let (asked, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (counted, gate) = (asked.clone(), go.clone());
    let options = server.options().prepare(move |attempt| {
        counted.fetch_add(1, Ordering::Relaxed);
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok(attempt)
        }
    });
    let mut stream = options.open().unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\n").await;
        only.gone().await;
    });
    for _ in 0..5 {
        let cancelled = tokio::time::timeout(Duration::from_millis(1), stream.next()).await;
        assert!(cancelled.is_err());
    }
    go.notify_one();
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "a");
    assert_eq!(
        asked.load(Ordering::Relaxed),
        1,
        "it went on, and was not asked again"
    );
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_close_while_it_is_asked_ends_the_stream_and_drops_the_question() {
    let asked = Arc::new(Notify::new());
    let tell = asked.clone();
    let held = Arc::new(());
    let holds = held.clone();
    let options = Server::start().options().prepare(move |attempt| {
        tell.notify_one();
        let holds = holds.clone();
        async move {
            std::future::pending::<()>().await;
            drop(holds);
            Ok(attempt)
        }
    });
    let mut stream = options.open().unwrap();
    let closer = stream.closer();
    let close = tokio::spawn(async move {
        asked.notified().await;
        closer.close();
    });
    assert!(stream.next().await.is_none());
    close.await.unwrap();
    // That of the function, and this one.
    assert_eq!(Arc::strong_count(&held), 2);
}
