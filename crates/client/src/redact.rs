//! URLs as they may be shown and kept: without what is secret in them.

use url::Url;

/// Parts of the names of query parameters that hold secrets. One that is taken for a secret wrongly is not shown, and makes two
/// URLs the same for a cursor file that differ in it alone.
const SECRETS: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "api_key",
    "api-key",
    "signature",
    "jwt",
];

/// The URL as it may be shown: without user name, password, the values of what looks like a secret in its query, and a fragment, which is
/// never sent and may be all secret (`#access_token=...`).
pub(crate) fn redacted(url: &Url) -> String {
    let hidden = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => Some(format!("{name}=***")),
        _ => Some(pair.to_owned()),
    };
    let mut url = with_query(url, hidden);
    url.set_fragment(None);
    url.into()
}

/// The same for a URL as text. Of one that is none, nobody knows where its password ends: all is hidden that may be one, and
/// all of its query.
#[doc(hidden)]
pub fn redacted_text(text: &str) -> String {
    // What reads as `scheme:` may be a user and a password.
    if let Ok(url) = Url::parse(text)
        && !url.cannot_be_a_base()
    {
        return redacted(&url);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => ("***@", rest),
        None => ("", rest),
    };
    let (rest, query) = match rest.split_once(['?', '&']) {
        Some((rest, _)) => (rest, "?***"),
        None => (rest, ""),
    };
    format!("{scheme}{user}{rest}{query}")
}

/// What names a stream: without all that, which may change, and without a fragment, which is never sent.
pub(crate) fn lasting(url: &Url) -> String {
    let mut url = with_query(url, |pair| (!is_secret(pair)).then(|| pair.to_owned()));
    url.set_fragment(None);
    url.into()
}

fn with_query(url: &Url, keep: impl Fn(&str) -> Option<String>) -> Url {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // These fail only for URLs that cannot have a user at all.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    if let Some(query) = url.query().filter(|query| query.split('&').any(is_secret)) {
        let kept: Vec<String> = query.split('&').filter_map(keep).collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
    url
}

/// Whether a pair, or a name alone, looks like that of a secret.
pub(crate) fn is_secret(pair: &str) -> bool {
    let name = pair
        .split('=')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    name == "key"
        || name == "sig"
        || name == "auth"
        || SECRETS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_what_is_shown_nor_what_lasts_has_a_secret() {
        for (url, shown, kept) in [
            ("http://a/events", "http://a/events", "http://a/events"),
            (
                "http://user:pw@a/e?topic=x&topic=y#z",
                "http://a/e?topic=x&topic=y",
                "http://a/e?topic=x&topic=y",
            ),
            (
                "http://a/e?topic=x&access_token=1&API-Key=2",
                "http://a/e?topic=x&access_token=***&API-Key=***",
                "http://a/e?topic=x",
            ),
            ("http://a/e?token=1", "http://a/e?token=***", "http://a/e"),
            (
                "http://a/e?author=x&monkey=y",
                "http://a/e?author=x&monkey=y",
                "http://a/e?author=x&monkey=y",
            ),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(redacted(&url), shown);
            assert_eq!(lasting(&url), kept);
        }
        for (text, shown) in [
            ("no URL", "no URL"),
            ("http://me:pa/ss@host/x?token=1", "http://***@host/x?***"),
            ("http://me:p#a@s?s@host:x/", "http://***@host:x/"),
            ("me:pass@host", "***@host"),
            ("//me:pass@host?key=1", "***@host?***"),
            ("http://h:x/?to=a@b&token=1", "http://***@b?***"),
        ] {
            assert_eq!(redacted_text(text), shown);
        }
    }
}
