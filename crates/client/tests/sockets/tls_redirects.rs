//! Redirects over TLS: whom what is secret goes to, and that nobody is led away from TLS.

use eventwire_client::{ConnectOptions, Error, ErrorKind, StreamItem, TransportOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{STREAM, Server, hasty};
use crate::tls::Authority;

/// Options with all that is secret and something that is not, trusting `authority`.
fn options(url: &str, authority: &Authority) -> ConnectOptions {
    ConnectOptions::new(url)
        .retry(hasty().attempts(1))
        .transport(TransportOptions::new().ca(authority.pem()))
        .header("authorization", "Bearer secret")
        .header("cookie", "session=secret")
        .header("x-own", "kept")
        .last_event_id("7")
}

fn redirect(location: &str) -> String {
    format!(
        "HTTP/1.1 307 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// Answers by what was asked: its path, and those of the headers of `options` that came along.
fn tell(head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap();
    let names = ["authorization", "cookie", "x-own", "last-event-id"];
    let came = names.map(|name| head.contains(&format!("\r\n{name}: ")).then_some(name));
    let came: Vec<&str> = came.into_iter().flatten().collect();
    format!("{STREAM}data: {path} {}\n\n", came.join(" "))
}

/// A server that leads from `/` to this address, and tells of every other request.
async fn leading_to(authority: &Authority, location: String) -> String {
    let answer = move |head: &str| match head.starts_with("GET / ") {
        true => redirect(&location),
        false => tell(head),
    };
    authority.answer("localhost", None, answer).await
}

/// Where the stream was opened, and the data of its first event.
async fn first(options: ConnectOptions) -> Result<(String, String), Error> {
    let mut stream = options.open()?;
    let mut at = String::new();
    loop {
        match stream.next_item().await.expect("an event or an error")? {
            StreamItem::Opened(opened) => at = opened.url,
            StreamItem::Event(event) => return Ok((at, event.data().to_owned())),
            _ => {}
        }
    }
}

#[tokio::test]
async fn within_an_origin_secrets_go_along() {
    let authority = Authority::new();
    let url = leading_to(&authority, "/next".to_owned()).await;
    let (at, told) = first(options(&url, &authority)).await.unwrap();
    assert_eq!(at, format!("{url}next"));
    assert_eq!(told, "/next authorization cookie x-own last-event-id");
}

#[tokio::test]
async fn to_another_origin_secrets_do_not_go_along() {
    let authority = Authority::new();
    // Another port, and another host.
    for name in ["localhost", "127.0.0.1"] {
        let other = authority.answer(name, None, tell).await;
        let url = leading_to(&authority, format!("{other}next")).await;
        let (at, told) = first(options(&url, &authority)).await.unwrap();
        assert_eq!(at, format!("{other}next"));
        assert_eq!(told, "/next x-own last-event-id");
    }
}

#[tokio::test]
async fn cookies_that_are_kept_go_to_no_other_host() {
    let authority = Authority::new();
    let transport = TransportOptions::new().ca(authority.pem());
    let transport = transport.cookies([("session", "secret")]);
    let to_itself = leading_to(&authority, "/next".to_owned()).await;
    let other = authority.answer("127.0.0.1", None, tell).await;
    let to_other = leading_to(&authority, format!("{other}next")).await;
    for (url, expected) in [(to_itself, "/next cookie"), (to_other, "/next ")] {
        let options = ConnectOptions::new(url).transport(transport.clone());
        assert_eq!(first(options).await.unwrap().1, expected);
    }
}

#[tokio::test]
async fn each_server_on_the_way_must_be_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let other = stranger.answer("localhost", None, tell).await;
    let url = leading_to(&authority, other).await;
    let error = first(options(&url, &authority)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn nobody_is_led_from_https_to_http() {
    let authority = Authority::new();
    let plain = Server::start();
    let url = leading_to(&authority, format!("{}?token=secret", plain.url())).await;
    let error = first(options(&url, &authority)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Status, Some(307))
    );
    let text = error.to_string();
    let address = plain.address();
    for part in [
        url.as_str(),
        &format!("redirects to http://{address}/events"),
        "from https to http, which is not followed",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    // The first who comes there is somebody else.
    let mut somebody = TcpStream::connect(address).await.unwrap();
    somebody
        .write_all(b"GET /else HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let came = plain.accept().await;
    assert!(came.request.starts_with("GET /else "), "{}", came.request);
}

#[tokio::test]
async fn one_may_be_led_from_http_to_https_and_secrets_stay_behind() {
    let authority = Authority::new();
    let secure = authority.answer("localhost", None, tell).await;
    let plain = Server::start();
    let to = format!("Location: {secure}next\r\n");
    let serve = async {
        let connection = plain.accept().await;
        connection.answer("301 Moved", &to, "").await;
    };
    let ((), first) = tokio::join!(serve, first(options(&plain.url(), &authority)));
    assert_eq!(first.unwrap().1, "/next x-own last-event-id");
}
