//! Nothing secret is printed, whatever of a client is.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventwire_client::session::{Head, Session};
use eventwire_client::{ConnectOptions, ErrorKind, Publisher, PublisherOptions, TransportOptions};
use http::{HeaderMap, StatusCode};

use crate::server::{Deserted, STREAM, Server, hasty};

const SECRET: &str = "hunter2";

fn print(what: impl Debug) {
    for printed in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(!printed.contains(SECRET), "{printed}");
    }
}

/// Everything that may be secret, towards this address.
fn options(url: &str) -> ConnectOptions {
    let url = url.replace("http://", &format!("http://me:{SECRET}@"));
    let mut more = HeaderMap::new();
    more.insert("x-session-token", SECRET.parse().unwrap());
    ConnectOptions::new(format!("{url}?token={SECRET}"))
        .query("api_key", SECRET)
        .header("authorization", SECRET)
        .header("cookie", SECRET)
        .header("proxy-authorization", SECRET)
        .header("x-api-key", SECRET)
        .header("X-Auth", SECRET)
        .headers(more)
        .body(SECRET)
        .retry(hasty().attempts(1))
}

#[tokio::test]
async fn of_a_stream_and_its_options() {
    let server = Server::start();
    let printed = Arc::new(Mutex::new(0));
    let count = printed.clone();
    let transport = TransportOptions::new().cookies([("a", SECRET)]);
    let stream = options(&server.url())
        .transport(transport)
        .prepare(move |mut attempt| {
            let count = count.clone();
            async move {
                attempt.set_header("x-prepared-secret", SECRET)?;
                print(&attempt);
                *count.lock().unwrap() += 1;
                Ok(attempt)
            }
        });
    print(&stream);
    let mut stream = stream.open().unwrap();
    print(&stream);
    let head = STREAM.replace("\r\n\r\n", &format!("\r\nSet-Cookie: a={SECRET}\r\n\r\n"));
    let answer = async {
        let mut connection = server.accept().await;
        assert!(connection.request.contains(SECRET));
        connection.send(head).await;
        connection
    };
    let (opened, connection) = tokio::join!(stream.next_item(), answer);
    print(opened.unwrap().unwrap());
    print(&stream);
    drop((connection, server));
    while let Some(item) = stream.next_item().await {
        print(&item);
        print(&stream);
        if let Err(error) = item {
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
    }
    print(stream.items());
    assert!(*printed.lock().unwrap() > 0);
}

#[tokio::test]
async fn of_a_session_and_what_passes_through_it() {
    let mut session = Session::new(options("http://a/events")).unwrap();
    let request = session.next_request(Duration::ZERO).unwrap();
    print(&request);
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", SECRET.parse().unwrap());
    headers.insert("content-type", "text/event-stream".parse().unwrap());
    let head = Head::new(StatusCode::OK, headers);
    print(&head);
    session.response(Duration::ZERO, head);
    session.feed(Duration::ZERO, format!("data: {SECRET}\n\n"));
    print(&session);
}

#[tokio::test]
async fn of_a_publisher_and_of_a_proxy() {
    let gone = Deserted::new();
    let proxy = gone
        .url()
        .replace("http://", &format!("http://me:{SECRET}@"));
    let options = PublisherOptions::new()
        .header("x-api-key", SECRET)
        .basic_auth("me", SECRET)
        .transport(TransportOptions::new().proxy(proxy))
        .no_retry();
    print(&options);
    let url = format!("http://me:{SECRET}@127.0.0.1:9/events?token={SECRET}");
    let publisher = Publisher::new(url, options).unwrap();
    print(&publisher);
    let error = publisher.publish("a", SECRET).await.unwrap_err();
    print(&error);
    assert!(!error.to_string().contains(SECRET), "{error}");
}

#[test]
fn of_a_url_that_cannot_be_read() {
    for url in [
        format!("http://me:{SECRET}/ss@host/x"),
        format!("http://me:pa#{SECRET}@host/x"),
        format!("http://host:port/x?token={SECRET}"),
        format!("me:{SECRET}@host"),
        format!("//me:{SECRET}@host/x?token={SECRET}"),
    ] {
        let options = ConnectOptions::new(&url);
        print(&options);
        let opened = options.open().unwrap_err();
        let published = Publisher::new(&url, PublisherOptions::new()).unwrap_err();
        for error in [opened, published] {
            assert_eq!(error.kind(), ErrorKind::InvalidUrl);
            print(&error);
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
    }
    let error = ConnectOptions::new("http://me:pa/ss@host/x")
        .open()
        .unwrap_err();
    assert!(error.to_string().contains("percent-encode"), "{error}");
}
