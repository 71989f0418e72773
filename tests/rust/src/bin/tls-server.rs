//! `tls-server`: a server over TLS, with an authority of its own, that asks clients who they are. It prints one line of JSON: its `url`,
//! its authority as `ca`, and a `client` certificate with its key that it knows, all in PEM. It ends with its standard input.
//!
//! Each request is answered by one event, whose data says whether the client has shown a certificate: `known` or `unknown`. One for
//! `/to/URL` is redirected to that URL; one for `/told` says which of `authorization`, `cookie` and `x-own` it came with. At `other` it
//! is there once more, as another origin.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use eventwire_tests::program::failure;
use eventwire_tests::report::print;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, stdin};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

#[tokio::main]
async fn main() -> ExitCode {
    run().await.map_or_else(failure, |()| ExitCode::SUCCESS)
}

async fn run() -> Result<()> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let sign = |name: &str| -> Result<(Certificate, KeyPair)> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec![name.to_owned()])?;
        Ok((params.signed_by(&key, &authority)?, key))
    };

    let (certificate, key) = sign("localhost")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        .with_single_cert(vec![certificate.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (url, other) = (serve(&acceptor).await?, serve(&acceptor).await?);
    let (client, client_key) = sign("client")?;
    print(&json!({
        "url": url,
        "other": other,
        "ca": authority.pem(),
        "client": client.pem() + &client_key.serialize_pem(),
    }));

    let mut rest = Vec::new();
    stdin().read_to_end(&mut rest).await?;
    Ok(())
}

/// Answers at an address of its own.
async fn serve(acceptor: &TlsAcceptor) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let acceptor = acceptor.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Who does not trust it goes away without a request.
            tokio::spawn(answer(acceptor.clone(), socket));
        }
    });
    Ok(format!("https://localhost:{port}/"))
}

async fn answer(acceptor: TlsAcceptor, socket: TcpStream) -> Result<()> {
    let mut socket = acceptor.accept(socket).await?;
    let shown = socket.get_ref().1.peer_certificates().is_some();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.context("no request")?);
    }
    let head = String::from_utf8(head)?.to_ascii_lowercase();
    let path = head.split(' ').nth(1).context("no path")?;
    let answer = match path.strip_prefix("/to/") {
        Some(url) => format!(
            "HTTP/1.1 307 Elsewhere\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        None => {
            let told = match path {
                "/told" => told(&head),
                _ if shown => "known".to_owned(),
                _ => "unknown".to_owned(),
            };
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {told}\n\n"
            )
        }
    };
    socket.write_all(answer.as_bytes()).await?;
    Ok(socket.shutdown().await?)
}

fn told(head: &str) -> String {
    let came = |name: &&str| head.contains(&format!("\r\n{name}: "));
    let names: Vec<&str> = ["authorization", "cookie", "x-own"]
        .into_iter()
        .filter(came)
        .collect();
    names.join(" ")
}
