//! `tests/fixtures/matrix/main.json`.

use anyhow::{Context, Result};
use serde::Deserialize;

/// What every pair plays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    #[serde(rename = "about")]
    _about: String,
    pub(crate) topic: String,
    pub(crate) max_events: usize,
    pub(crate) retry_ms: u64,
    /// Published before the client connects.
    pub(crate) earlier: Vec<Entry>,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) name: String,
    #[serde(rename = "why")]
    _why: String,
    pub(crate) before: Vec<Entry>,
    /// The event that the cut goes through.
    pub(crate) cut: Option<Entry>,
    #[serde(default)]
    pub(crate) away: Vec<Entry>,
    /// The reason of the reset that the client gets on its return.
    pub(crate) reset: Option<String>,
    #[serde(default)]
    pub(crate) after: Vec<Entry>,
    /// Whether only a hub can play it, as it needs its marks or its resets.
    #[serde(default)]
    pub(crate) hub_only: bool,
}

/// One event, or many alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    event: Option<String>,
    data: String,
    #[serde(default = "one")]
    repeat: usize,
    #[serde(default = "one")]
    times: usize,
}

/// An event to publish.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) event: Option<String>,
    pub(crate) data: String,
}

impl Fixture {
    pub(crate) fn read() -> Result<Fixture> {
        let path = eventwire_tests::program::root().join("tests/fixtures/matrix/main.json");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not as its README says", path.display()))
    }

    /// Every type that an event of it has, but `message`.
    pub(crate) fn types(&self) -> Vec<String> {
        let parts = self.parts.iter();
        let entries = parts.flat_map(|part| {
            part.before
                .iter()
                .chain(&part.cut)
                .chain(&part.away)
                .chain(&part.after)
        });
        let mut types: Vec<String> = entries.filter_map(|entry| entry.event.clone()).collect();
        types.push("eventwire.reset".to_owned());
        types.sort();
        types.dedup();
        types
    }
}

/// The events of some entries.
pub(crate) fn plans(entries: &[Entry]) -> Vec<Plan> {
    entries.iter().flat_map(Entry::plans).collect()
}

impl Entry {
    pub(crate) fn plans(&self) -> impl Iterator<Item = Plan> + '_ {
        (0..self.repeat).map(|n| Plan {
            event: self.event.clone(),
            data: self.data.replace("{n}", &n.to_string()).repeat(self.times),
        })
    }
}

fn one() -> usize {
    1
}
