//! The JUnit report that pytest writes.
//!
//! A few lines instead of an XML crate: pytest escapes `<` and `>` in everything that a test can put into the report, so
//! tags can be found by their text.

use super::Tally;

/// Reads the report's test cases.
pub(crate) fn junit(xml: &str) -> Tally {
    let mut tally = Tally::default();
    for case in xml.split("<testcase ").skip(1) {
        let head = &case[..case.find('>').unwrap_or(case.len())];
        let body = if head.ends_with('/') {
            ""
        } else {
            case.split("</testcase>").next().unwrap_or(case)
        };
        let name = match (attribute(head, "classname"), attribute(head, "name")) {
            (Some(class), Some(name)) if !class.is_empty() => format!("{class}::{name}"),
            (_, name) => name.unwrap_or_else(|| "a test without a name".to_owned()),
        };
        if let Some(why) = message(body, "failure").or_else(|| message(body, "error")) {
            tally.fail(name, why);
        } else if let Some(why) = message(body, "skipped") {
            tally.skip(name, why);
        } else {
            tally.pass();
        }
    }
    tally
}

/// The first line of a child's message, if the case has that child.
fn message(body: &str, child: &str) -> Option<String> {
    let start = body.find(&format!("<{child}"))?;
    let tag = &body[start..];
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let message = attribute(tag, "message").unwrap_or_default();
    Some(match message.lines().next() {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => "no reason is given".to_owned(),
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    // With the space before it, so that `name` is not found in `classname`; the tag's first attribute has none.
    let marker = format!("{name}=\"");
    let start = tag
        .match_indices(&marker)
        .find(|(at, _)| *at == 0 || tag.as_bytes()[at - 1] == b' ')?
        .0;
    let value = &tag[start + marker.len()..];
    Some(unescape(&value[..value.find('"')?]))
}

fn unescape(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'");
    // Last, so that an escaped "&amp;lt;" does not become "<".
    text.replace("&#10;", "\n")
        .replace("&#13;", "\r")
        .replace("&#09;", "\t")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests">
<testsuite name="pytest" errors="1" failures="1" skipped="1" tests="5" time="0.026">
<testcase classname="tests.test_a" name="test_ok" time="0.001" />
<testcase classname="tests.test_a" name="test_prints[a&gt;b]" time="0.001"><system-out>&lt;failure&gt;</system-out></testcase>
<testcase classname="tests.test_a" name="test_bad" time="0.000"><failure message="AssertionError: 1 &lt; 0&#10;second line">def test_bad():</failure></testcase>
<testcase classname="tests.test_a" name="test_skip" time="0.000"><skipped type="pytest.skip" message="needs &quot;redis&quot;">x.py:9</skipped></testcase>
<testcase classname="" name="tests.test_b" time="0.000"><error message="collection failure">ImportError</error></testcase>
</testsuite></testsuites>"#;

    #[test]
    fn counts_every_case_once_and_keeps_the_reasons() {
        let tally = junit(REPORT);
        assert_eq!(tally.to_string(), "2 passed, 2 failed");
        assert_eq!(tally.failed[0].name, "tests.test_a::test_bad");
        assert_eq!(tally.failed[0].why, "AssertionError: 1 < 0");
        assert_eq!(tally.failed[1].name, "tests.test_b");
        assert_eq!(tally.skipped[0].why, "needs \"redis\"");
    }

    #[test]
    fn an_empty_report_ran_nothing() {
        assert!(junit("").ran_nothing());
    }
}
