//! What was found, as a table for people and as JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::Output;

/// The figures of one run.
#[derive(Debug)]
pub(super) struct Report {
    bench: &'static str,
    url: String,
    sections: Vec<Section>,
}

/// Figures that belong together.
#[derive(Debug)]
pub(super) struct Section {
    /// The name in JSON.
    name: &'static str,
    title: String,
    figures: Vec<(&'static str, &'static str, Value)>,
}

impl Report {
    pub(super) fn new(bench: &'static str, url: &str) -> Self {
        Self {
            bench,
            url: url.to_owned(),
            sections: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// `{"bench", "url", section: {key: figure}}`.
    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("bench".into(), json!(self.bench));
        object.insert("url".into(), json!(self.url));
        for section in &self.sections {
            let figures = section.figures.iter();
            let figures = figures.map(|(key, _, value)| ((*key).to_owned(), value.clone()));
            object.insert(section.name.into(), Value::Object(figures.collect()));
        }
        Value::Object(object)
    }

    fn table(&self) -> String {
        let figures = || self.sections.iter().flat_map(|section| &section.figures);
        let width = figures()
            .map(|(_, label, _)| label.len())
            .max()
            .unwrap_or(0);
        let mut out = format!("{} of {}\n", self.bench, self.url);
        for section in &self.sections {
            let _ = writeln!(out, "\n{}", section.title);
            for (_, label, value) in &section.figures {
                let _ = writeln!(out, "  {label:width$}  {:>12}", cell(value));
            }
        }
        out
    }

    /// To the standard output.
    pub(super) fn print(&self, as_json: bool) -> Result<(), Failure> {
        let mut output = Output::new();
        if as_json {
            output.line(&self.json().to_string())?;
        } else {
            for line in self.table().lines() {
                output.line(line)?;
            }
        }
        output.flush()
    }
}

impl Section {
    pub(super) fn new(name: &'static str, title: impl Into<String>) -> Self {
        Self {
            name,
            title: title.into(),
            figures: Vec::new(),
        }
    }

    /// Adds a figure: its key in JSON, and what people call it, with its unit.
    pub(super) fn figure(
        &mut self,
        key: &'static str,
        label: &'static str,
        value: impl Into<Value>,
    ) -> &mut Self {
        self.figures.push((key, label, value.into()));
        self
    }

    /// Adds the percentiles of some times.
    pub(super) fn times(&mut self, times: &Times) -> &mut Self {
        let at = |quantile| times.milliseconds(quantile);
        self.figure("p50_ms", "p50, ms", at(0.5))
            .figure("p99_ms", "p99, ms", at(0.99))
            .figure("max_ms", "greatest, ms", at(1.0))
    }
}

/// Three digits that count.
fn cell(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => match number.abs() {
            0.0..10.0 => format!("{number:.2}"),
            10.0..100.0 => format!("{number:.1}"),
            _ => format!("{number:.0}"),
        },
        _ => value.to_string(),
    }
}

/// Times between a microsecond and an hour, within a thousandth, in memory that does not grow with their number.
#[derive(Debug)]
pub(super) struct Times(Histogram<u64>);

impl Times {
    pub(super) fn new() -> Self {
        let hour = 3_600_000_000;
        Self(
            Histogram::new_with_bounds(1, hour, 3)
                .expect("the bounds are constants that make sense"),
        )
    }

    pub(super) fn add(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(microseconds);
    }

    fn milliseconds(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_table_and_json() {
        let mut times = Times::new();
        for milliseconds in 1..=100 {
            times.add(Duration::from_millis(milliseconds));
        }
        let mut section = Section::new("rounds", "100 rounds");
        section.figure("count", "rounds", 100_u64).times(&times);
        let mut report = Report::new("fan-out", "http://x/");
        report.add(section);
        let json = report.json();
        assert_eq!(json["rounds"]["count"], 100);
        let p50 = json["rounds"]["p50_ms"].as_f64().unwrap();
        assert!((49.9..50.1).contains(&p50), "{p50}");
        let table = report.table();
        assert!(table.contains("\n100 rounds\n  rounds "), "{table}");
        assert!(table.contains("p99, ms"), "{table}");
    }
}
