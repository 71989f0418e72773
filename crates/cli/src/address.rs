//! Which address is meant by what was typed.

use url::Url;

use crate::failure::Failure;

/// The address of the events: `http://` may be left out, and the root of a server means its `/events`.
pub(crate) fn events(typed: &str) -> Result<Url, Failure> {
    let whole = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("http://{typed}")
    };
    let mut url = Url::parse(&whole).map_err(|error| {
        Failure::Said(format!(
            "{typed:?} is no URL ({error}); give one such as http://127.0.0.1:8844"
        ))
    })?;
    if url.path() == "/" {
        url.set_path("/events");
    }
    Ok(url)
}

/// Splits `Name: value`.
pub(crate) fn header(typed: &str) -> Result<(String, String), String> {
    match typed.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as 'Name: value'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_completed() {
        for (typed, meant) in [
            ("http://127.0.0.1:8844", "http://127.0.0.1:8844/events"),
            ("127.0.0.1:8844", "http://127.0.0.1:8844/events"),
            ("localhost:8844/", "http://localhost:8844/events"),
            (
                "https://example.com/live?a=b",
                "https://example.com/live?a=b",
            ),
            ("example.com?topic=a", "http://example.com/events?topic=a"),
        ] {
            assert_eq!(events(typed).unwrap().as_str(), meant);
        }
        assert!(events("http://").is_err());
    }

    #[test]
    fn headers_are_split_at_the_first_colon() {
        assert_eq!(
            header("A: b:c").unwrap(),
            ("A".to_owned(), "b:c".to_owned())
        );
        assert!(header("A").is_err() && header(": b").is_err());
    }
}
