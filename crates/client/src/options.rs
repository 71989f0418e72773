//! What to connect to, and how.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use eventwire_codec::{DEFAULT_MAX_EVENT, DEFAULT_MAX_LINE};
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::error::redacted;
use crate::session::Session;
use crate::{Error, ErrorKind, EventStream, RetryPolicy, TransportOptions};

/// Whose rules a stream follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// This library's: 408, 425, 429 and 5xx are tried again, 204 and clean ends are not errors.
    #[default]
    Connect,
    /// The WHATWG `EventSource`'s: lost connections and clean ends are tried again, never sooner than the server asked
    /// and never under half a second; any status but 200, and any other content type, fail it for good.
    EventSource,
}

/// Options of an [`EventStream`], built up by value.
///
/// ```
/// use std::time::Duration;
/// use eventwire_client::{ConnectOptions, RetryPolicy};
///
/// # fn main() -> Result<(), eventwire_client::Error> {
/// let stream = ConnectOptions::new("https://example.com/answers")
///     .method(http::Method::POST)
///     .header("authorization", "Bearer ...")
///     .header("content-type", "application/json")
///     .body(r#"{"stream": true}"#)
///     .idle_timeout(Duration::from_secs(60))
///     .retry(RetryPolicy::new().attempts(8))
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectOptions {
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) last_event_id: String,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) event_timeout: Option<Duration>,
    pub(crate) max_line: usize,
    pub(crate) max_event: usize,
    pub(crate) comments: bool,
    pub(crate) follow_redirects: bool,
    pub(crate) profile: Profile,
    pub(crate) transport: TransportOptions,
    /// The first option that was no good; told by `open`, so that the building stays a chain.
    wrong: Option<Error>,
}

impl ConnectOptions {
    /// Options with the defaults, for the event stream at `url` (`http` or `https`).
    pub fn new(url: impl Into<String>) -> ConnectOptions {
        ConnectOptions {
            url: url.into(),
            method: Method::GET,
            headers: HeaderMap::new(),
            body: None,
            last_event_id: String::new(),
            retry: Some(RetryPolicy::default()),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: None,
            event_timeout: None,
            max_line: DEFAULT_MAX_LINE,
            max_event: DEFAULT_MAX_EVENT,
            comments: false,
            follow_redirects: true,
            profile: Profile::Connect,
            transport: TransportOptions::new(),
            wrong: None,
        }
    }

    /// The method. Default: GET.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header. One that cannot be sent is an error of [`open`](Self::open).
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        match parse_header(name.as_ref(), value.as_ref()) {
            Ok((name, value)) => {
                self.headers.append(name, value);
            }
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
        self
    }

    /// Says who one is, by a name and a password (RFC 7617): sets `Authorization`, which goes to no other origin by redirects.
    /// A name with a colon is an error of [`open`](Self::open). Default: none.
    pub fn basic_auth(mut self, name: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        match basic(name.as_ref(), password.as_ref()) {
            Ok(value) => {
                self.headers.insert(AUTHORIZATION, value);
            }
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
        self
    }

    /// Adds headers, each in place of any that it had by that name.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        let mut last = None;
        for (name, value) in headers {
            // A map names each name once, before the first of its values.
            match name {
                Some(name) => {
                    self.headers.insert(&name, value);
                    last = Some(name);
                }
                None => {
                    if let Some(name) = &last {
                        self.headers.append(name, value);
                    }
                }
            }
        }
        self
    }

    /// The body of the request. A request with a body is sent once, unless [`RetryPolicy::resend_body`] says otherwise.
    /// Default: none.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Where to go on from: the id of the last event that was dealt with. Default: empty, which sends no `Last-Event-ID`.
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = id.into();
        self
    }

    /// How to reconnect. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Connects once only: a clean end ends the stream, anything else is an error.
    pub fn no_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// How long making a connection (name, TCP, TLS) may take. Waiting for the answer is the idle clock's: many servers
    /// send no byte before their first event. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long no byte at all may come, which is how a dead peer looks. Set it to more than the server's heartbeat.
    /// Default: `None`, no limit.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// How long no event may come, though heartbeats do, which is how a stalled producer looks. Default: `None`, no limit.
    pub fn event_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.event_timeout = timeout.into();
        self
    }

    /// The longest line in bytes; a longer one ends the stream with an error. Default: 16 MiB.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// The largest event in bytes; a larger one ends the stream with an error. Default: 16 MiB.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// Whether [`EventStream::items`] yields comments. Default: no.
    pub fn comments(mut self, comments: bool) -> Self {
        self.comments = comments;
        self
    }

    /// Whether redirects (301, 302, 303, 307, 308) are followed: at most 20 in a row, never from https to http, and without
    /// `Authorization` and `Cookie` from the first one to another origin on. Not followed, they are errors. Default: yes.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.follow_redirects = follow;
        self
    }

    /// Whose rules to follow. Default: [`Profile::Connect`].
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How to reach the server: certificates, proxies, or a client of one's own. Default: [`TransportOptions::new`].
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.transport = transport;
        self
    }

    /// Makes the stream. Nothing is sent before it is first polled.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`] and [`ErrorKind::InvalidOption`].
    pub fn open(self) -> Result<EventStream, Error> {
        let (connect_timeout, transport) = (self.connect_timeout, self.transport.clone());
        Ok(EventStream::new(
            Session::new(self)?,
            connect_timeout,
            transport,
        ))
    }

    /// Checks what can be checked before anything is sent, and gives the parsed URL.
    pub(crate) fn check(&self) -> Result<Url, Error> {
        if let Some(error) = &self.wrong {
            return Err(error.clone());
        }
        self.transport.check()?;
        if self.last_event_id.contains(['\r', '\n', '\0']) {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                "last_event_id contains a line end or a NUL, which no event's id can",
            ));
        }
        parse_url(&self.url)
    }
}

/// Parses the URL of a stream or a hub.
pub(crate) fn parse_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| {
        Error::new(
            ErrorKind::InvalidUrl,
            format!(
                "{text:?} is no URL ({error}): give a whole one, as http://127.0.0.1:8844/events"
            ),
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::new(
            ErrorKind::InvalidUrl,
            format!(
                "cannot connect to {}: the scheme must be http or https",
                redacted(&url)
            ),
        ));
    }
    Ok(url)
}

/// The value of `Authorization` for a name and a password (RFC 7617, section 2).
pub(crate) fn basic(name: &str, password: &str) -> Result<HeaderValue, Error> {
    if name.contains(':')
        || [name, password]
            .iter()
            .any(|text| text.contains(char::is_control))
    {
        return Err(Error::new(
            ErrorKind::InvalidOption,
            "the name and the password of auth cannot be sent: a name has no colon, and neither has control characters",
        ));
    }
    let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
    let (_, value) = parse_header(AUTHORIZATION.as_str(), value.as_bytes())?;
    Ok(value)
}

/// Parses one header, and marks what carries secrets, so that nothing prints it.
pub(crate) fn parse_header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let wrong = |what: &str| {
        Error::new(
            ErrorKind::InvalidOption,
            format!("header {name:?} cannot be sent: {what}"),
        )
    };
    let parsed: HeaderName = name
        .parse()
        .map_err(|_| wrong("its name has a character that no name may have"))?;
    let mut value = HeaderValue::from_bytes(value)
        .map_err(|_| wrong("its value has a line end or another control character"))?;
    if [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(&parsed) {
        value.set_sensitive(true);
    }
    Ok((parsed, value))
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.url).map_or_else(|_| self.url.clone(), |url| redacted(&url));
        f.debug_struct("ConnectOptions")
            .field("method", &self.method)
            .field("url", &url)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("last_event_id", &self.last_event_id)
            .field("retry", &self.retry)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("event_timeout", &self.event_timeout)
            .field("max_line", &self.max_line)
            .field("max_event", &self.max_event)
            .field("comments", &self.comments)
            .field("follow_redirects", &self.follow_redirects)
            .field("profile", &self.profile)
            .field("transport", &self.transport)
            .finish()
    }
}
