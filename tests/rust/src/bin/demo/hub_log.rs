//! What the hub logs about subscriptions: printed as JSON lines, and kept to be asked.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

const TARGET: &str = "eventwire::hub";

/// What was logged so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct HubLog {
    lines: Arc<Mutex<Vec<Line>>>,
}

/// One line: its fields, by name.
pub(crate) type Line = Map<String, Value>;

impl HubLog {
    /// Listens to the logging of this whole process.
    pub(crate) fn install() -> Result<HubLog> {
        let log = HubLog::default();
        registry().with(log.clone()).try_init()?;
        Ok(log)
    }

    /// The subscription that came from this address.
    pub(crate) fn of_peer(&self, peer: &str) -> Option<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .find(|line| text(line, "peer") == peer)
            .cloned()
    }
}

/// A field of a line; empty where it has none.
pub(crate) fn text<'a>(line: &'a Line, field: &str) -> &'a str {
    line.get(field).and_then(Value::as_str).unwrap_or_default()
}

impl<S: Subscriber> Layer<S> for HubLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        println!("{:<10} | {}", "hub", Value::Object(fields.0.clone()));
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fields.0);
    }
}

struct Fields(Line);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        // A list of strings is written as JSON writes it, or nearly.
        let list = text
            .starts_with('[')
            .then(|| serde_json::from_str(&text).ok())
            .flatten();
        self.0
            .insert(field.name().to_owned(), list.unwrap_or(Value::String(text)));
    }
}
