//! Over TLS: whom the client trusts, and who it is.

use std::sync::Arc;

use eventwire_client::{ConnectOptions, ErrorKind, StreamItem, TransportOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{STREAM, hasty};

/// An authority of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// What a client shows.
    fn client(&self) -> String {
        let (certificate, key) = self.sign("client");
        certificate.pem() + &key.serialize_pem()
    }

    /// A server with a certificate for `localhost` that gives each client one event; where `clients` is given, only to those
    /// whom it has signed.
    async fn serve(&self, clients: Option<&Authority>) -> String {
        let answer = |_: &str| format!("{STREAM}data: secret\n\n");
        self.answer("localhost", clients, answer).await
    }

    /// A server with a certificate for this name, whose answer to the head of each request is what `answer` makes of it.
    pub(crate) async fn answer(
        &self,
        name: &str,
        clients: Option<&Authority>,
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> String {
        let acceptor = self.acceptor(name, clients);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{name}:{}/", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // Who does not trust it, or is not trusted, goes away here.
                let Ok(mut socket) = acceptor.accept(socket).await else {
                    continue;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n")
                    && let Ok(byte) = socket.read_u8().await
                {
                    head.push(byte);
                }
                if !head.is_empty() {
                    let answer = answer(&String::from_utf8(head).unwrap());
                    let _ = socket.write_all(answer.as_bytes()).await;
                    let _ = socket.shutdown().await;
                }
            }
        });
        url
    }

    fn acceptor(&self, name: &str, clients: Option<&Authority>) -> TlsAcceptor {
        let (certificate, key) = self.sign(name);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let config = builder.with_single_cert(chain, key).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The data of the first event, or the error.
async fn first(url: &str, transport: TransportOptions) -> Result<String, eventwire_client::Error> {
    let options = ConnectOptions::new(url).retry(hasty().attempts(1));
    let mut stream = options.transport(transport).open()?;
    let event = stream.next().await.expect("an event or an error")?;
    Ok(event.data().to_owned())
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_only() {
    let (ours, other) = (Authority::new(), Authority::new());
    let url = ours.serve(None).await;
    let trusting = |authority: &Authority| TransportOptions::new().ca(authority.pem());
    assert_eq!(first(&url, trusting(&ours)).await.unwrap(), "secret");
    let both = TransportOptions::new().ca(other.pem() + &ours.pem());
    assert_eq!(first(&url, both).await.unwrap(), "secret");
    for stranger in [trusting(&other), TransportOptions::new()] {
        let error = first(&url, stranger).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    // The name counts too.
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let error = first(&elsewhere, trusting(&ours)).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn nobody_is_trusted_blindly_unless_it_is_said() {
    let url = Authority::new().serve(None).await;
    let blind = TransportOptions::new().dangerously_trust_anybody();
    assert_eq!(first(&url, blind).await.unwrap(), "secret");
}

#[tokio::test]
async fn a_client_shows_its_certificate_to_who_asks() {
    let (ours, clients) = (Authority::new(), Authority::new());
    let url = ours.serve(Some(&clients)).await;
    let transport = TransportOptions::new().ca(ours.pem());
    let known = transport.clone().client_certificate(clients.client());
    assert_eq!(first(&url, known).await.unwrap(), "secret");
    for stranger in [
        transport.clone(),
        transport.client_certificate(ours.client()),
    ] {
        assert!(first(&url, stranger).await.is_err());
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_told_before_anything_is_sent() {
    let authority = Authority::new();
    let without_key = authority.pem();
    for (transport, said) in [
        (TransportOptions::new().ca("hello"), "ca has no certificate"),
        (
            TransportOptions::new()
                .ca("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"),
            "ca is no PEM that can be read",
        ),
        (
            TransportOptions::new().client_certificate(without_key),
            "client_certificate has no private key",
        ),
        (
            TransportOptions::new().proxy("localhost:1080"),
            "the proxy is no URL",
        ),
    ] {
        let open = ConnectOptions::new("https://localhost/")
            .transport(transport)
            .open();
        let error = open.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn nothing_of_a_key_or_a_password_is_printed() {
    let authority = Authority::new();
    let transport = TransportOptions::new()
        .client_certificate(authority.client())
        .proxy("http://me:hunter2@127.0.0.1:1");
    let options = ConnectOptions::new("https://localhost/").transport(transport);
    let printed = format!("{options:?}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("PRIVATE"),
        "{printed}"
    );
    let mut stream = options.retry(hasty().attempts(1)).open().unwrap();
    while let Some(item) = stream.next_item().await {
        let printed = format!("{item:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
        if let Ok(StreamItem::Event(_)) = item {
            panic!("there is no proxy");
        }
    }
}
