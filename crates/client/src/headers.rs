//! Headers as users give them: checked where they are given, and marked where they are secret, so that nothing prints them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::redact::is_secret;
use crate::{Error, ErrorKind};

/// What goes to no other origin, and is never printed.
pub(crate) const SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// Sets a header in place of any by that name.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), Error> {
    let (name, value) = parse(name, value)?;
    headers.insert(name, value);
    Ok(())
}

/// Adds a header beside any by that name; but of `Authorization` there is one (RFC 9110, section 11.6.2), the last.
pub(crate) fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), Error> {
    let (name, value) = parse(name, value)?;
    if name == AUTHORIZATION {
        headers.insert(name, value);
    } else {
        headers.append(name, value);
    }
    Ok(())
}

/// Sets `Authorization` to a name and a password (RFC 7617, section 2).
pub(crate) fn set_basic(headers: &mut HeaderMap, name: &str, password: &str) -> Result<(), Error> {
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
    set(headers, AUTHORIZATION.as_str(), value.as_bytes())
}

/// Marks what is secret of headers that came by another way.
pub(crate) fn mark_secrets(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if is_printed_never(name) {
            value.set_sensitive(true);
        }
    }
}

/// Beside the usual names, keys and tokens have all kinds.
fn is_printed_never(name: &HeaderName) -> bool {
    *name == SET_COOKIE
        || SECRETS.contains(name)
        || name.as_str().contains("auth")
        || name.as_str().ends_with("-key")
        || is_secret(name.as_str())
}

fn parse(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
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
    value.set_sensitive(is_printed_never(&parsed));
    Ok((parsed, value))
}
