//! Through a proxy.

use std::sync::Arc;

use eventwire_client::{Publisher, PublisherOptions, TransportOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Deserted, STREAM, Server, hasty};

/// The first event that comes by this way.
async fn first(server: &Server, transport: TransportOptions) -> String {
    let mut stream = server.options().transport(transport).open().unwrap();
    let answer = async {
        let mut connection = server.accept().await;
        let event = format!("{STREAM}data: x\n\n");
        connection.send(&event).await;
        connection
    };
    let (event, connection) = tokio::join!(stream.next(), answer);
    assert_eq!(event.unwrap().unwrap().data(), "x");
    connection.request
}

#[tokio::test]
async fn http_is_asked_of_the_proxy_with_the_whole_address() {
    let proxy = Server::start();
    let to = format!("http://me:secret@{}", proxy.address());
    let target = "http://events.invalid/orders";
    let options = eventwire_client::ConnectOptions::new(target);
    let transport = TransportOptions::new().proxy(to);
    let mut stream = options.transport(transport).open().unwrap();
    let answer = async {
        let mut connection = proxy.accept().await;
        connection.send(&format!("{STREAM}data: x\n\n")).await;
        connection
    };
    let (event, connection) = tokio::join!(stream.next(), answer);
    assert_eq!(event.unwrap().unwrap().data(), "x");
    let asked = format!("GET {target} HTTP/1.1\r\n");
    assert!(
        connection.request.starts_with(&asked),
        "{}",
        connection.request
    );
    // "me:secret" in base64.
    let credentials = connection.header("proxy-authorization");
    assert_eq!(credentials.as_deref(), Some("Basic bWU6c2VjcmV0"));
}

#[tokio::test]
async fn socks_5_carries_the_connection() {
    let server = Server::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        // RFC 1928: the methods that the client knows, and the one that is taken.
        let mut hello = [0; 2];
        client.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello[0], 5);
        client
            .read_exact(&mut vec![0; hello[1].into()])
            .await
            .unwrap();
        client.write_all(&[5, 0]).await.unwrap();
        // Connect, to an IPv4 address.
        let mut request = [0; 10];
        client.read_exact(&mut request).await.unwrap();
        assert_eq!(request[..4], [5, 1, 0, 1]);
        let port = u16::from_be_bytes([request[8], request[9]]);
        let ip = std::net::Ipv4Addr::new(request[4], request[5], request[6], request[7]);
        let mut upstream = TcpStream::connect((ip, port)).await.unwrap();
        client
            .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        let _ = copy_bidirectional(&mut client, &mut upstream).await;
    });
    let transport = TransportOptions::new().proxy(format!("socks5://{address}"));
    let request = first(&server, transport).await;
    assert!(request.starts_with("GET /events HTTP/1.1\r\n"), "{request}");
    proxy.abort();
}

#[tokio::test]
async fn a_client_of_ones_own_is_used_as_it_is() {
    let server = Server::start();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let cookie = (http::header::COOKIE, "a=b".parse().unwrap());
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers([cookie].into_iter().collect())
        .build()
        .unwrap();
    let request = first(&server, TransportOptions::new().client(client)).await;
    assert!(
        request.to_lowercase().contains("cookie: a=b\r\n"),
        "{request}"
    );
}

/// The error of a stream that cannot be opened by this way.
async fn error_of(url: &str, transport: TransportOptions) -> eventwire_client::Error {
    let options = eventwire_client::ConnectOptions::new(url).retry(hasty().attempts(0));
    let mut stream = options.transport(transport).open().unwrap();
    stream.next().await.unwrap().unwrap_err()
}

#[tokio::test]
async fn an_error_names_the_proxy_that_it_came_by() {
    let gone = Deserted::new();
    let proxy = gone.url().replace("http://", "http://me:hunter2@");
    let by = format!("(by the proxy {})", gone.url().trim_end_matches("/events"));
    let error = error_of("http://127.0.0.1:9/", TransportOptions::new().proxy(&proxy)).await;
    let said = error.to_string();
    assert!(said.contains(&by) && !said.contains("hunter2"), "{said}");
    let options = PublisherOptions::new()
        .transport(TransportOptions::new().proxy(&proxy))
        .no_retry();
    let publisher = Publisher::new("http://127.0.0.1:9/", options).unwrap();
    let error = publisher.publish("a", "b").await.unwrap_err();
    assert!(error.to_string().contains(&by), "{error}");
}

#[tokio::test]
async fn a_proxy_that_refuses_to_connect_is_said_to() {
    for (status, says) in [
        ("403 Forbidden", "the proxy refused to connect there"),
        ("407 Who?", "the proxy wants to know who asks (407)"),
    ] {
        let proxy = Server::start();
        let to = format!("http://{}", proxy.address());
        let transport = TransportOptions::new().proxy(&to);
        let answer = async { proxy.accept().await.answer(status, "", "").await };
        let (error, ()) = tokio::join!(error_of("https://events.invalid/", transport), answer);
        let said = error.to_string();
        assert!(said.contains(&to) && said.contains(says), "{said}");
    }
}

/// The environment is the process's, so this is run again as one of its own, which connects and prints what came of it.
#[tokio::test]
async fn the_environment_says_by_which_proxy_to_go() {
    const URL: &str = "EVENTWIRE_TEST_URL";
    if let Ok(url) = std::env::var(URL) {
        eprintln!("{}", error_of(&url, TransportOptions::new()).await);
        return;
    }
    let gone = Deserted::new();
    let gone = gone.url();
    for (variables, says) in [
        (
            [
                ("HTTP_PROXY", "http://me:hunter2@127.0.0.1:9"),
                ("NO_PROXY", ""),
            ],
            "(by the proxy http://127.0.0.1:9, which HTTP_PROXY names)",
        ),
        (
            [
                ("HTTP_PROXY", "http://me:hunter2@127.0.0.1:9"),
                ("NO_PROXY", "*"),
            ],
            "/events: ",
        ),
        (
            [
                ("HTTP_PROXY", "htp://me:hunter2@127.0.0.1:9"),
                ("NO_PROXY", ""),
            ],
            "the environment variable HTTP_PROXY is no proxy's URL",
        ),
    ] {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("proxy::the_environment_says_by_which_proxy_to_go")
            .env_remove("REQUEST_METHOD")
            .env_remove("http_proxy")
            .envs(variables)
            .env(URL, &gone)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{said}");
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}
