//! Cross-origin requests (Fetch standard, section 3.3).

use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Uri};

use super::message::Reply;
use crate::error::ServeError;

/// The origins whose pages may subscribe, and publish where they are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// Only pages of the hub's own origin.
    #[default]
    SameOrigin,
    /// Any page may subscribe, without credentials. None may publish: that takes a named origin.
    Any,
    /// Pages of these origins may subscribe and publish, with credentials.
    Origins(Vec<String>),
}

impl Cors {
    /// Reads a list of origins, such as `https://example.org` or `http://localhost:3000`; `*` for any; empty for none.
    ///
    /// ```
    /// use eventwire_server::Cors;
    ///
    /// assert_eq!(Cors::parse(["*"])?, Cors::Any);
    /// assert!(Cors::parse(["example.org"]).is_err());
    /// # Ok::<(), eventwire_server::ServeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ServeError::Origin`] where one is no origin.
    pub fn parse<I>(origins: I) -> Result<Self, ServeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut named = Vec::new();
        for origin in origins {
            match origin.as_ref() {
                "*" => return Ok(Self::Any),
                origin if is_origin(origin) => named.push(origin.to_owned()),
                other => return Err(ServeError::Origin(other.to_owned())),
            }
        }
        Ok(if named.is_empty() {
            Self::SameOrigin
        } else {
            Self::Origins(named)
        })
    }

    pub(super) fn names(&self, origin: &str) -> bool {
        matches!(self, Self::Origins(origins) if origins.iter().any(|named| named == origin))
    }

    /// Adds what lets the page read the reply.
    pub(super) fn decorate(&self, request: &HeaderMap, reply: &mut HeaderMap) {
        match self {
            Self::SameOrigin => {}
            Self::Any => {
                reply.insert(
                    header::ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static("*"),
                );
            }
            Self::Origins(_) => {
                reply.append(header::VARY, HeaderValue::from_static("Origin"));
                let origin = request.get(header::ORIGIN);
                if let Some(origin) =
                    origin.filter(|origin| origin.to_str().is_ok_and(|origin| self.names(origin)))
                {
                    reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                    reply.insert(
                        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                        HeaderValue::from_static("true"),
                    );
                }
            }
        }
    }
}

/// Scheme and host, perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    format!("{scheme}://{authority}") == text && !authority.as_str().contains('@')
}

/// The answer to OPTIONS, which a preflight is one of. Whether the page may go on is said by `decorate`.
pub(super) fn options(allowed: &'static str) -> Reply {
    let mut reply = Reply::empty(StatusCode::NO_CONTENT);
    let headers = &mut reply.headers;
    headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(allowed),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Cache-Control, Content-Type, Last-Event-ID"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("7200"),
    );
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read() {
        assert_eq!(Cors::parse([] as [&str; 0]).unwrap(), Cors::SameOrigin);
        assert_eq!(Cors::parse(["*"]).unwrap(), Cors::Any);
        let two = ["https://example.org", "http://localhost:3000"];
        assert_eq!(
            Cors::parse(two).unwrap(),
            Cors::Origins(two.map(String::from).to_vec())
        );
        for text in [
            "",
            "example.org",
            "https://example.org/",
            "https://example.org/a",
            "https://a@example.org",
            "null",
        ] {
            assert!(Cors::parse([text]).is_err(), "{text:?}");
        }
    }
}
