//! A subscription whose bytes a `fetch` moves.

use eventwire_bridge::session::{self, Broken, Order};
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;

use crate::notifier::Notifier;
use crate::stream::Stream;

/// A request to be sent.
#[napi(object, object_from_js = false)]
pub struct Outgoing {
    pub method: String,
    pub url: String,
    pub headers: Vec<Vec<String>>,
    pub body: Option<Buffer>,
}

/// `send` (with its request), `read`, `abort`, or `over`.
#[napi(object, object_from_js = false)]
pub struct SessionOrder {
    pub what: &'static str,
    pub number: f64,
    pub request: Option<Outgoing>,
}

fn order(order: Order) -> SessionOrder {
    let (what, number, request) = match order {
        Order::Send(number, request) => ("send", number, Some(request)),
        Order::Read(number) => ("read", number, None),
        Order::Abort(number) => ("abort", number, None),
        Order::Over => ("over", 0, None),
    };
    SessionOrder {
        what,
        number: number as f64,
        request: request.map(|request| Outgoing {
            method: request.method,
            url: request.url,
            headers: request
                .headers
                .into_iter()
                .map(|(name, value)| vec![name, value])
                .collect(),
            body: request.body.map(Buffer::from),
        }),
    }
}

#[derive(Debug)]
#[napi]
pub struct Session(session::Session);

#[napi]
impl Session {
    /// Takes the place of the HTTP client of a stream that was not opened yet.
    #[napi(constructor)]
    pub fn new(stream: &Stream) -> Self {
        Self(session::Session::new(&stream.0))
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }

    #[napi]
    pub fn take(&self) -> Vec<SessionOrder> {
        self.0.take().into_iter().map(order).collect()
    }

    /// Headers have one character for each byte.
    #[napi]
    pub fn response(
        &self,
        number: f64,
        status: u32,
        headers: Vec<Vec<String>>,
        url: Option<String>,
    ) {
        let headers: Vec<_> = crate::options::headers(headers)
            .into_iter()
            .map(|(name, value)| (name, value.chars().map(|c| c as u8).collect()))
            .collect();
        let status = u16::try_from(status).unwrap_or(0);
        self.0.response(number as u64, status, &headers, url);
    }

    #[napi]
    pub fn feed(&self, number: f64, chunk: Uint8Array) {
        self.0.feed(number as u64, chunk.to_vec());
    }

    #[napi]
    pub fn ended(&self, number: f64) {
        self.0.ended(number as u64);
    }

    /// `cause` is the number under which JavaScript keeps what it caught. What is unusable is not tried again.
    #[napi]
    pub fn failed(&self, number: f64, message: String, cause: Option<f64>, unusable: bool) {
        let how = if unusable {
            Broken::Unusable
        } else {
            Broken::Lost
        };
        let cause = cause.map(|cause| cause as u64);
        self.0.failed(number as u64, how, message, cause);
    }
}
