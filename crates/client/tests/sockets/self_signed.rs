//! Over TLS, with certificates that signed themselves, and with those that are no good: what is said of them.

use std::sync::Arc;

use eventwire_client::{ConnectOptions, ErrorKind, TransportOptions};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{STREAM, Server, hasty};

/// What `openssl req -x509 -addext subjectAltName=DNS:localhost` makes: it is an authority.
fn params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A server that shows this certificate, signed by itself: its address, and the certificate.
async fn serve(params: CertificateParams) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            if let Ok(mut socket) = acceptor.accept(socket).await {
                let _ = socket.read(&mut [0; 4096]).await;
                let answer = format!("{STREAM}data: secret\n\n");
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        }
    });
    (format!("https://localhost:{port}/"), certificate.pem())
}

/// The data of the first event, or the error.
async fn first(url: &str, transport: TransportOptions) -> Result<String, eventwire_client::Error> {
    let options = ConnectOptions::new(url).retry(hasty().attempts(0));
    let mut stream = options.transport(transport).open()?;
    let event = stream.next().await.expect("an event or an error")?;
    Ok(event.data().to_owned())
}

async fn refused(url: &str, transport: TransportOptions, says: &str) {
    let error = first(url, transport).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains(says), "{error}");
}

fn trusting(pem: &str) -> TransportOptions {
    TransportOptions::new().ca(pem)
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_trusted_where_it_is_given() {
    let (url, pem) = serve(params()).await;
    let (other_url, other) = serve(params()).await;
    assert_eq!(first(&url, trusting(&pem)).await.unwrap(), "secret");
    let both = trusting(&(other.clone() + &pem));
    assert_eq!(first(&url, both.clone()).await.unwrap(), "secret");
    assert_eq!(first(&other_url, both).await.unwrap(), "secret");
    // By just that one, and not by another of the same name.
    let authority = "is that of an authority, as one is that was signed by itself";
    refused(&url, trusting(&other), authority).await;
    refused(&url, TransportOptions::new(), authority).await;
}

#[tokio::test]
async fn its_name_and_its_time_still_count() {
    let (url, pem) = serve(params()).await;
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let name = "is not for 127.0.0.1, but for localhost";
    refused(&elsewhere, trusting(&pem), name).await;
    let mut expired = params();
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let (url, pem) = serve(expired).await;
    let said = "expired on Fri, 01 Jan 2021 00:00:00 GMT";
    refused(&url, trusting(&pem), said).await;
    let mut early = params();
    early.not_before = date_time_ymd(2999, 1, 1);
    early.not_after = date_time_ymd(3000, 1, 1);
    let (url, pem) = serve(early).await;
    refused(&url, trusting(&pem), "is not valid before Tue, 01 Jan 2999").await;
}

#[tokio::test]
async fn who_is_not_trusted_is_said_with_what_to_do() {
    let mut leaf = params();
    leaf.is_ca = IsCa::NoCa;
    let (url, _) = serve(leaf).await;
    let said = "nobody who is trusted has signed the server's certificate";
    refused(&url, TransportOptions::new(), said).await;
}

#[tokio::test]
async fn a_server_without_tls_is_said_to_be_one() {
    let server = Server::start();
    let url = format!("https://{}/", server.address());
    let serve = tokio::spawn(async move {
        let mut connection = server.accept_raw().await;
        connection
            .send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            .await;
        connection.gone().await;
    });
    let said = "it answered without TLS: does it speak plain HTTP";
    refused(&url, TransportOptions::new().no_proxy(), said).await;
    serve.await.unwrap();
}
