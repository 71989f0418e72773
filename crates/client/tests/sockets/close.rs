//! Ending a stream from outside, in all of its states.

use eventwire_client::{State, StreamItem};
use tokio::sync::oneshot;

use crate::server::{Deserted, STREAM, Server};

#[tokio::test]
async fn another_thread_wakes_a_reader_that_waits() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let closer = stream.closer();
    let (waiting, waits) = oneshot::channel();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\n").await;
        only.gone().await;
    });
    let thread = std::thread::spawn(move || {
        waits.blocking_recv().unwrap();
        closer.close();
    });
    assert!(stream.next().await.unwrap().is_ok());
    waiting.send(()).unwrap();
    assert!(stream.next().await.is_none());
    assert_eq!(stream.state(), State::Closed);
    thread.join().unwrap();
    // The connection goes with it, though the stream is still there.
    serve.await.unwrap();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_was_received_but_not_taken_is_not_delivered() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\ndata: b\n\n").await;
        only.gone().await;
    });
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "a");
    stream.closer().close();
    assert!(stream.next().await.is_none());
    serve.await.unwrap();
}

#[tokio::test]
async fn after_a_close_the_items_just_end() {
    let server = Server::start();
    let mut items = server.options().open().unwrap().items();
    let closer = items.stream().closer();
    closer.close();
    closer.close();
    assert!(items.next().await.is_none());
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn it_ends_a_wait_between_two_attempts() {
    let deserted = Deserted::new();
    let url = deserted.url();
    let patient = eventwire_client::RetryPolicy::new().min(std::time::Duration::from_secs(3600));
    let mut items = eventwire_client::ConnectOptions::new(url)
        .retry(patient)
        .open()
        .unwrap()
        .items();
    let Some(Ok(StreamItem::Reconnecting(_))) = items.next().await else {
        panic!()
    };
    let closer = items.stream().closer();
    let close = tokio::spawn(async move { closer.close() });
    assert!(items.next().await.is_none());
    close.await.unwrap();
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\n").await;
        only.gone().await;
    });
    assert!(stream.next().await.unwrap().is_ok());
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn cancelled_waits_lose_nothing() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        for n in 0..500 {
            let frame = format!("data: {n}\n\n");
            // In two pieces, so that waits are cancelled inside an event too.
            only.send(&frame[..4]).await;
            tokio::task::yield_now().await;
            only.send(&frame[4..]).await;
        }
        only.gone().await;
    });
    let mut got = Vec::new();
    while got.len() < 500 {
        tokio::select! {
            biased;
            event = stream.next() => got.push(event.unwrap().unwrap().into_data()),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(
        got.iter()
            .enumerate()
            .all(|(n, data)| *data == n.to_string())
    );
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_consumer_that_stops_taking_stops_the_socket() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let frame = format!("data: {}\n\n", "x".repeat(10_000));
    let (full, is_full) = oneshot::channel();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        full.send(only.flood(&frame).await).unwrap();
        only.gone().await;
    });
    assert!(stream.next().await.unwrap().is_ok());
    // What the system's socket buffers hold, and a little of ours; the server has more to say than that.
    assert!(is_full.await.unwrap() < 64 << 20);
    drop(stream);
    serve.await.unwrap();
}

#[test]
fn outside_of_a_runtime_it_is_an_error_not_a_panic() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    let mut stream = eventwire_client::ConnectOptions::new("http://127.0.0.1:9/")
        .open()
        .unwrap();
    let next = std::pin::pin!(stream.next());
    let Poll::Ready(Some(Err(error))) = next.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!()
    };
    assert_eq!(error.kind(), eventwire_client::ErrorKind::NoRuntime);
}
