//! How to reach a server.

use std::fmt;
use std::sync::Arc;

use reqwest::Proxy;
use reqwest::cookie::Jar;
use url::Url;

use super::proxies::{self, Environment, Proxies};
use crate::tls::{self, Identity, Trust};
use crate::{Error, ErrorKind};

/// How to reach a server, for an [`EventStream`](crate::EventStream) or a [`Publisher`](crate::Publisher): whom to trust, who to
/// be, and by which way; every method states its default.
///
/// Cheap to clone. What is no good is told when it is used, by `open` or `Publisher::new`.
///
/// ```no_run
/// use eventwire_client::{ConnectOptions, TransportOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = TransportOptions::new()
///     .ca(std::fs::read("our-ca.pem")?)
///     .client_certificate(std::fs::read("me.pem")?)
///     .proxy("socks5h://127.0.0.1:1080");
/// let stream = ConnectOptions::new("https://events.example/orders")
///     .transport(transport)
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct TransportOptions {
    trust: Trust,
    identity: Option<Arc<Identity>>,
    way: Way,
    cookies: Option<Vec<String>>,
    client: Option<reqwest::Client>,
    wrong: Option<Error>,
}

#[derive(Clone, Default)]
enum Way {
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    Direct,
    /// This one, and how it is shown.
    Proxy(Box<Proxy>, String),
}

impl TransportOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts servers whose certificates these authorities have signed, and no others: certificates in PEM, one or more.
    /// Default: the authorities that the system trusts.
    pub fn ca(mut self, pem: impl AsRef<[u8]>) -> Self {
        match tls::authorities(pem.as_ref()) {
            Ok(roots) => self.trust = Trust::Authorities(roots),
            Err(error) => self.is_wrong(&error),
        }
        self
    }

    /// Shows this certificate to servers that ask for one: a chain of certificates and a private key in PEM, in one text.
    /// Default: none.
    pub fn client_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        match tls::identity(pem.as_ref()) {
            Ok(identity) => self.identity = Some(Arc::new(identity)),
            Err(error) => self.is_wrong(&error),
        }
        self
    }

    /// Talks to any server, whoever it is: encryption without it is open to everybody on the way. For tests with servers of
    /// one's own; for these too, [`ca`](Self::ca) is better. Each connection is logged as a warning. Default: no.
    pub fn dangerously_trust_anybody(mut self) -> Self {
        self.trust = Trust::Anybody;
        self
    }

    /// Goes through this proxy, whatever the environment says: `http://`, `https://`, `socks5://` (names are looked up here) or
    /// `socks5h://` (names are looked up there), with `user:password@` where it wants them. Default: what `HTTP_PROXY`,
    /// `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say; one of them that would be used and is no proxy's URL ends the stream with an
    /// error.
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        // An address without a scheme would be taken for one over HTTP.
        let known = [
            "http://",
            "https://",
            "socks4://",
            "socks4a://",
            "socks5://",
            "socks5h://",
        ];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            self.is_wrong(
                "the proxy is no URL: give scheme://host:port, with http, https, socks5 or socks5h",
            );
            return self;
        }
        match Proxy::all(url) {
            Ok(proxy) => self.way = Way::Proxy(Box::new(proxy), proxies::shown(url)),
            // The error would print its password.
            Err(_) => self.is_wrong("the proxy's URL cannot be read"),
        }
        self
    }

    /// Goes through no proxy, whatever the environment says. So does everybody where `NO_PROXY` is `*`.
    pub fn no_proxy(mut self) -> Self {
        self.way = Way::Direct;
        self
    }

    /// Keeps the cookies that servers set and sends them again where they belong (RFC 6265), as a browser does, and begins with these
    /// for the host that is connected to first. A load balancer can so keep a stream at the same node. They are this stream's or
    /// this publisher's own; there may be none to begin with. A `Cookie` among the headers goes in place of all of them. Default: no
    /// cookies are kept.
    ///
    /// ```
    /// # use eventwire_client::TransportOptions;
    /// let transport = TransportOptions::new().cookies([("session", "31d4d96e")]);
    /// ```
    pub fn cookies<N, V>(mut self, cookies: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut all = Vec::new();
        for (name, value) in cookies {
            let (name, value) = (name.as_ref(), value.as_ref());
            // Else it would be cut, or an attribute of the cookie (RFC 6265, section 4.1.1).
            let has =
                |text: &str, no: &str| text.contains(|c: char| c.is_control() || no.contains(c));
            if name.is_empty() || has(name, "=; ,") || has(value, ";") {
                self.is_wrong(&format!(
                    "the cookie {name:?} cannot be sent: a name has no '=', ',' or space, and neither has ';' or a control character"
                ));
                return self;
            }
            all.push(format!("{name}={value}; Path=/"));
        }
        self.cookies = Some(all);
        self
    }

    /// Sends through this client, with its connections, certificates, proxies and cookies; the other options here, and
    /// `connect_timeout`, are then the client's own. Redirects are followed by the stream's rules only where the client follows
    /// none (`redirect::Policy::none()`). It asks for the encodings that it was built for, and undoes them; gzip, deflate, br and zstd that
    /// it leaves are undone here. What it undoes itself it may lose the end of, where the connection breaks: `no_gzip()` and its like
    /// leave that to the stream. Default: a client of its own.
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }

    fn is_wrong(&mut self, what: &(impl fmt::Display + ?Sized)) {
        let error = Error::new(ErrorKind::InvalidOption, what.to_string());
        self.wrong.get_or_insert(error);
    }

    /// The first option that was no good.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.wrong {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// The client that was given, or what to begin with.
    pub(super) fn begin(&self, url: &str) -> Result<Begun, Error> {
        self.check()?;
        if let Some(client) = &self.client {
            return Ok(Begun::Client(client.clone()));
        }
        let tls = tls::config(&self.trust, self.identity.as_deref()).map_err(|error| {
            let text = format!("cannot set up TLS: {error}");
            Error::new(ErrorKind::InvalidOption, text)
        })?;
        let mut builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
        if let Some(cookies) = &self.cookies {
            let jar = Jar::default();
            if let Ok(url) = Url::parse(url) {
                cookies
                    .iter()
                    .for_each(|cookie| jar.add_cookie_str(cookie, &url));
            }
            builder = builder.cookie_provider(Arc::new(jar));
        }
        let (builder, proxies) = match &self.way {
            Way::Environment => match Environment::read() {
                Some(environment) => (builder, Proxies::Environment(environment)),
                None => (builder.no_proxy(), Proxies::None),
            },
            Way::Direct => (builder.no_proxy(), Proxies::None),
            Way::Proxy(proxy, shown) => (
                builder.proxy((**proxy).clone()),
                Proxies::One(shown.clone()),
            ),
        };
        Ok(Begun::Builder(Box::new(builder), proxies))
    }
}

/// A client, or one to be built.
pub(super) enum Begun {
    Client(reqwest::Client),
    Builder(Box<reqwest::ClientBuilder>, Proxies),
}

impl fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of a key, and of a proxy no password.
        let way = match self.way {
            Way::Environment => "as the environment says",
            Way::Direct => "direct",
            Way::Proxy(..) => "by a proxy",
        };
        f.debug_struct("TransportOptions")
            .field("trust", &self.trust)
            .field("client_certificate", &self.identity.is_some())
            .field("way", &way)
            .field("cookies", &self.cookies.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}
