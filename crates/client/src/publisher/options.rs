//! How to publish.

use std::time::Duration;

use http::HeaderMap;

use crate::headers;
use crate::{Error, RetryPolicy, TransportOptions};

/// Options of a [`Publisher`](crate::Publisher), built up by value.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    pub(super) headers: HeaderMap,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) transport: TransportOptions,
    /// The first option that was no good; told by `Publisher::new`.
    pub(super) wrong: Option<Error>,
}

impl Default for PublisherOptions {
    fn default() -> Self {
        PublisherOptions {
            headers: HeaderMap::new(),
            retry: Some(RetryPolicy::default()),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
            transport: TransportOptions::new(),
            wrong: None,
        }
    }
}

impl PublisherOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header, beside any by that name; an `Authorization` goes in place of the one before, from
    /// [`basic_auth`](Self::basic_auth) too. One that cannot be sent is an error of [`Publisher::new`](crate::Publisher::new).
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let added = headers::append(&mut self.headers, name.as_ref(), value.as_ref());
        self.noted(added)
    }

    /// Says who one is, by a name and a password (RFC 7617): sets `Authorization`, in place of any before. A name with a colon
    /// is an error of [`Publisher::new`](crate::Publisher::new). Default: none.
    pub fn basic_auth(mut self, name: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let set = headers::set_basic(&mut self.headers, name.as_ref(), password.as_ref());
        self.noted(set)
    }

    /// How to try again. Every attempt carries the same key, so that the hub takes the message once. The policy's deadline counts
    /// from the call on, and a call is answered by then; where it has none, it is 30 s. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// One attempt only.
    pub fn no_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// How long making a connection may take. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one attempt may take in all. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How to reach the hub: certificates, proxies, or a client of one's own. Default: [`TransportOptions::new`].
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.transport = transport;
        self
    }

    fn noted(mut self, done: Result<(), Error>) -> Self {
        if let Err(error) = done {
            self.wrong.get_or_insert(error);
        }
        self
    }
}
