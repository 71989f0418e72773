//! What came of a case, and what was to come of it.

use std::fmt::Write;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, Filled};

/// What a runner saw. Items and errors have the form of the fixtures, with all that the runner knows of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Told {
    /// The items, as many as the case has.
    pub items: Vec<Value>,
    /// What the stream ended with.
    pub error: Option<Value>,
    /// Whether it came to its end.
    pub ended: bool,
    /// The stream's last event ID, at the end.
    #[serde(default)]
    pub last_event_id: Option<String>,
    /// What the server's `retry:` last said, in milliseconds.
    #[serde(default)]
    pub reconnection_time: Option<u64>,
}

/// What a class that only fires events cannot know.
const UNKNOWN_TO_EVENT_SOURCE: &[&str] = &["url", "attempt", "delay", "error"];

/// Says what is wrong with what this runner told, and with what its server was asked.
///
/// # Errors
///
/// Where anything is.
pub fn judge(runner: &str, case: &Filled, told: &Told, asked: &[Asked]) -> Result<()> {
    let all = items_for(runner, &case.expect["items"]);
    for (number, wanted) in all.iter().enumerate() {
        let Some(item) = told.items.get(number) else {
            let end = match &told.error {
                Some(error) => format!(", and the stream failed: {error}"),
                None => String::new(),
            };
            bail!(
                "item {number} is missing: {wanted}{end}; there are {}{}",
                list(&told.items),
                requests(asked)
            );
        };
        if let Err(wrong) = matches_item(wanted, item) {
            bail!(
                "item {number} is {item}, not {wanted}: {wrong}{}",
                requests(asked)
            );
        }
    }
    ensure!(
        told.items.len() == all.len(),
        "there are more items than {}: {}",
        all.len(),
        list(&told.items[all.len()..])
    );
    ensure!(
        told.ended == case.ends(),
        "the stream has ended: {}, and should have: {}",
        told.ended,
        case.ends()
    );
    match (case.expect.get("error"), &told.error) {
        (None | Some(Value::Null), None) => {}
        (None | Some(Value::Null), Some(error)) => bail!("the stream failed: {error}"),
        (Some(wanted), None) => bail!("the stream did not fail with {wanted}"),
        (Some(wanted), Some(error)) => {
            if let Err(wrong) = matches_error(wanted, error) {
                bail!("the stream failed with {error}, not {wanted}: {wrong}");
            }
        }
    }
    if let (Some(wanted), Some(id)) = (
        case.expect.get("last_event_id").and_then(Value::as_str),
        &told.last_event_id,
    ) {
        ensure!(id == wanted, "the last event ID is {id:?}, not {wanted:?}");
    }
    if let Some(wanted) = case.expect.get("reconnection_time") {
        same("reconnection_time", wanted, &told.reconnection_time.into())?;
    }
    judge_requests(case, asked)
}

fn judge_requests(case: &Filled, asked: &[Asked]) -> Result<()> {
    if let Some(count) = case.expect["requests"].as_u64() {
        ensure!(
            asked.len() as u64 == count,
            "there were {} requests, not {count}{}",
            asked.len(),
            requests(asked)
        );
        return Ok(());
    }
    let wanted = case.expect["requests"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (number, wanted) in wanted.iter().enumerate() {
        let Some(request) = asked.get(number) else {
            bail!("request {number} was not made: {wanted}{}", requests(asked));
        };
        if let Err(wrong) = matches_request(wanted, request, &case.options["url"]) {
            bail!(
                "request {number} is not {wanted}: {wrong}{}",
                requests(asked)
            );
        }
    }
    // Whoever leaves while the next attempt is waited for may leave a little late.
    let waits = case.expect["items"]
        .as_array()
        .and_then(|items| items.last());
    ensure!(
        asked.len() == wanted.len() || waits.is_some_and(|item| item.get("reconnecting").is_some()),
        "there were more requests than {}{}",
        wanted.len(),
        requests(asked)
    );
    Ok(())
}

/// What this runner is to tell: the browser's class has no comments, and its reset is an event.
fn items_for(runner: &str, items: &Value) -> Vec<Value> {
    let mut items = items.as_array().cloned().unwrap_or_default();
    if runner != "event_source" {
        return items;
    }
    items.retain(|item| item.get("comment").is_none());
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        for name in UNKNOWN_TO_EVENT_SOURCE {
            item.remove(*name);
        }
        for name in ["opened", "closed"] {
            if let Some(value) = item.get_mut(name) {
                *value = Value::Null;
            }
        }
    }
    items
}

fn matches_item(wanted: &Value, item: &Value) -> Result<()> {
    if wanted.get("event").is_some() || wanted.get("data").is_some() {
        for (name, default) in [("event", "message"), ("data", ""), ("id", "")] {
            let wanted = wanted.get(name).and_then(Value::as_str).unwrap_or(default);
            same(name, &wanted.into(), &item[name])?;
        }
        return Ok(());
    }
    for (name, value) in wanted.as_object().into_iter().flatten() {
        match name.as_str() {
            "reconnecting" => matches_error(value, &item[name])?,
            "error" if !value.is_null() => matches_error(value, &item[name])?,
            "delay" => within(value, &item[name])?,
            _ => same(name, value, &item[name])?,
        }
    }
    Ok(())
}

/// `"ConnectError"`, or what of it is to be so.
fn matches_error(wanted: &Value, error: &Value) -> Result<()> {
    let Some(fields) = wanted.as_object() else {
        return same("kind", wanted, &error["kind"]);
    };
    for (name, value) in fields {
        if name == "says" {
            let message = error["message"].as_str().unwrap_or_default();
            for part in value.as_array().into_iter().flatten() {
                let part = part.as_str().unwrap_or_default();
                ensure!(message.contains(part), "{message:?} does not say {part:?}");
            }
        } else {
            same(name, value, &error[name])?;
        }
    }
    Ok(())
}

fn matches_request(wanted: &Value, request: &Asked, url: &Value) -> Result<()> {
    let text = |name: &str, default: &str| {
        let value = wanted.get(name).and_then(Value::as_str);
        Value::from(value.unwrap_or(default))
    };
    same("method", &text("method", "GET"), &(&*request.method).into())?;
    let url = text("url", url.as_str().unwrap_or_default());
    same("url", &url, &(&*request.url).into())?;
    same("body", &text("body", ""), &(&*request.body).into())?;
    let header = |name: &str| Value::from(request.headers.get(name).map(String::as_str));
    let id = wanted.get("last_event_id").unwrap_or(&Value::Null);
    same("last_event_id", id, &header("last-event-id"))?;
    if let (Some(wanted), Some(at)) = (wanted.get("at"), request.at) {
        same("at", wanted, &at.into())?;
    }
    let mut headers = serde_json::Map::new();
    headers.insert("Accept".into(), "text/event-stream".into());
    headers.insert("Cache-Control".into(), "no-cache".into());
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        headers.insert(name.clone(), value.clone());
    }
    for (name, value) in &headers {
        same(name, value, &header(&name.to_ascii_lowercase()))?;
    }
    Ok(())
}

fn within(range: &Value, delay: &Value) -> Result<()> {
    let Some(milliseconds) = delay.as_f64() else {
        bail!("the delay is {delay}");
    };
    let bound = |at: usize| range[at].as_f64().unwrap_or(f64::NAN);
    // A language that counts in seconds rounds.
    ensure!(
        milliseconds >= bound(0) - 0.001 && milliseconds <= bound(1) + 0.001,
        "the delay is not in {range}"
    );
    Ok(())
}

fn same(name: &str, wanted: &Value, value: &Value) -> Result<()> {
    let equal = match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(value)) => (wanted - value).abs() < 0.001,
        _ => wanted == value,
    };
    ensure!(equal, "{name} is {value}, not {wanted}");
    Ok(())
}

fn list(items: &[Value]) -> String {
    let items: Vec<_> = items.iter().map(Value::to_string).collect();
    format!("[{}]", items.join(", "))
}

fn requests(asked: &[Asked]) -> String {
    let mut text = format!("; {} requests", asked.len());
    for Asked {
        method,
        url,
        headers,
        ..
    } in asked
    {
        let id = headers.get("last-event-id");
        // A string takes all.
        let _ = write!(text, "; {method} {url} after {id:?}");
    }
    text
}
