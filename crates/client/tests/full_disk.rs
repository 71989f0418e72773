//! A cursor file on a disk that is full. What is full here is the room that the system gives this process in a file
//! (`RLIMIT_FSIZE`), which needs no rights; so these are one test, in a program of its own.
#![cfg(unix)]

use std::path::Path;
use std::time::Duration;

use eventwire_client::{ConnectOptions, Error, ErrorKind, EventStream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

/// Less than a cursor file takes: it breaks off in the middle.
const ROOM: u64 = 40;

/// SIGXFSZ, by which the system would end the process.
const TOO_LARGE: i32 = 25;

/// As long as it is held, the disk is full.
struct Full(Rlimit);

impl Full {
    fn new() -> Full {
        let before = getrlimit(Resource::Fsize);
        let mut full = before;
        full.current = Some(ROOM);
        setrlimit(Resource::Fsize, full).unwrap();
        Full(before)
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        setrlimit(Resource::Fsize, self.0).unwrap();
    }
}

fn saved(path: &Path) -> Option<String> {
    let file = std::fs::read(path).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&file).unwrap();
    Some(value["last_event_id"].as_str().unwrap().to_owned())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Answers the next request with these events, and gives its head, and the connection.
async fn serve(listener: &TcpListener, events: &str) -> (String, TcpStream) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}");
    socket.write_all(answer.as_bytes()).await.unwrap();
    (String::from_utf8(head).unwrap(), socket)
}

/// How many events come before the error.
async fn until_error(stream: &mut EventStream) -> (usize, Error) {
    let mut count = 0;
    loop {
        match stream.next().await.unwrap() {
            Ok(_) => count += 1,
            Err(error) => return (count, error),
        }
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_stream_keeps_the_place_before_and_it_goes_on_when_there_is_room() {
    let _caught = signal(SignalKind::from_raw(TOO_LARGE)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("place.cursor");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let open = |path: &Path| ConnectOptions::new(&url).cursor_file(path).open().unwrap();

    let mut stream = open(&path);
    let ((_, mut socket), first) =
        tokio::join!(serve(&listener, "id: 1\ndata: a\n\n"), stream.next());
    assert_eq!(first.unwrap().unwrap().data(), "a");
    while saved(&path).is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let full = Full::new();
    socket
        .write_all(b"id: 2\ndata: b\n\nid: 3\ndata: c\n\n")
        .await
        .unwrap();
    let (handed_out, error) = until_error(&mut stream).await;
    // What comes before the disk has answered is handed out.
    assert!((1..=2).contains(&handed_out), "{handed_out}");
    assert_eq!(error.kind(), ErrorKind::Cursor);
    assert_eq!(error.path(), Some(path.as_path()));
    let text = error.to_string();
    for part in [
        "cannot write the cursor file",
        path.to_str().unwrap(),
        "make room, and connect again",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(stream.next().await.is_none());
    stream.close();
    drop(stream);
    assert_eq!(saved(&path).as_deref(), Some("1"), "the place before");
    let both = ["place.cursor", "place.cursor.lock"];
    assert_eq!(names(folder.path()), both, "nothing half-written is left");

    // A place that there was none of yet.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut stream = open(&elsewhere.join("new.cursor"));
    let (served, failed) = tokio::join!(
        serve(&listener, "id: 1\ndata: a\n\n"),
        until_error(&mut stream)
    );
    assert_eq!((failed.0, failed.1.kind()), (1, ErrorKind::Cursor));
    drop((served, stream));
    assert_eq!(names(&elsewhere), ["new.cursor.lock"]);

    drop(full);
    let mut stream = open(&path);
    assert_eq!(stream.last_event_id(), "1");
    let ((head, _socket), second) =
        tokio::join!(serve(&listener, "id: 2\ndata: b\n\n"), stream.next());
    assert!(head.contains("\r\nlast-event-id: 1\r\n"), "{head}");
    assert_eq!(second.unwrap().unwrap().data(), "b");
    stream.close();
    assert_eq!(saved(&path).as_deref(), Some("2"));
}
