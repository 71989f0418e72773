//! Headers as users give them: checked where they are given, and marked where they are secret, so that nothing prints them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Error, ErrorKind};

/// What goes to no other origin, and is never printed.
pub(crate) const SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// Sets a header in place of any by that name.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), Error> {
    let (name, value) = parse(name, value)?;
    headers.insert(name, value);
    Ok(())
}

/// Adds a header beside any by that name.
pub(crate) fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) -> Result<(), Error> {
    let (name, value) = parse(name, value)?;
    headers.append(name, value);
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
    for secret in SECRETS {
        if let http::header::Entry::Occupied(mut values) = headers.entry(secret) {
            values
                .iter_mut()
                .for_each(|value| value.set_sensitive(true));
        }
    }
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
    value.set_sensitive(SECRETS.contains(&parsed));
    Ok((parsed, value))
}
