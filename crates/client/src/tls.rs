//! TLS by rustls with ring, verified as the platform does unless told otherwise.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// Whom the platform trusts.
    #[default]
    Platform,
    Authorities(Arc<Authorities>),
    Anybody,
}

/// Who to be.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Certificates that are trusted, and what follows from them.
#[derive(Debug)]
pub(crate) struct Authorities {
    roots: Arc<RootCertStore>,
    certificates: Vec<CertificateDer<'static>>,
}

/// Reads authorities from PEM.
pub(crate) fn authorities(pem: &[u8]) -> Result<Arc<Authorities>, String> {
    let certificates = certificates(pem, "ca")?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| format!("ca has a certificate that is none: {error}"))?;
    }
    Ok(Arc::new(Authorities {
        roots: Arc::new(roots),
        certificates,
    }))
}

/// Reads a chain and its key from PEM.
pub(crate) fn identity(pem: &[u8]) -> Result<Identity, String> {
    let chain = certificates(pem, "client_certificate")?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        format!("client_certificate has no private key that can be read ({error}): give certificate and key in one PEM")
    })?;
    Ok(Identity { chain, key })
}

fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| format!("{option} is no PEM that can be read: {error}"))?;
    if found.is_empty() {
        return Err(format!(
            "{option} has no certificate: give PEM, which has lines as -----BEGIN CERTIFICATE-----"
        ));
    }
    Ok(found)
}

/// The configuration of a client. Cheap until the first handshake.
pub(crate) fn config(trust: &Trust, identity: Option<&Identity>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Platform => Arc::new(LazyVerifier {
            provider: provider.clone(),
        }),
        Trust::Authorities(authorities) => {
            let roots = authorities.roots.clone();
            let inner = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|error| Error::General(error.to_string()))?;
            Arc::new(SelfSignedVerifier {
                inner,
                authorities: authorities.clone(),
            })
        }
        Trust::Anybody => Arc::new(NoVerifier {
            provider: provider.clone(),
        }),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether what is wrong with a server's certificate is that it is an authority's.
pub(crate) fn is_of_authority(error: &CertificateError) -> bool {
    // The type of the reason is that of a crate below rustls.
    matches!(error, CertificateError::Other(error) if error.0.to_string() == "CaUsedAsEndEntity")
}

/// Trusts authorities, and servers that show the very certificate of one of them: what `openssl req -x509` makes is an
/// authority, and the certificate of a server too.
#[derive(Debug)]
struct SelfSignedVerifier {
    inner: Arc<WebPkiServerVerifier>,
    authorities: Arc<Authorities>,
}

impl ServerCertVerifier for SelfSignedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // Its time was checked before. That the server has the key is checked with the handshake's signature.
            Err(Error::InvalidCertificate(error))
                if is_of_authority(&error)
                    && self
                        .authorities
                        .certificates
                        .iter()
                        .any(|c| c == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The platform's verifier, made at the first handshake: it reads all of the system's certificates, which a stream over
/// plain HTTP should not wait for. Shared by the whole process, since they are the same for all.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
}

impl LazyVerifier {
    fn verifier(&self) -> Result<&'static Verifier, Error> {
        static VERIFIER: OnceLock<Verifier> = OnceLock::new();
        if let Some(verifier) = VERIFIER.get() {
            return Ok(verifier);
        }
        // Two threads may both make one; a failure (no certificates, say) is not kept, so that it can be mended.
        let verifier = Verifier::new(self.provider.clone())?;
        Ok(VERIFIER.get_or_init(|| verifier))
    }
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Takes any certificate. That the server has the key of the one it shows is still checked.
#[derive(Debug)]
struct NoVerifier {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        tracing::warn!(
            target: "eventwire::client",
            server = %server_name.to_str(),
            "connecting without verifying who the server is: anybody on the way can read and change what is sent"
        );
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
