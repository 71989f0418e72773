//! What the contract service in Rust and its driver share: the capabilities, and HTTP in one call. `tests/contract/README.md`
//! describes the protocol.

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

/// What the services over `connect` declare: all but event-type-listeners, since events of every type come without being
/// asked for.
pub const CONNECT: &[&str] = &[
    "bom",
    "comments",
    "headers",
    "last-event-id",
    "post",
    "read-timeout",
    "report",
    "restart",
    "server-directed-shutdown-request",
];

/// What a service over the browser's class declares: it knows no comments, no timeout, no restart and no id to start from.
pub const EVENT_SOURCE: &[&str] = &[
    "bom",
    "event-type-listeners",
    "headers",
    "post",
    "report",
    "server-directed-shutdown-request",
];

/// An HTTP client for short exchanges on this machine.
#[derive(Debug, Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Http {
    /// Without connections so far.
    pub fn new() -> Http {
        Http(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends one request, with JSON where `content` is some.
    ///
    /// # Errors
    ///
    /// Where there is no answer. Any status is one.
    pub async fn ask(
        &self,
        method: Method,
        url: &str,
        content: Option<&impl Serialize>,
    ) -> Result<Answer> {
        let body = content.map(serde_json::to_vec).transpose()?;
        let request = Request::builder()
            .method(&method)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.unwrap_or_default()))?;
        let what = || format!("{method} {url}");
        let (head, body) = self
            .0
            .request(request)
            .await
            .with_context(what)?
            .into_parts();
        let body = body.collect().await.with_context(what)?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

impl Default for Http {
    fn default() -> Http {
        Http::new()
    }
}
