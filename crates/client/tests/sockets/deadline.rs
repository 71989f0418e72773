//! A call of a publisher is answered at its deadline. The clock is moved by hand, between waits for sockets.

use std::time::Duration;

use eventwire_client::{Error, ErrorKind, Outcome, Publisher, PublisherOptions};

use crate::batches::{Publishing, begin, datas, take};
use crate::server::{Server, hasty};

/// The deadline of each call; a request may take much longer.
const DEADLINE: Duration = Duration::from_secs(60);

fn publisher(server: &Server) -> Publisher {
    let options = PublisherOptions::new()
        .timeout(20 * DEADLINE)
        .retry(hasty().deadline(DEADLINE));
    Publisher::new(server.url(), options).unwrap()
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    // Where nothing is ready but a socket, a paused clock would run ahead.
    tokio::time::resume();
}

async fn late(publishing: Publishing) -> (u32, Option<Outcome>) {
    let error: Error = publishing.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}");
    assert!(error.to_string().contains("60s after the call"), "{error}");
    (error.attempt(), error.outcome())
}

#[tokio::test]
async fn a_hub_that_is_silent_keeps_nobody_beyond_the_deadline() {
    let server = Server::start();
    let publisher = publisher(&server);
    let sent = begin(&publisher, "sent");
    let silent = server.accept().await;
    let waiting = begin(&publisher, "waiting");
    pass(DEADLINE).await;
    assert_eq!(late(sent).await, (1, Some(Outcome::Unknown)));
    assert_eq!(late(waiting).await, (0, Some(Outcome::NotStored)));
    // Nobody waits for that request, so it is none any more.
    silent.gone().await;
    let next = begin(&publisher, "next");
    let request = server.accept().await;
    assert_eq!(datas(&request), ["next"]);
    take(request).await;
    assert_eq!(next.await.unwrap().unwrap(), "next");
}

#[tokio::test]
async fn a_request_goes_on_for_the_others_that_share_it() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "first");
    let request = server.accept().await;
    let early = begin(&publisher, "early");
    pass(DEADLINE / 2).await;
    let later = begin(&publisher, "later");
    take(request).await;
    assert_eq!(first.await.unwrap().unwrap(), "first");
    let shared = server.accept().await;
    assert_eq!(datas(&shared), ["early", "later"]);
    pass(DEADLINE / 2).await;
    assert_eq!(late(early).await, (1, Some(Outcome::Unknown)));
    take(shared).await;
    assert_eq!(later.await.unwrap().unwrap(), "later");
}

#[tokio::test]
async fn who_is_late_is_in_no_further_attempt() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "first");
    let request = server.accept().await;
    let early = begin(&publisher, "early");
    pass(DEADLINE / 2).await;
    let later = begin(&publisher, "later");
    take(request).await;
    first.await.unwrap().unwrap();
    let shared = server.accept().await;
    pass(DEADLINE / 2).await;
    late(early).await;
    shared.answer("503 Service Unavailable", "", "").await;
    let again = server.accept().await;
    assert_eq!(datas(&again), ["later"]);
    take(again).await;
    assert_eq!(later.await.unwrap().unwrap(), "later");
}

#[tokio::test]
async fn without_any_time_nothing_is_sent() {
    let server = Server::start();
    let options = PublisherOptions::new().retry(hasty().deadline(Duration::ZERO));
    let publisher = Publisher::new(server.url(), options).unwrap();
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(
        (error.attempt(), error.outcome()),
        (0, Some(Outcome::NotStored))
    );
}
