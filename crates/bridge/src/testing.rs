//! Scripted servers for the test kits: scripts come as JSON, and streams are those that users have.

use std::time::Duration;

use eventwire_client::testing::{self, RecordedRequest, Script};
use eventwire_codec::Event;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::stream::Stream;

/// A server that plays a script: see [`testing::ScriptedServer`].
#[derive(Clone, Debug)]
pub struct ScriptedServer(testing::ScriptedServer);

impl ScriptedServer {
    /// Plays the script that `json` is: an array of steps, each an array of a word and what belongs to it, as
    /// `[["respond", 503], ["header", "retry-after", "7"], ["event", "data", "type", "id", null], ["wait", 1.5], ["refuse"]]`.
    /// Times are seconds.
    ///
    /// # Errors
    ///
    /// What cannot be sent.
    pub fn new(json: &str, paused: bool) -> Result<Self, Failure> {
        let script = parse(json)?;
        let server = if paused {
            testing::ScriptedServer::paused(script)
        } else {
            testing::ScriptedServer::new(script)
        };
        Ok(Self(server?))
    }

    /// Lets a stream that was not opened yet talk to this server.
    pub fn attach(&self, stream: &Stream) {
        stream.change(|stream| self.0.attach(stream));
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.0.advance(time);
    }

    /// How much time has passed.
    pub fn now(&self) -> Duration {
        self.0.now()
    }

    /// How long was waited before each attempt but the first.
    pub fn delays(&self) -> Vec<Duration> {
        self.0.delays()
    }

    /// All requests, as a JSON array of `{at, method, url, headers: [[name, value], ...], body}`; `body` an array of bytes, or
    /// null.
    pub fn requests(&self) -> String {
        let requests: Vec<Value> = self.0.requests().iter().map(recorded).collect();
        Value::from(requests).to_string()
    }
}

fn recorded(request: &RecordedRequest) -> Value {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    json!({
        "at": request.at.as_secs_f64(),
        "method": request.method.as_str(),
        "url": request.url.as_str(),
        "headers": headers,
        "body": request.body.as_deref(),
    })
}

fn parse(json: &str) -> Result<Script, Failure> {
    let steps: Vec<Vec<Value>> = serde_json::from_str(json)
        .map_err(|error| Failure::argument(format!("this is no script: {error}")))?;
    steps
        .iter()
        .try_fold(Script::new(), |script, words| step(script, words))
}

fn step(script: Script, words: &[Value]) -> Result<Script, Failure> {
    let text = |at: usize| words.get(at).and_then(Value::as_str);
    let wrong = || Failure::argument(format!("a script has no step {}", json!(words)));
    Ok(match text(0).ok_or_else(wrong)? {
        "respond" => {
            let status = words.get(1).and_then(Value::as_u64).ok_or_else(wrong)?;
            // What is no u16 is no status either.
            script.respond(u16::try_from(status).unwrap_or(0))
        }
        "header" => script.header(text(1).ok_or_else(wrong)?, text(2).ok_or_else(wrong)?),
        "event" => {
            let mut event = Event::new(text(1).ok_or_else(wrong)?);
            if let Some(name) = text(2) {
                event = event.with_type(name);
            }
            if let Some(id) = text(3) {
                event = event.with_id(id);
            }
            if let Some(retry) = words.get(4).and_then(Value::as_u64) {
                event = event.with_retry(retry);
            }
            script.event(event)
        }
        "comment" => script.comment(text(1).ok_or_else(wrong)?),
        "send" => match words.get(1) {
            Some(Value::String(text)) => script.send(text.clone()),
            Some(Value::Array(bytes)) => {
                let bytes: Option<Vec<u8>> = bytes
                    .iter()
                    .map(|byte| u8::try_from(byte.as_u64()?).ok())
                    .collect();
                script.send(bytes.ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        },
        word @ ("drip" | "wait") => {
            let seconds = words.get(1).and_then(Value::as_f64).ok_or_else(wrong)?;
            let time = Duration::try_from_secs_f64(seconds).map_err(|_| {
                Failure::argument(format!(
                    "{word} takes a time of zero or more, not {seconds}"
                ))
            })?;
            if word == "drip" {
                script.drip(time)
            } else {
                script.wait(time)
            }
        }
        "end" => script.end(),
        "reset" => script.reset(),
        "reset_mid_event" => script.reset_mid_event(),
        "half_open" => script.half_open(),
        "refuse" => script.refuse(),
        "tls_failure" => script.tls_failure(),
        "unreachable" => script.unreachable(),
        "repeat" => script.repeat(),
        _ => return Err(wrong()),
    })
}
