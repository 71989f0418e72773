//! Losing a connection, and going on where it was lost.

use eventwire_client::{ErrorKind, State, StreamItem};
use tokio::sync::oneshot;

use crate::server::{STREAM, Server};

#[tokio::test]
async fn it_resumes_after_the_last_event() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    assert_eq!(stream.state(), State::Connecting);
    let serve = tokio::spawn(async move {
        let mut first = server.accept().await;
        assert_eq!(first.header("last-event-id"), None);
        assert_eq!(first.header("accept").as_deref(), Some("text/event-stream"));
        assert_eq!(first.header("cache-control").as_deref(), Some("no-cache"));
        first.send(STREAM).await;
        first
            .send("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: lost")
            .await;
        drop(first);
        let mut second = server.accept().await;
        assert_eq!(second.header("last-event-id").as_deref(), Some("2"));
        second.send(STREAM).await;
        second.send("id: 3\ndata: c\n\n").await;
        second.gone().await;
    });
    for expected in ["a", "b", "c"] {
        assert_eq!(stream.next().await.unwrap().unwrap().data(), expected);
        assert_eq!(stream.state(), State::Open);
    }
    assert_eq!(stream.last_event_id(), "3");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_tcp_reset_inside_a_frame_loses_and_doubles_nothing() {
    let server = Server::start();
    let mut items = server.options().open().unwrap().items();
    let (taken, is_taken) = oneshot::channel();
    let mut taken = Some(taken);
    let serve = tokio::spawn(async move {
        let mut first = server.accept().await;
        first.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        first
            .send("10\r\nid: 1\ndata: a\n\n\n\r\n40\r\nid: 2\ndata: ha")
            .await;
        // Else the reset would overtake what the client has not read yet.
        is_taken.await.unwrap();
        first.reset();
        let mut second = server.accept().await;
        assert_eq!(second.header("last-event-id").as_deref(), Some("1"));
        second.send(STREAM).await;
        second.send("id: 2\ndata: half\n\n").await;
        second.gone().await;
    });
    let mut told = Vec::new();
    while let Some(item) = items.next().await {
        match item.unwrap() {
            StreamItem::Event(event) => {
                told.push(event.data().to_owned());
                if let Some(taken) = taken.take() {
                    taken.send(()).unwrap();
                }
            }
            StreamItem::Reconnecting(again) => {
                assert_eq!(again.reason.kind(), ErrorKind::Disconnected);
                told.push("again".to_owned());
            }
            _ => {}
        }
        if told.len() == 3 {
            break;
        }
    }
    assert_eq!(told, ["a", "again", "half"]);
    drop(items);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_mark_before_the_first_event_is_where_it_resumes() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let serve = tokio::spawn(async move {
        let mut first = server.accept().await;
        first.send(STREAM).await;
        first.send("id: e-41\n\n").await;
        drop(first);
        let mut second = server.accept().await;
        assert_eq!(second.header("last-event-id").as_deref(), Some("e-41"));
        second.send(STREAM).await;
        second.send("id: e-42\ndata: a\n\n").await;
        second.gone().await;
    });
    assert_eq!(stream.next().await.unwrap().unwrap().id(), "e-42");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_killed_server_that_comes_back_is_found_again() {
    let server = Server::start();
    let mut items = server.options().open().unwrap().items();
    let serve = tokio::spawn(async move {
        let mut first = server.accept().await;
        first.send(STREAM).await;
        first.send("id: 1\ndata: a\n\n").await;
        (server, first)
    });
    loop {
        if let StreamItem::Event(event) = items.next().await.unwrap().unwrap() {
            assert_eq!(event.data(), "a");
            break;
        }
    }
    let (server, first) = serve.await.unwrap();
    let deserted = server.kill();
    first.reset();
    let mut refused = 0;
    while refused < 3 {
        if let StreamItem::Reconnecting(again) = items.next().await.unwrap().unwrap()
            && again.reason.kind() == ErrorKind::Connect
        {
            refused += 1;
        }
    }
    let server = deserted.start();
    let serve = tokio::spawn(async move {
        let mut again = server.accept().await;
        assert_eq!(again.header("last-event-id").as_deref(), Some("1"));
        again.send(STREAM).await;
        again.send("data: b\n\n").await;
        again.gone().await;
    });
    loop {
        if let StreamItem::Event(event) = items.next().await.unwrap().unwrap() {
            assert_eq!(event.data(), "b");
            break;
        }
    }
    drop(items);
    serve.await.unwrap();
}

#[tokio::test]
async fn it_follows_redirects_and_tells_where_it_is() {
    let (server, other) = (Server::start(), Server::start());
    let mut stream = server
        .options()
        .header("authorization", "Bearer x")
        .open()
        .unwrap();
    let elsewhere = other.url();
    let serve = tokio::spawn(async move {
        let first = server.accept().await;
        assert_eq!(first.header("authorization").as_deref(), Some("Bearer x"));
        first.answer("302 Found", "Location: /moved\r\n", "").await;
        let second = server.accept().await;
        assert!(second.request.starts_with("GET /moved HTTP/1.1\r\n"));
        assert_eq!(second.header("authorization").as_deref(), Some("Bearer x"));
        second
            .answer(
                "307 Temporary Redirect",
                &format!("Location: {}\r\n", other.url()),
                "",
            )
            .await;
        let mut third = other.accept().await;
        assert_eq!(third.header("authorization"), None);
        third.send(STREAM).await;
        third.send("data: a\n\n").await;
        third.gone().await;
    });
    assert_eq!(stream.next().await.unwrap().unwrap().data(), "a");
    assert_eq!(stream.url(), elsewhere);
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn an_answer_in_one_piece_ends_without_an_error_where_it_is_not_asked_again() {
    let server = Server::start();
    let options = server
        .options()
        .method(http::Method::POST)
        .header("content-type", "application/json")
        .body("{}");
    let mut stream = options.open().unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        assert!(
            only.request.starts_with("POST /events HTTP/1.1\r\n")
                && only.request.ends_with("\r\n\r\n{}")
        );
        only.send(STREAM).await;
        only.send("data: Hel\n\ndata: lo\n\ndata: [DONE]\n\n").await;
    });
    let mut answer = Vec::new();
    while let Some(event) = stream.next().await {
        answer.push(event.unwrap().into_data());
    }
    assert_eq!(answer, ["Hel", "lo", "[DONE]"]);
    assert_eq!(stream.state(), State::Closed);
    assert!(stream.next().await.is_none());
    serve.await.unwrap();
}
