//! Why an exchange failed, in words that say what to do.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, InvalidMessage};

use crate::session::Failure;
use crate::tls;

/// What the HTTP client's error means.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    // The session names the address itself, without its secrets.
    let error = error.without_url();
    let says = chain(&error).find_map(says).unwrap_or_default();
    if error.is_connect() && error.is_timeout() {
        Failure::connect_timeout().with_source(error)
    } else if error.is_connect() || error.is_builder() {
        Failure::connect(says).with_source(error)
    } else {
        Failure::disconnected(says).with_source(error)
    }
}

/// An error and its sources; of one that wraps another without a word, that one.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn inner<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        // Else it would be the source of the reference.
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = error.downcast_ref::<io::Error>();
        match wrapped.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), inner)
}

fn says(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return of_tls(error);
    }
    // Its type is private to the HTTP client, and it does not keep the status.
    let text = match error.to_string().as_str() {
        "tunnel error: unsuccessful" => {
            "the proxy refused to connect there: it answered CONNECT with something else than 200"
        }
        "tunnel error: proxy authorization required" => {
            "the proxy wants to know who asks (407): give user:password@ in its URL, the right ones"
        }
        "tunnel error: unexpected end of file" => {
            "the proxy hung up when it was to connect there: is it a proxy for https?"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn of_tls(error: &rustls::Error) -> Option<String> {
    let text = match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => {
                "nobody who is trusted has signed the server's certificate: give the certificate of who has (ca; verify in Python) if you trust them".to_owned()
            }
            error if tls::is_of_authority(error) => {
                "the server's certificate is that of an authority, as one is that was signed by itself, and it is not trusted: give just that certificate (ca; verify in Python) if you trust it".to_owned()
            }
            CertificateError::ExpiredContext { not_after, .. } => {
                format!("the server's certificate expired on {}", Date(*not_after))
            }
            CertificateError::Expired => "the server's certificate has expired".to_owned(),
            CertificateError::NotValidYetContext { not_before, .. } => format!(
                "the server's certificate is not valid before {}: is this machine's clock right?",
                Date(*not_before)
            ),
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => {
                // They come as `DnsName("localhost")`.
                let names: Vec<&str> = presented
                    .iter()
                    .map(|name| name.split('"').nth(1).unwrap_or(name))
                    .collect();
                let names = match names.as_slice() {
                    [] => "any name at all (it has no subjectAltName)".to_owned(),
                    names => names.join(", "),
                };
                format!(
                    "the server's certificate is not for {}, but for {names}",
                    expected.to_str()
                )
            }
            _ => return None,
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it answered without TLS: does it speak plain HTTP, so that http:// is meant?".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

struct Date(UnixTime);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) {
            // The writer of dates knows no later year than 9999.
            Some(time) if seconds < 253_402_300_800 => f.write_str(&httpdate::fmt_http_date(time)),
            _ => write!(f, "the second {seconds} since 1970"),
        }
    }
}
