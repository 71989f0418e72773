//! What `{:?}` shows of a request: what it asks of the hub, and of all else only the names, since the values may be secrets.

use std::fmt;

use http::HeaderMap;

/// The parameters that the hub itself knows.
const KNOWN: [&str; 4] = ["topic", "start", "topic_as", "last_event_id"];

/// The names of headers.
pub(super) struct Headers<'a>(pub(super) &'a HeaderMap);

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.keys().map(http::HeaderName::as_str);
        f.debug_set().entries(names).finish()
    }
}

/// A query, decoded.
pub(super) struct Query<'a>(pub(super) &'a str);

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_list();
        for (name, value) in form_urlencoded::parse(self.0.as_bytes()) {
            if KNOWN.contains(&name.as_ref()) {
                all.entry(&format_args!("{name}={value:?}"));
            } else {
                all.entry(&format_args!("{name:?}"));
            }
        }
        all.finish()
    }
}
