//! What a server does with each request: the steps of a case.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What a server does, with the addresses filled in.
#[derive(Debug, Clone)]
pub struct Script {
    pub(super) first: Vec<Vec<Step>>,
    pub(super) then: Vec<Step>,
}

/// One thing that a server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The head of an answer.
    Head(u16, BTreeMap<String, String>),
    /// A part of the body, as a chunk of its own.
    Send(Vec<u8>),
    /// Nothing for so many milliseconds.
    Wait(u64),
    /// The end of the answer.
    End,
    /// The end of the connection, with the answer not at its end.
    Cut,
    /// A TCP reset.
    Reset,
}

impl Script {
    /// What is done with the request of this number, from 0.
    pub fn steps(&self, number: usize) -> &[Step] {
        self.first.get(number).unwrap_or(&self.then)
    }
}

pub(super) fn steps(connection: &Value) -> Result<Vec<Step>> {
    let list = connection.as_array().context("a connection is no list")?;
    list.iter()
        .map(|step| step_of(step).with_context(|| format!("{step} is no step")))
        .collect()
}

fn step_of(step: &Value) -> Option<Step> {
    match step.as_str() {
        Some("stream") => {
            let headers = [("Content-Type".to_owned(), "text/event-stream".to_owned())];
            return Some(Step::Head(200, headers.into()));
        }
        Some("end") => return Some(Step::End),
        Some("cut") => return Some(Step::Cut),
        Some("reset") => return Some(Step::Reset),
        _ => {}
    }
    if let Some(send) = step.get("send") {
        return Some(Step::Send(bytes_of(send)?));
    }
    if let Some(wait) = step.get("wait") {
        return Some(Step::Wait(wait.as_u64()?));
    }
    let headers = step.get("headers").cloned().unwrap_or(json!({}));
    Some(Step::Head(
        step.get("head")?.as_u64()?.try_into().ok()?,
        serde_json::from_value(headers).ok()?,
    ))
}

/// A list of parts, as `tests/fixtures/codec/README.md` has it.
pub(super) fn bytes_of(parts: &Value) -> Option<Vec<u8>> {
    match parts {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Array(list) => Some(
            list.iter()
                .map(bytes_of)
                .collect::<Option<Vec<_>>>()?
                .concat(),
        ),
        Value::Object(part) => match part.get("hex") {
            Some(hex) => {
                let digits: String = hex.as_str()?.split_whitespace().collect();
                let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
                (0..digits.len()).step_by(2).map(pair).collect()
            }
            None => {
                let times = part.get("times")?.as_u64()?.try_into().ok()?;
                Some(bytes_of(part.get("repeat")?)?.repeat(times))
            }
        },
        _ => None,
    }
}
