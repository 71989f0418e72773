//! Going on in another stream, by what was acknowledged, and by a cursor file.

use std::path::{Path, PathBuf};

use eventwire_client::{Ack, ConnectOptions, ErrorKind, Event, EventStream};

use crate::server::{Connection, STREAM, Server};

const THREE: &str = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("place.cursor");
    (folder, path)
}

fn saved(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Sends to the one connection that it takes, and tells where that wanted to go on.
fn serve(server: Server, body: &'static str) -> tokio::task::JoinHandle<(Server, Option<String>)> {
    tokio::spawn(async move {
        let mut connection: Connection = server.accept().await;
        connection.send(STREAM).await;
        connection.send(body).await;
        let asked = connection.header("last-event-id");
        connection.gone().await;
        (server, asked)
    })
}

async fn next(stream: &mut EventStream) -> Event {
    stream.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn by_hand_the_place_is_what_was_acknowledged() {
    let server = Server::start();
    let mut stream = server
        .options()
        .ack(Ack::Manual)
        .last_event_id("0")
        .open()
        .unwrap();
    let serve = serve(server, THREE);
    let (a, b) = (next(&mut stream).await, next(&mut stream).await);
    assert_eq!(stream.last_event_id(), "0");
    stream.ack(&b).unwrap();
    assert_eq!(stream.last_event_id(), "2");
    // Ids have no order that a client knows: the last word counts.
    stream.ack(&a).unwrap();
    assert_eq!(stream.last_event_id(), "1");
    let forged = eventwire_client::Event::new("x").with_id("a\nb");
    let error = stream.ack(&forged).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
    stream.close();
    // With a file or without: the same rule.
    let error = stream.ack(&b).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert_eq!(stream.last_event_id(), "1");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_acknowledges_by_itself_cannot_be_told() {
    let server = Server::start();
    let mut stream = server.options().open().unwrap();
    let serve = serve(server, THREE);
    let a = next(&mut stream).await;
    let error = stream.ack(&a).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("ack=manual"), "{error}");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn another_stream_goes_on_after_what_was_handed_out() {
    let (_folder, path) = folder();
    let server = Server::start();
    let open = |server: &Server| server.options().cursor_file(&path).open().unwrap();
    let mut stream = open(&server);
    let first = serve(server, THREE);
    assert_eq!(next(&mut stream).await.data(), "a");
    assert_eq!(next(&mut stream).await.data(), "b");
    assert_eq!(stream.last_event_id(), "2", "what waits was not handed out");
    stream.close();
    assert_eq!(saved(&path)["last_event_id"], "2");
    let (server, asked) = first.await.unwrap();
    assert_eq!(asked, None);
    let mut stream = open(&server);
    assert_eq!(stream.last_event_id(), "2");
    let second = serve(server, "id: 3\ndata: c\n\n");
    assert_eq!(next(&mut stream).await.data(), "c");
    // Dropped is as good as closed.
    drop(stream);
    let (server, asked) = second.await.unwrap();
    assert_eq!(asked.as_deref(), Some("2"));
    assert_eq!(open(&server).last_event_id(), "3");
}

#[tokio::test]
async fn by_hand_a_file_holds_only_what_was_acknowledged() {
    let (_folder, path) = folder();
    let server = Server::start();
    let open = |server: &Server| {
        server
            .options()
            .ack(Ack::Manual)
            .cursor_file(&path)
            .open()
            .unwrap()
    };
    let mut stream = open(&server);
    let first = serve(server, THREE);
    let a = next(&mut stream).await;
    next(&mut stream).await;
    stream.ack(&a).unwrap();
    stream.close();
    let (server, _) = first.await.unwrap();
    assert_eq!(open(&server).last_event_id(), "1");
    let error = stream.ack(&a).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

#[tokio::test]
async fn where_a_stream_begins_is_a_place_too_but_not_past_an_event_in_hand() {
    let (_folder, path) = folder();
    let server = Server::start();
    let mut stream = server
        .options()
        .ack(Ack::Manual)
        .cursor_file(&path)
        .open()
        .unwrap();
    let serve = serve(
        server,
        "id: e-4\n\nid: e-5\ndata: a\n\nid: e-6\n\nid: e-7\ndata: b\n\nid: e-8\n\n: end\n\n",
    );
    let a = next(&mut stream).await;
    // Killed with the first event in hand, it must not begin live.
    assert_eq!(stream.last_event_id(), "e-4");
    stream.ack(&a).unwrap();
    let b = next(&mut stream).await;
    assert_eq!(stream.last_event_id(), "e-6");
    stream.ack(&b).unwrap();
    assert_eq!(stream.last_event_id(), "e-7");
    stream.close();
    assert_eq!(saved(&path)["last_event_id"], "e-7");
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn the_file_is_up_to_date_when_the_stream_has_ended() {
    let (_folder, path) = folder();
    let server = Server::start();
    let mut stream = server
        .options()
        .no_retry()
        .cursor_file(&path)
        .open()
        .unwrap();
    let serve = tokio::spawn(async move {
        let mut only = server.accept().await;
        only.send(STREAM).await;
        for number in 0..1000 {
            only.send(format!("id: {number}\ndata: x\n\n")).await;
        }
    });
    let mut last = String::new();
    while let Some(event) = stream.next().await {
        last = event.unwrap().id().to_owned();
    }
    assert_eq!(last, "999");
    assert_eq!(saved(&path)["last_event_id"], "999");
    serve.await.unwrap();
}

#[tokio::test]
async fn what_stands_in_a_file_is_documented_and_has_no_secrets() {
    let (folder, path) = folder();
    let url = "http://user:pw@127.0.0.1:9/events?topic=a&access_token=t";
    let open = |url: &str| {
        ConnectOptions::new(url)
            .last_event_id("x")
            .cursor_file(&path)
            .open()
    };
    std::fs::write(
        &path,
        r#"{"eventwire": "cursor", "version": 1, "url": "http://127.0.0.1:9/events?topic=a", "last_event_id": "…5"}"#,
    )
    .unwrap();
    assert_eq!(
        open(url).unwrap().last_event_id(),
        "…5",
        "it comes before the option"
    );
    std::fs::remove_file(&path).unwrap();
    assert_eq!(open(url).unwrap().last_event_id(), "x");
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(
        names,
        ["place.cursor.lock"],
        "nothing is left behind but the lock"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_used_says_what_to_do() {
    let (folder, path) = folder();
    let refused = |url: &str, path: &Path| {
        let error = ConnectOptions::new(url)
            .cursor_file(path)
            .open()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.kind().name()),
            (ErrorKind::Cursor, "CursorError")
        );
        assert!(error.path().is_some());
        error.to_string()
    };
    let url = "http://127.0.0.1:9/a";
    std::fs::write(&path, r#"{"eventwire": "cursor", "version": 1, "url": "http://127.0.0.1:9/b", "last_event_id": "5"}"#).unwrap();
    let text = refused(url, &path);
    assert!(
        text.contains("is for http://127.0.0.1:9/b, not for http://127.0.0.1:9/a"),
        "{text}"
    );
    std::fs::write(&path, "hello").unwrap();
    let text = refused(url, &path);
    assert!(
        text.contains("no cursor file") && text.contains("delete it"),
        "{text}"
    );
    std::fs::write(
        &path,
        r#"{"eventwire": "cursor", "version": 2, "url": "", "last_event_id": ""}"#,
    )
    .unwrap();
    let text = refused(url, &path);
    assert!(text.contains("version 2"), "{text}");
    let text = refused(url, folder.path());
    assert!(text.contains("cannot read the cursor file"), "{text}");
    let text = refused(url, &folder.path().join("missing/place"));
    assert!(text.contains("cannot use the cursor file"), "{text}");
}

#[tokio::test]
async fn a_file_is_of_one_stream_at_a_time() {
    let (_folder, path) = folder();
    let open = || {
        ConnectOptions::new("http://127.0.0.1:9/")
            .cursor_file(&path)
            .open()
    };
    let mut first = open().unwrap();
    let error = open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cursor);
    assert!(
        error.to_string().contains("in use by another stream"),
        "{error}"
    );
    first.close();
    open().unwrap();
}

#[tokio::test]
async fn a_place_that_cannot_be_written_ends_the_stream_with_an_error() {
    let (folder, path) = folder();
    let server = Server::start();
    let mut stream = server.options().cursor_file(&path).open().unwrap();
    let serve = serve(server, THREE);
    folder.close().unwrap();
    // Some can be handed out before it is known.
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Cursor);
    assert!(
        error.to_string().contains("cannot write the cursor file"),
        "{error}"
    );
    assert!(stream.next().await.is_none());
    drop(stream);
    serve.await.unwrap();
}

#[tokio::test]
async fn by_hand_a_place_that_cannot_be_written_is_an_error_of_the_acknowledgement_too() {
    let (folder, path) = folder();
    let server = Server::start();
    let mut stream = server
        .options()
        .ack(Ack::Manual)
        .cursor_file(&path)
        .open()
        .unwrap();
    let serve = serve(server, THREE);
    let a = next(&mut stream).await;
    folder.close().unwrap();
    // It may be known by then, or not.
    let acked = stream.ack(&a);
    stream.close();
    // Whoever closes it hears of it by what comes next, unless it was told before.
    let error = match acked {
        Ok(()) => stream.next().await.unwrap().unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Cursor, "{error}");
    assert!(stream.next().await.is_none());
    drop(stream);
    serve.await.unwrap();
}
