//! What is asked: the method, the headers, the query and the body, and from where on.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::ConnectOptions;
use crate::{Error, ErrorKind, headers};

impl ConnectOptions {
    /// The method, which goes in upper case, as servers compare it: `post` is POST. Default: GET.
    pub fn method(mut self, method: Method) -> Self {
        let upper = method.as_str().to_ascii_uppercase();
        // Upper case makes no method of one that was none.
        self.method = Method::from_bytes(upper.as_bytes()).unwrap_or(method);
        self
    }

    /// Adds a header, beside any by that name; an `Authorization` goes in place of the one before, from
    /// [`basic_auth`](Self::basic_auth) too. An `Accept-Encoding` goes in place of the `zstd,gzip,deflate,br` that is sent otherwise; an
    /// answer in any of these is undone all the same. One that cannot be sent is an error of [`open`](Self::open).
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let added = headers::append(&mut self.headers, name.as_ref(), value.as_ref());
        self.noted(added)
    }

    /// Says who one is, by a name and a password (RFC 7617): sets `Authorization`, in place of any before, which goes to no
    /// other origin by redirects. A later header by that name replaces it. A name with a colon is an error of [`open`](Self::open). Default: none.
    pub fn basic_auth(mut self, name: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let set = headers::set_basic(&mut self.headers, name.as_ref(), password.as_ref());
        self.noted(set)
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
        crate::headers::mark_secrets(&mut self.headers);
        self
    }

    /// The body of the request. A request with a body is sent once, unless
    /// [`RetryPolicy::resend_body`](crate::RetryPolicy::resend_body) says otherwise. Default: none.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A body in JSON, with its content type where none was set before. What JSON cannot hold is an error of [`open`](Self::open).
    ///
    /// ```
    /// # use eventwire_client::ConnectOptions;
    /// let options = ConnectOptions::new("https://example.com/answers")
    ///     .method(http::Method::POST)
    ///     .json(&serde_json::json!({ "stream": true }));
    /// ```
    pub fn json(mut self, value: &impl Serialize) -> Self {
        let written = serde_json::to_vec(value).map_err(|error| {
            let text = format!("the body cannot be written as JSON: {error}");
            Error::new(ErrorKind::InvalidOption, text)
        });
        let written = written.map(|body| {
            let json = HeaderValue::from_static("application/json");
            self.headers.entry(CONTENT_TYPE).or_insert(json);
            self.body = Some(body.into());
        });
        self.noted(written)
    }

    /// Adds a parameter to the URL's query, behind those that it has.
    ///
    /// ```
    /// # use eventwire_client::ConnectOptions;
    /// let options = ConnectOptions::new("http://127.0.0.1:8844/events")
    ///     .query("topic", "orders/eu")
    ///     .query("start", "earliest");
    /// ```
    pub fn query(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        // What is no URL is told by `open`.
        if let Ok(mut url) = Url::parse(&self.url) {
            url.query_pairs_mut()
                .append_pair(name.as_ref(), value.as_ref());
            self.url = url.into();
        }
        self
    }

    /// Where to go on from: the id of the last event that was dealt with. Default: empty, which sends no `Last-Event-ID`.
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = id.into();
        self
    }
}
