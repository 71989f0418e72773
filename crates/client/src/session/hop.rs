//! One request of a chain of redirects, and what of it survives the next.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, HeaderName, LOCATION, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use super::wire::{Head, Request};
use crate::ConnectOptions;
use crate::headers::SECRETS;
use crate::redact::{redacted, redacted_text};

/// As many as browsers follow.
const MAX_REDIRECTS: u32 = 20;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where the next request goes, and what it may carry.
#[derive(Clone)]
pub(super) struct Hop {
    pub(super) url: Url,
    method: Method,
    body: bool,
    /// Not after a redirect to another origin.
    secrets: bool,
    followed: u32,
}

impl Hop {
    /// The first request of a chain.
    pub(super) fn first(options: &ConnectOptions, url: &Url, body: bool) -> Hop {
        Hop {
            url: url.clone(),
            method: options.method.clone(),
            body,
            secrets: true,
            followed: 0,
        }
    }

    /// The request after a redirect; or what is wrong with where it leads.
    pub(super) fn redirected(&self, head: &Head) -> Result<Hop, String> {
        let location = head
            .headers
            .get(LOCATION)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default();
        if location.is_empty() {
            return Err("redirects without a Location".to_owned());
        }
        if self.followed >= MAX_REDIRECTS {
            return Err(format!(
                "redirects once more, after {MAX_REDIRECTS} in a row"
            ));
        }
        let location = String::from_utf8_lossy(location);
        let url = self.url.join(&location).map_err(|error| {
            let shown = redacted_text(&location);
            format!("redirects to {shown:?}, which is no URL ({error})")
        })?;
        match (self.url.scheme(), url.scheme()) {
            (_, "https") | ("http", "http") => {}
            ("https", "http") => {
                return Err(format!(
                    "redirects to {}, from https to http, which is not followed",
                    redacted(&url)
                ));
            }
            _ => {
                return Err(format!(
                    "redirects to {}, which is neither http nor https",
                    redacted(&url)
                ));
            }
        }
        let becomes_get = match head.status {
            StatusCode::SEE_OTHER => !matches!(self.method, Method::GET | Method::HEAD),
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        Ok(Hop {
            secrets: self.secrets && url.origin() == self.url.origin(),
            method: if becomes_get {
                Method::GET
            } else {
                self.method.clone()
            },
            body: self.body && !becomes_get,
            followed: self.followed + 1,
            url,
        })
    }

    /// The request with what the attempt has for headers and body, resuming after `last_event_id`.
    pub(super) fn request(
        &self,
        headers: &HeaderMap,
        body: Option<&Bytes>,
        connect_timeout: Duration,
        last_event_id: &str,
    ) -> Request {
        let mut headers = headers.clone();
        default(&mut headers, ACCEPT, "text/event-stream");
        default(&mut headers, CACHE_CONTROL, "no-cache");
        default(
            &mut headers,
            USER_AGENT,
            concat!("eventwire/", env!("CARGO_PKG_VERSION")),
        );
        if !self.secrets {
            for secret in SECRETS {
                headers.remove(secret);
            }
        }
        if !self.body {
            for about_body in [
                CONTENT_TYPE,
                CONTENT_LENGTH,
                CONTENT_ENCODING,
                CONTENT_LANGUAGE,
                CONTENT_LOCATION,
            ] {
                headers.remove(about_body);
            }
        }
        headers.remove(LAST_EVENT_ID);
        if !last_event_id.is_empty() {
            match HeaderValue::from_bytes(last_event_id.as_bytes()) {
                Ok(value) => {
                    headers.insert(LAST_EVENT_ID, value);
                }
                // Better to start anew, as with a server that sends no ids, than never to connect again.
                Err(_) => tracing::warn!(
                    target: "eventwire::client",
                    id = ?last_event_id,
                    "the last event ID has a control character that no header can carry; connecting without it"
                ),
            }
        }
        Request {
            method: self.method.clone(),
            url: self.url.clone(),
            headers,
            body: body.cloned().filter(|_| self.body),
            connect_timeout,
        }
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop")
            .field("method", &self.method)
            .field("url", &redacted(&self.url))
            .field("body", &self.body)
            .field("secrets", &self.secrets)
            .field("followed", &self.followed)
            .finish()
    }
}

/// Takes a `Last-Event-ID` given as a header for what it is: the place to start from.
pub(super) fn take_last_event_id(headers: &mut HeaderMap) -> Option<String> {
    let value = headers.remove(LAST_EVENT_ID)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}
