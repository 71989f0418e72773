//! The fixtures of `tests/fixtures/client`: what their README.md describes, read, played and judged. Here once for the runners
//! of all languages; those in Python and JavaScript reach it through the program `fixture-server`.
//!
//! - `script`: what a server is to do.
//! - `play`: a server that does what a case says, over sockets of its own.
//! - `judge`: what a client told, compared with what the case expects.

mod judge;
mod play;
mod script;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use judge::{Told, judge};
pub use play::Play;
pub use script::{Script, Step};

use crate::program::root;
use script::{bytes_of, steps};

/// One case, as its file has it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file that has it.
    pub file: String,
    /// Unique over all files.
    pub name: String,
    /// The rules of `spec-traps` that it is about.
    pub rows: Vec<u64>,
    /// The complaints of users about subscribing that it is about.
    pub asks: Vec<u64>,
    /// Whose rules it is about: `connect`, `event_source`, or both.
    pub profiles: Vec<String>,
    value: Value,
}

/// A request, as it came.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// When, in milliseconds since the start, where a virtual clock says it.
    pub at: Option<f64>,
    /// The method.
    pub method: String,
    /// Which of the addresses was asked, and for what: `{origin}/events`.
    pub url: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// The addresses of a case: what its texts call `{origin}`, `{other}` and `{deserted}`.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where the case begins.
    pub origin: String,
    /// Another origin, served by the same script.
    pub other: String,
    /// Where nobody listens.
    pub deserted: String,
}

/// All cases of all files, in the order of the files.
///
/// # Errors
///
/// Where a file cannot be read, and where two cases have one name.
pub fn all() -> Result<Vec<Case>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder()).context("the folder of the fixtures")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && name != "schema.json" {
            files.push(name);
        }
    }
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(folder().join(&file))?;
        let json: Value = serde_json::from_str(&text).with_context(|| file.clone())?;
        for value in json["cases"].as_array().into_iter().flatten() {
            let case =
                Case::new(&file, value.clone()).with_context(|| format!("{file}: {value}"))?;
            ensure!(
                cases.iter().all(|other| other.name != case.name),
                "{file}: two cases have the name {:?}",
                case.name
            );
            cases.push(case);
        }
    }
    ensure!(!cases.is_empty(), "no fixtures were found");
    Ok(cases)
}

fn folder() -> PathBuf {
    root().join("tests/fixtures/client")
}

impl Case {
    fn new(file: &str, value: Value) -> Result<Case> {
        let profiles = value.get("profiles").cloned().unwrap_or(json!(["connect"]));
        Ok(Case {
            file: file.to_owned(),
            name: Deserialize::deserialize(&value["name"])?,
            rows: numbers(value.get("rows"))?,
            asks: numbers(value.get("asks"))?,
            profiles: serde_json::from_value(profiles)?,
            value,
        })
    }

    /// Why this runner cannot run it.
    pub fn skip(&self, runner: &str) -> Option<&str> {
        self.value.get("skip")?.get(runner)?.as_str()
    }

    /// What messages call it.
    pub fn label(&self) -> String {
        let why = self.value["why"].as_str().unwrap_or_default();
        format!("{}: {:?} ({why})", self.file, self.name)
    }

    /// The case with its addresses.
    ///
    /// # Errors
    ///
    /// Where its form is not that of `schema.json`.
    pub fn at(&self, addresses: &Addresses) -> Result<Filled> {
        let mut value = self.value.clone();
        fill(&mut value, addresses);
        let connections = value["server"].as_array().context("server is no list")?;
        let mut options = match value.get("options") {
            Some(options) => options
                .as_object()
                .context("options are no object")?
                .clone(),
            None => Map::new(),
        };
        options
            .entry("url")
            .or_insert_with(|| format!("{}/events", addresses.origin).into());
        // Waits that no test has to sit out; the library's own where the case says `"default"`, which is no change of any.
        match options.get("retry") {
            None => options.insert("retry".into(), quick()),
            Some(Value::String(_)) => options.insert("retry".into(), json!({})),
            Some(Value::Object(given)) => {
                let mut policy = quick();
                for (name, value) in given {
                    policy[name] = value.clone();
                }
                options.insert("retry".into(), policy)
            }
            Some(_) => None,
        };
        let script = Script {
            first: connections.iter().map(steps).collect::<Result<_>>()?,
            then: value
                .get("then")
                .map(steps)
                .transpose()?
                .unwrap_or_default(),
        };
        Ok(Filled {
            options,
            script,
            consumer: value.get("consumer").cloned().unwrap_or(json!({})),
            expect: value["expect"].clone(),
        })
    }
}

fn numbers(list: Option<&Value>) -> Result<Vec<u64>> {
    Ok(serde_json::from_value(list.cloned().unwrap_or(json!([])))?)
}

/// The policy of a case that says nothing of one.
fn quick() -> Value {
    json!({"base": 10, "min": 0, "max": 40, "stable_after": 10_000})
}

/// A case whose addresses are known.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Options of the client, by their names in Python; times are milliseconds.
    pub options: Map<String, Value>,
    /// What its server does.
    pub script: Script,
    /// What its consumer does.
    pub consumer: Value,
    /// What is to come of it.
    pub expect: Value,
}

impl Filled {
    /// How many items the consumer waits for. Where the last of them is `closed`, or it closes the stream itself, it waits for
    /// the end too.
    pub fn items(&self) -> usize {
        self.expect["items"].as_array().map_or(0, Vec::len)
    }

    /// Whether the stream is to end, rather than to be left.
    pub fn ends(&self) -> bool {
        let last = self.expect["items"]
            .as_array()
            .and_then(|items| items.last());
        self.closes_after().is_some() || last.is_some_and(|item| item.get("closed").is_some())
    }

    /// After how many events the consumer closes the stream.
    pub fn closes_after(&self) -> Option<u64> {
        self.consumer["close_after"].as_u64()
    }
}

fn fill(value: &mut Value, addresses: &Addresses) {
    match value {
        Value::String(text) => {
            for (name, address) in [
                ("{origin}", &addresses.origin),
                ("{other}", &addresses.other),
                ("{deserted}", &addresses.deserted),
            ] {
                *text = text.replace(name, address);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, addresses)),
        Value::Object(map) if map.contains_key("repeat") => {
            if let Some(text) = bytes_of(value).and_then(|bytes| String::from_utf8(bytes).ok()) {
                *value = text.into();
            }
        }
        Value::Object(map) => map.values_mut().for_each(|value| fill(value, addresses)),
        _ => {}
    }
}
