//! Connecting again because somebody asked for it.

use eventwire_client::{State, StreamItem};
use tokio::sync::oneshot;

use crate::server::{Deserted, STREAM, Server};

#[tokio::test]
async fn another_thread_makes_a_reader_that_waits_connect_again() {
    let server = Server::start();
    // So patient that only a restart can connect again.
    let patient = eventwire_client::RetryPolicy::new().min(std::time::Duration::from_secs(3600));
    let mut items = server.options().retry(patient).open().unwrap().items();
    let restarter = items.stream().restarter();
    let (waiting, waits) = oneshot::channel();
    let serve = tokio::spawn(async move {
        let mut first = server.accept().await;
        first.send(STREAM).await;
        first.send("id: 1\ndata: a\n\n").await;
        // The connection is dropped, not left to the server.
        first.gone().await;
        let mut second = server.accept().await;
        assert_eq!(second.header("last-event-id").as_deref(), Some("1"));
        second.send(STREAM).await;
        second.send("id: 2\ndata: b\n\n").await;
        second.gone().await;
    });
    let thread = std::thread::spawn(move || {
        waits.blocking_recv().unwrap();
        restarter.restart();
    });
    let mut waiting = Some(waiting);
    let mut told = Vec::new();
    while told.len() < 4 {
        match items.next().await.unwrap().unwrap() {
            StreamItem::Opened(_) => told.push("open".to_owned()),
            StreamItem::Event(event) => {
                told.push(event.data().to_owned());
                if let Some(waiting) = waiting.take() {
                    waiting.send(()).unwrap();
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, ["open", "a", "open", "b"]);
    thread.join().unwrap();
    drop(items);
    serve.await.unwrap();
}

#[tokio::test]
async fn it_ends_a_wait_between_two_attempts() {
    let deserted = Deserted::new();
    let patient = eventwire_client::RetryPolicy::new().min(std::time::Duration::from_secs(3600));
    let mut stream = eventwire_client::ConnectOptions::new(deserted.url())
        .retry(patient)
        .open()
        .unwrap();
    let Some(Ok(StreamItem::Reconnecting(_))) = stream.next_item().await else {
        panic!()
    };
    let server = deserted.start();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        only.send("data: a\n\n").await;
        only.gone().await;
    });
    stream.restart();
    assert_eq!(stream.state(), State::Connecting);
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "a");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_was_closed_stays_closed() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let restarter = stream.restarter();
    stream.closer().close();
    restarter.restart();
    stream.restart();
    assert!(stream.next().await.is_none());
    assert_eq!(stream.state(), State::Closed);
}
