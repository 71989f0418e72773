//! By which proxy an address is reached: the HTTP client goes there by itself, and this says where that is, and what is wrong
//! with it.

use std::env;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// By which way addresses are reached.
#[derive(Debug)]
pub(crate) enum Proxies {
    /// Nobody knows, or there is none.
    None,
    /// By this one, as it may be shown.
    One(String),
    Environment(Box<Environment>),
}

/// A variable that names a proxy.
#[derive(Debug)]
struct Variable {
    name: &'static str,
    /// Whether its value is one that can be used.
    good: bool,
}

/// What the environment said when the HTTP client was made.
#[derive(Debug)]
pub(crate) struct Environment {
    matcher: Matcher,
    /// What matches all but what `NO_PROXY` excepts.
    all: Matcher,
    http: Option<Variable>,
    https: Option<Variable>,
}

impl Environment {
    /// What it says now; `None` where it says that everything is reached directly.
    pub(crate) fn read() -> Option<Box<Environment>> {
        Environment::of(Matcher::from_system(), |name| env::var(name).ok()).map(Box::new)
    }

    fn of(matcher: Matcher, get: impl Fn(&str) -> Option<String>) -> Option<Environment> {
        let first = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| get(name).map(|value| (name, value)))
        };
        // In a CGI program HTTP_PROXY is what a client sent as its header `Proxy`, so the HTTP client reads none of them.
        if get("REQUEST_METHOD").is_some() {
            return None;
        }
        let no = first(["NO_PROXY", "no_proxy"]).map_or(String::new(), |(_, value)| value);
        // The HTTP client takes it for names alone, and not for addresses.
        if no.split(',').any(|entry| entry.trim() == "*") {
            return None;
        }
        let variable = |names| {
            let (name, value) = first(names).filter(|(_, value)| !value.is_empty())?;
            let good = Matcher::builder().http(value).build();
            let good = good
                .intercept(&http::Uri::from_static("http://a/"))
                .is_some();
            Some(Variable { name, good })
        };
        let all = ["ALL_PROXY", "all_proxy"];
        Some(Environment {
            matcher,
            all: Matcher::builder().all("http://a/").no(no).build(),
            http: variable(["HTTP_PROXY", "http_proxy"]).or_else(|| variable(all)),
            https: variable(["HTTPS_PROXY", "https_proxy"]).or_else(|| variable(all)),
        })
    }
}

impl Proxies {
    /// The proxy by which this address is reached, in words that follow on the address; none where it is reached directly.
    ///
    /// # Errors
    ///
    /// There should be one, and it is none that can be used.
    pub(crate) fn by(&self, url: &Url) -> Result<Option<String>, String> {
        let environment = match self {
            Proxies::None => return Ok(None),
            Proxies::One(shown) => return Ok(Some(format!("by the proxy {shown}"))),
            Proxies::Environment(environment) => environment,
        };
        let Ok(uri) = url.as_str().parse::<http::Uri>() else {
            return Ok(None);
        };
        if environment.all.intercept(&uri).is_none() {
            return Ok(None);
        }
        let variable = match url.scheme() {
            "https" => &environment.https,
            _ => &environment.http,
        };
        if let Some(Variable { name, good: false }) = variable {
            return Err(format!(
                "the environment variable {name} is no proxy's URL: give scheme://host:port, with http, https, socks5 or socks5h, or unset it to connect directly"
            ));
        }
        // Of a proxy's URL only scheme, host and port are kept by who has read it.
        let by = environment.matcher.intercept(&uri).map(|proxy| {
            let shown = proxy.uri().to_string();
            let shown = shown.trim_end_matches('/');
            match variable {
                Some(Variable { name, .. }) => {
                    format!("by the proxy {shown}, which {name} names")
                }
                None => format!("by the proxy {shown}, which the system's settings name"),
            }
        });
        Ok(by)
    }
}

/// A proxy's URL as it may be shown: its scheme, host and port.
pub(crate) fn shown(url: &str) -> String {
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned());
    let scheme = url.split("://").next().unwrap_or_default();
    let rest = after(url, "://").unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let get = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let named = |name: &str| get(name).unwrap_or_default();
        let matcher = Matcher::builder()
            .all(named("ALL_PROXY"))
            .http(named("HTTP_PROXY"))
            .https(named("https_proxy"))
            .no(named("NO_PROXY"))
            .build();
        let proxies = Environment::of(matcher, get).map(Box::new);
        let proxies = proxies.map_or(Proxies::None, Proxies::Environment);
        proxies.by(&Url::parse(url).unwrap())
    }

    #[test]
    fn the_variable_that_names_the_proxy_is_told_without_its_password() {
        let http = ("HTTP_PROXY", "http://me:hunter2@127.0.0.1:1/");
        let https = ("https_proxy", "socks5h://h:2");
        let all = ("ALL_PROXY", "h:3");
        let named = |text: &str| Ok(Some(format!("by the proxy {text}")));
        let to = "http://a/events";
        assert_eq!(by(&[], to), Ok(None));
        assert_eq!(
            by(&[http, all], to),
            named("http://127.0.0.1:1, which HTTP_PROXY names")
        );
        assert_eq!(
            by(&[http, https], "https://a/"),
            named("socks5h://h:2, which https_proxy names")
        );
        assert_eq!(by(&[all], to), named("http://h:3, which ALL_PROXY names"));
        assert_eq!(by(&[https], to), Ok(None));
        // Set to nothing, it is not set.
        assert_eq!(by(&[("HTTP_PROXY", "")], to), Ok(None));
        assert_eq!(by(&[http, ("REQUEST_METHOD", "GET")], to), Ok(None));
    }

    #[test]
    fn a_star_in_no_proxy_means_everybody() {
        let proxy = ("HTTP_PROXY", "http://127.0.0.1:1");
        for (no, to) in [
            ("*", "http://127.0.0.1:2/"),
            ("x, *", "http://[::1]:2/"),
            ("*", "http://a/"),
            ("a", "http://a/"),
            ("127.0.0.0/8", "http://127.0.0.1/"),
        ] {
            assert_eq!(by(&[proxy, ("NO_PROXY", no)], to), Ok(None), "{no}");
        }
        assert!(matches!(
            by(&[proxy, ("NO_PROXY", "b")], "http://a/"),
            Ok(Some(_))
        ));
    }

    #[test]
    fn a_variable_that_is_no_proxy_is_an_error_for_who_would_go_by_it() {
        let bad = ("HTTP_PROXY", "htp://me:hunter2@127.0.0.1:1");
        let all = ("ALL_PROXY", "http://h:3");
        let error = by(&[bad, all], "http://a/").unwrap_err();
        assert!(error.contains("HTTP_PROXY is no proxy's URL"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(by(&[bad, all], "https://a/").is_ok());
        assert_eq!(by(&[bad, ("NO_PROXY", "a")], "http://a/"), Ok(None));
        assert_eq!(by(&[bad, ("NO_PROXY", "*")], "http://127.0.0.1/"), Ok(None));
        let error = by(&[("ALL_PROXY", "http://")], "https://a/").unwrap_err();
        assert!(error.contains("ALL_PROXY"), "{error}");
    }

    #[test]
    fn of_a_proxy_its_user_is_not_shown() {
        for (url, as_shown) in [
            ("http://me:p@ss/w@h:1/", "http://h:1"),
            ("socks5h://h:1", "socks5h://h:1"),
            ("http://h:1?token=x", "http://h:1"),
        ] {
            assert_eq!(shown(url), as_shown);
        }
    }
}
