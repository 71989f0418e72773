//! Cookies, and who one is.

use eventwire_client::{ConnectOptions, ErrorKind, PublisherOptions, TransportOptions};

use crate::server::{STREAM, Server, hasty};

const WITH_COOKIE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nSet-Cookie: node=b; Path=/\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn cookies_go_to_their_host_and_what_the_server_sets_goes_with_the_next_connection() {
    let (first, second) = (Server::start(), Server::start());
    let transport = TransportOptions::new().cookies([("session", "31d4")]);
    let options = first.options().transport(transport).retry(hasty());
    let mut stream = options.open().unwrap();
    let elsewhere = format!(
        "Location: http://localhost:{}/\r\n",
        second.address().port()
    );
    let talk = async {
        let mut connection = first.accept().await;
        connection.send(format!("{WITH_COOKIE}data: x\n\n")).await;
        let asked = vec![connection.header("cookie")];
        drop(connection);
        // The host is another there, and none of its cookies are known.
        let again = first.accept().await;
        let mut asked = [asked, vec![again.header("cookie")]].concat();
        again.answer("307 Temporary Redirect", &elsewhere, "").await;
        let mut connection = second.accept().await;
        asked.push(connection.header("cookie"));
        connection.send(format!("{STREAM}data: y\n\n")).await;
        asked
    };
    let read = async {
        let first = stream.next().await.unwrap().unwrap();
        let second = stream.next().await.unwrap().unwrap();
        (first.data().to_owned(), second.data().to_owned())
    };
    let (asked, got) = tokio::join!(talk, read);
    assert_eq!(got, ("x".to_owned(), "y".to_owned()));
    let [first, again, elsewhere] = asked.try_into().unwrap();
    assert_eq!(first.as_deref(), Some("session=31d4"));
    let mut both: Vec<String> = again.unwrap().split("; ").map(str::to_owned).collect();
    both.sort();
    assert_eq!(both, ["node=b", "session=31d4"]);
    assert_eq!(elsewhere, None);
}

#[tokio::test]
async fn no_cookies_are_kept_where_nobody_asked_for_it() {
    let server = Server::start();
    let mut stream = server.options().retry(hasty()).open().unwrap();
    let talk = async {
        let mut connection = server.accept().await;
        connection.send(format!("{WITH_COOKIE}data: x\n\n")).await;
        drop(connection);
        let mut connection = server.accept().await;
        connection.send(format!("{STREAM}data: y\n\n")).await;
        connection.header("cookie")
    };
    let (cookie, _) = tokio::join!(talk, async {
        stream.next().await.unwrap().unwrap();
        stream.next().await.unwrap().unwrap();
    });
    assert_eq!(cookie, None);
}

#[tokio::test]
async fn a_name_and_a_password_go_as_basic_credentials() {
    let server = Server::start();
    let options = server.options().basic_auth("Aladdin", "open sesame");
    assert!(
        !format!("{options:?}").contains("QWxhZGRpbj"),
        "{options:?}"
    );
    let mut stream = options.open().unwrap();
    let talk = async {
        let mut connection = server.accept().await;
        connection.send(format!("{STREAM}data: x\n\n")).await;
        connection.header("authorization")
    };
    let (sent, _) = tokio::join!(talk, stream.next());
    // The example of RFC 7617, section 2.
    assert_eq!(sent.as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[test]
fn what_cannot_be_sent_is_an_error_that_says_so() {
    let get = || ConnectOptions::new("http://example.com/");
    let cookie = TransportOptions::new().cookies([("a;b", "c")]);
    for (options, what) in [
        (get().basic_auth("a:b", "c"), "no colon"),
        (get().transport(cookie), "\"a;b\""),
    ] {
        let error = options.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains(what), "{error}");
    }
    let options = PublisherOptions::new().basic_auth("a:b", "c");
    let error = eventwire_client::Publisher::new("http://example.com/", options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}
