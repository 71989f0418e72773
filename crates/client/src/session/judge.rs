//! What an answer's head means.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use super::wire::Head;
use crate::Profile;

/// No server means a longer wait than this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stream,
    Redirect,
    /// 204: the server asks not to come back.
    NoContent,
    /// An error status, and whether to try again.
    Refused {
        retry: bool,
    },
    /// 200, but something else than an event stream, or nothing that can be read.
    NotAStream,
}

pub(super) fn judge(head: &Head, profile: Profile) -> Verdict {
    match head.status.as_u16() {
        200 if is_event_stream(&head.headers) && head.unreadable.is_none() => Verdict::Stream,
        200 => Verdict::NotAStream,
        301 | 302 | 303 | 307 | 308 => Verdict::Redirect,
        204 if profile == Profile::Connect => Verdict::NoContent,
        408 | 425 | 429 | 500..=599 => Verdict::Refused {
            retry: profile == Profile::Connect,
        },
        _ => Verdict::Refused { retry: false },
    }
}

/// By the MIME type's essence alone: the parameters, the charset among them, do not matter.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let essence = headers
        .get_all(CONTENT_TYPE)
        .iter()
        .next_back()
        .and_then(|value| value.as_bytes().split(|b| *b == b';').next())
        .unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"text/event-stream")
}

/// `Retry-After` in both of its forms.
pub(crate) fn retry_after(head: &Head) -> Option<Duration> {
    let value = head.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    // By the server's own clock where it tells it, so that a wrong one does no harm.
    let date = head.headers.get(DATE).and_then(|date| date.to_str().ok());
    let now: SystemTime = date
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(head.received);
    Some(
        until
            .duration_since(now)
            .unwrap_or_default()
            .min(MAX_RETRY_AFTER),
    )
}

/// What to do about a status, for people.
pub(super) fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => ": it wants to know who asks (set the Authorization header)",
        403 => ": it does not allow this",
        404 | 410 => ": there is no event stream at that address",
        405 => ": it does not take this method",
        407 => ": the proxy wants to know who asks",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&str, &str)]) -> Head {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let at = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        Head::new(StatusCode::from_u16(status).unwrap(), map).with_received(at)
    }

    #[test]
    fn the_content_type_is_judged_by_its_essence() {
        for good in [
            "text/event-stream",
            "Text/Event-Stream;charset=latin1",
            " text/event-stream ; x=y",
        ] {
            assert_eq!(
                judge(&head(200, &[("content-type", good)]), Profile::Connect),
                Verdict::Stream,
                "{good}"
            );
        }
        for bad in [
            "text/html",
            "text/event-streams",
            "text/event",
            "",
            "application/json; text/event-stream",
        ] {
            assert_eq!(
                judge(&head(200, &[("content-type", bad)]), Profile::Connect),
                Verdict::NotAStream,
                "{bad}"
            );
        }
        assert_eq!(
            judge(&head(200, &[]), Profile::Connect),
            Verdict::NotAStream
        );
    }

    #[test]
    fn which_statuses_are_tried_again() {
        for status in [408, 425, 429, 500, 501, 502, 503, 504, 599] {
            assert_eq!(
                judge(&head(status, &[]), Profile::Connect),
                Verdict::Refused { retry: true }
            );
            assert_eq!(
                judge(&head(status, &[]), Profile::EventSource),
                Verdict::Refused { retry: false }
            );
        }
        for status in [201, 205, 206, 300, 304, 305, 400, 401, 403, 404, 410, 418] {
            assert_eq!(
                judge(&head(status, &[]), Profile::Connect),
                Verdict::Refused { retry: false }
            );
        }
        assert_eq!(judge(&head(204, &[]), Profile::Connect), Verdict::NoContent);
        assert_eq!(
            judge(&head(204, &[]), Profile::EventSource),
            Verdict::Refused { retry: false }
        );
    }

    #[test]
    fn retry_after_in_both_forms() {
        let after = |value: &str| retry_after(&head(503, &[("retry-after", value)]));
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("0"), Some(Duration::ZERO));
        assert_eq!(after("99999999999999999999999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(
            after("Sun, 06 Nov 1994 08:49:47 GMT"),
            Some(Duration::from_secs(10))
        );
        assert_eq!(after("Sun, 06 Nov 1994 08:49:30 GMT"), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "1.5"] {
            assert_eq!(after(bad), None, "{bad}");
        }
        assert_eq!(retry_after(&head(503, &[])), None);
        let by_its_own_clock = [
            ("retry-after", "Sun, 06 Nov 2044 08:49:47 GMT"),
            ("date", "Sun, 06 Nov 2044 08:49:37 GMT"),
        ];
        assert_eq!(
            retry_after(&head(503, &by_its_own_clock)),
            Some(Duration::from_secs(10))
        );
    }
}
