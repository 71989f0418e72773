//! A subscription to a URL.

use std::time::Duration;

use eventwire_bridge::question::Prepared;
use eventwire_bridge::stream;
use napi::Env;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::batch::Fetched;
use crate::failure::{Result, raise};
use crate::notifier::Notifier;
use crate::options::{RetryOptions, TransportOptions, headers, limit, policy, size, time};

#[napi(object, object_to_js = false)]
pub struct StreamOptions {
    pub url: String,
    pub method: Option<String>,
    pub headers: Vec<Vec<String>>,
    pub body: Option<Buffer>,
    pub last_event_id: Option<String>,
    /// Never, where it is false.
    pub reconnect: bool,
    pub retry: Option<RetryOptions>,
    pub connect_timeout: Option<f64>,
    pub idle_timeout: Option<f64>,
    pub event_timeout: Option<f64>,
    pub max_line: Option<f64>,
    pub max_event: Option<f64>,
    pub mailbox: Option<f64>,
    pub comments: Option<bool>,
    pub follow_redirects: Option<bool>,
    pub event_source: Option<bool>,
    pub prepare: Option<bool>,
    pub manual_ack: Option<bool>,
    pub cursor_file: Option<String>,
    pub transport: Option<TransportOptions>,
}

#[napi(object, object_from_js = false)]
pub struct StreamStats {
    pub bytes: f64,
    pub events: f64,
    pub comments: f64,
    pub reconnects: f64,
    /// Milliseconds.
    pub since_byte: Option<f64>,
    pub since_event: Option<f64>,
}

#[derive(Debug)]
#[napi]
pub struct Stream(pub(crate) stream::Stream);

#[napi]
impl Stream {
    #[napi(constructor)]
    pub fn new(options: StreamOptions) -> Result<Self> {
        let mut built = stream::StreamOptions::new(options.url);
        built.method = options.method.unwrap_or(built.method);
        built.headers = headers(options.headers);
        built.body = options.body.map(Vec::from);
        built.last_event_id = options.last_event_id.unwrap_or_default();
        built.retry = policy(options.reconnect, options.retry)?;
        built.connect_timeout =
            time("connectTimeout", options.connect_timeout)?.unwrap_or(built.connect_timeout);
        built.idle_timeout = limit("idleTimeout", options.idle_timeout)?;
        built.event_timeout = limit("eventTimeout", options.event_timeout)?;
        built.max_line = size(options.max_line, built.max_line);
        built.max_event = size(options.max_event, built.max_event);
        built.mailbox = size(options.mailbox, built.mailbox);
        built.comments = options.comments.unwrap_or(built.comments);
        built.follow_redirects = options.follow_redirects.unwrap_or(built.follow_redirects);
        built.event_source = options.event_source.unwrap_or(built.event_source);
        built.transport = options.transport.map(Into::into).unwrap_or_default();
        built.prepare = options.prepare.unwrap_or(built.prepare);
        built.manual_ack = options.manual_ack.unwrap_or(built.manual_ack);
        built.cursor_file = options.cursor_file.map(Into::into);
        stream::Stream::new(built).map(Self).map_err(raise)
    }

    /// With comments as the options say, or without any.
    #[napi]
    pub fn open(&self, without_comments: Option<bool>) -> Result<()> {
        match without_comments {
            Some(true) => self.0.open_without_comments(),
            _ => self.0.open(),
        }
        .map_err(raise)
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }

    #[napi]
    pub fn drain<'env>(&self, env: &'env Env) -> napi::Result<Fetched<'env>> {
        Fetched::new(env, &self.0.drain())
    }

    #[napi]
    pub fn close(&self) -> Result<()> {
        self.0.close_and_save().map_err(raise)
    }

    #[napi]
    pub fn asked(&self, question: f64) {
        self.0.asked(question as u64);
    }

    #[napi]
    pub fn answer(
        &self,
        question: f64,
        url: String,
        pairs: Vec<Vec<String>>,
        body: Option<Buffer>,
    ) {
        let prepared = Prepared {
            url,
            headers: headers(pairs),
            body: body.map(Vec::from),
        };
        self.0.answer(question as u64, Ok(prepared));
    }

    #[napi]
    pub fn fail(&self, question: f64, why: String) {
        self.0.answer(question as u64, Err(why));
    }

    #[napi(getter)]
    pub fn has_place(&self) -> bool {
        self.0.has_place()
    }

    #[napi]
    pub fn delivered(&self, id: String) -> Result<()> {
        self.0.delivered(&id).map_err(raise)
    }

    #[napi]
    pub fn marked(&self, id: String) {
        self.0.marked(&id);
    }

    #[napi]
    pub fn ack(&self, id: String) -> Result<()> {
        self.0.ack(&id).map_err(raise)
    }

    #[napi(getter)]
    pub fn place(&self) -> Option<String> {
        self.0.place()
    }

    #[napi]
    pub fn restart(&self) -> Result<()> {
        self.0.restart().map_err(raise)
    }

    #[napi]
    pub fn stats(&self) -> StreamStats {
        let stats = self.0.stats();
        let milliseconds =
            |since: Option<Duration>| since.map(|since| since.as_secs_f64() * 1000.0);
        StreamStats {
            bytes: stats.bytes as f64,
            events: stats.events as f64,
            comments: stats.comments as f64,
            reconnects: stats.reconnects as f64,
            since_byte: milliseconds(stats.since_byte),
            since_event: milliseconds(stats.since_event),
        }
    }

    #[napi(getter)]
    pub fn shown_url(&self) -> String {
        self.0.shown_url()
    }

    #[napi(getter)]
    pub fn state(&self) -> &'static str {
        self.0.state()
    }

    #[napi(getter)]
    pub fn last_event_id(&self) -> String {
        self.0.last_event_id()
    }

    #[napi(getter)]
    pub fn reconnection_time(&self) -> Option<f64> {
        self.0.reconnection_time().map(|time| time as f64)
    }
}
