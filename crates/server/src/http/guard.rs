//! Requests that a web page makes behind its user's back: forged publishing, and DNS rebinding.

use std::net::IpAddr;

use http::header::{self, HeaderMap};
use http::{StatusCode, Uri};

use super::cors::Cors;
use super::message::Refusal;

/// Refuses to publish for a page that has no business here (request forgery).
pub(super) fn check_origin(cors: &Cors, headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |what: String| {
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            format!("{what}: name its origin in the server's cors to allow it"),
        ))
    };
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("null");
        if cors.names(origin) {
            return Ok(());
        }
        if !is_own(origin, headers) {
            return refuse(format!("a page of {origin} may not publish here"));
        }
    }
    match headers.get("sec-fetch-site") {
        Some(site) if site == "cross-site" => {
            refuse("a page of another site may not publish here".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let origin = origin.parse::<Uri>().ok();
    let authority = origin.as_ref().and_then(Uri::authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.as_str().eq_ignore_ascii_case(host))
}

/// On a loopback address: refuses a host that is no loopback name, which only DNS rebinding brings here.
pub(super) fn check_host(headers: &HeaderMap) -> Result<(), Refusal> {
    // HTTP/1.0 knows no hosts; no browser speaks it.
    let Some(host) = headers.get(header::HOST) else {
        return Ok(());
    };
    let host = String::from_utf8_lossy(host.as_bytes());
    if is_loopback_name(&host) {
        return Ok(());
    }
    let message = format!("{host:?} is not served here: ask localhost or a loopback address");
    Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, message))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or("", |(name, _)| name),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "a.localhost:1",
            "127.0.0.1:8844",
            "127.9.9.9",
            "[::1]:8844",
            "localhost.",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "example.org",
            "127.0.0.1.example.org",
            "localhost.example.org",
            "10.0.0.1",
            "[::2]",
            "xlocalhost",
            "",
            "::1",
            "[::1",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
