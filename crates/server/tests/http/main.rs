//! All of the HTTP behaviour, without a socket. The clock is virtual.

mod access;
mod events;
mod publishing;

use std::time::Duration;

use eventwire_server::{
    Access, Action, Cors, Denied, Endpoint, Head, HttpOptions, Hub, Identity, Publication, Reply,
};
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request, put together by value.
#[derive(Clone)]
struct Request(Head, Vec<u8>);

fn get(target: &str) -> Request {
    Request(Head::get(target), Vec::new())
}

fn post(content_type: &str, body: impl Into<Vec<u8>>) -> Request {
    let mut request = get("/events").method(Method::POST);
    request.1 = body.into();
    request.with("content-type", content_type)
}

fn post_json(value: &Value) -> Request {
    post(JSON, value.to_string())
}

impl Request {
    fn method(mut self, method: Method) -> Self {
        self.0.method = method;
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.0.headers.append(name, value);
        self
    }

    async fn ask(self, endpoint: &Endpoint) -> Reply {
        let body = String::from_utf8(self.1).unwrap();
        endpoint.respond(self.0, body).await
    }

    /// The status, and the body that says why.
    async fn refused(self, endpoint: &Endpoint) -> (u16, String) {
        let reply = self.ask(endpoint).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], JSON);
        assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
        let status = reply.status.as_u16();
        let said: Value = serde_json::from_str(&body(reply).await).unwrap();
        (status, said["error"].as_str().unwrap().to_owned())
    }
}

async fn body(reply: Reply) -> String {
    let bytes = reply.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The next bytes of a stream.
async fn next(reply: &mut Reply) -> String {
    let frame = reply.body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

fn open(hub: &Hub) -> Endpoint {
    hub.endpoint(HttpOptions::new().open_publish(true))
}

fn id(hub: &Hub, offset: u64) -> String {
    format!("{}-{offset}", hub.stats().last.epoch())
}

async fn publish(hub: &Hub, topic: &str, data: &str) {
    hub.publish(Publication::new(topic, data)).await.unwrap();
}

/// A body that never comes.
struct Stalled;

impl http_body::Body for Stalled {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}
