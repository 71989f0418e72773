//! What the runners measured, read from the files that they leave.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::contest::{Decoder, Language};
use super::stats::Spread;
use super::workloads::{Kind, Tally};

/// All that one language's runner measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) language: Language,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) series: Vec<Series>,
    pub(crate) long_line: Option<LongLine>,
}

/// The runs of one decoder over one workload in one chunk size.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) decoder: Decoder,
    pub(crate) kind: Kind,
    pub(crate) chunk: usize,
    pub(crate) bytes: u64,
    pub(crate) events: u64,
    /// What it found; `None` for what decodes nothing.
    pub(crate) found: Option<Tally>,
    pub(crate) nanoseconds: Vec<f64>,
}

/// One line as large as a workload.
#[derive(Debug, Clone)]
pub(crate) struct LongLine {
    pub(crate) bytes: u64,
    pub(crate) lines: Vec<LineRuns>,
    /// How many calls with one byte each were timed, and how long they took together.
    pub(crate) calls: u64,
    pub(crate) calls_nanoseconds: Vec<f64>,
}

#[derive(Debug, Clone)]
pub(crate) struct LineRuns {
    pub(crate) chunk: usize,
    pub(crate) nanoseconds: Vec<f64>,
    /// The peak of live memory, where it was measured.
    pub(crate) peak: Option<u64>,
}

impl Measured {
    pub(crate) fn new(language: Language) -> Self {
        Self {
            language,
            versions: BTreeMap::new(),
            series: Vec::new(),
            long_line: None,
        }
    }

    /// Adds what a runner has left.
    pub(crate) fn read(&mut self, path: &Path) -> Result<()> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let value: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is no JSON", path.display()))?;
        self.add(&value)
            .with_context(|| format!("{} is not as expected", path.display()))
    }

    fn add(&mut self, value: &Value) -> Result<()> {
        for (name, version) in value["versions"].as_object().into_iter().flatten() {
            let version = version
                .as_str()
                .with_context(|| format!("no version of {name}"))?;
            self.versions.insert(name.clone(), version.to_owned());
        }
        for series in array(&value["series"])? {
            self.series.push(self.read_series(series)?);
        }
        if value["long_line"].is_object() {
            self.long_line = Some(long_line(&value["long_line"])?);
        }
        Ok(())
    }

    fn read_series(&self, value: &Value) -> Result<Series> {
        let name = text(&value["decoder"])?;
        let decoder = self.language.decoder(name).with_context(|| {
            format!(
                "{name:?} is no decoder of {} that is known",
                self.language.title()
            )
        })?;
        let kind = match text(&value["workload"])? {
            "llm" => Kind::Llm,
            "tick" => Kind::Tick,
            "big" => Kind::Big,
            other => bail!("{other:?} is no workload"),
        };
        let found = &value["found"];
        let found = (!found.is_null())
            .then(|| tally(found))
            .transpose()
            .with_context(|| format!("what {name} found"))?;
        let bytes = number(&value["bytes"])?;
        Ok(Series {
            decoder,
            kind,
            chunk: usize::try_from(number(&value["chunk"])?)?,
            bytes,
            events: bytes / kind.event_size() as u64,
            found,
            nanoseconds: numbers(&value["nanoseconds"])?,
        })
    }

    pub(crate) fn find(&self, decoder: &str, kind: Kind, chunk: usize) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.decoder.name == decoder && series.kind == kind && series.chunk == chunk
        })
    }

    /// The cost of a call that carries one byte, in nanoseconds.
    pub(crate) fn call(&self) -> Option<f64> {
        self.long_line.as_ref()?.call()
    }
}

impl Series {
    fn median(&self) -> f64 {
        Spread::of(&self.nanoseconds).map_or(f64::NAN, |spread| spread.median)
    }

    pub(crate) fn per_event(&self) -> f64 {
        self.median() / self.events as f64
    }

    /// Megabytes per second.
    pub(crate) fn speed(&self) -> f64 {
        self.bytes as f64 * 1000.0 / self.median()
    }

    /// Calls that the stream is fed in.
    pub(crate) fn calls(&self) -> f64 {
        (self.bytes as f64 / self.chunk as f64).ceil()
    }

    /// Nanoseconds per byte, the cost of the calls apart.
    pub(crate) fn per_byte_beyond(&self, call: f64) -> f64 {
        (self.median() - self.calls() * call) / self.bytes as f64
    }
}

impl LongLine {
    pub(crate) fn call(&self) -> Option<f64> {
        Some(Spread::of(&self.calls_nanoseconds)?.median / self.calls as f64)
    }

    /// Nanoseconds per byte in chunks of a size, the cost of the calls apart.
    pub(crate) fn per_byte_beyond(&self, chunk: usize) -> Option<f64> {
        let runs = self.lines.iter().find(|runs| runs.chunk == chunk)?;
        let calls = (self.bytes as f64 / chunk as f64).ceil();
        let median = Spread::of(&runs.nanoseconds)?.median;
        Some((median - calls * self.call()?) / self.bytes as f64)
    }
}

fn long_line(value: &Value) -> Result<LongLine> {
    let lines = array(&value["lines"])?.iter().map(|line| {
        Ok(LineRuns {
            chunk: usize::try_from(number(&line["chunk"])?)?,
            nanoseconds: numbers(&line["nanoseconds"])?,
            peak: None,
        })
    });
    Ok(LongLine {
        bytes: number(&value["bytes"])?,
        lines: lines.collect::<Result<_>>()?,
        calls: number(&value["calls"]["count"])?,
        calls_nanoseconds: numbers(&value["calls"]["nanoseconds"])?,
    })
}

fn tally(value: &Value) -> Result<Tally> {
    Ok(Tally {
        events: number(&value["events"])?,
        data: number(&value["data"])?,
        types: number(&value["types"])?,
        ids: number(&value["ids"])?,
    })
}

pub(super) fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("a list is missing")
}

pub(super) fn number(value: &Value) -> Result<u64> {
    value.as_u64().context("a number is missing")
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("a text is missing")
}

fn numbers(value: &Value) -> Result<Vec<f64>> {
    array(value)?
        .iter()
        .map(|one| one.as_f64().context("a number is missing"))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::contest;
    use super::*;

    /// Runs of so many nanoseconds each over a stream of one decoder's.
    pub(crate) fn series(decoder: &str, kind: &str, chunk: usize, nanoseconds: &[u64]) -> Value {
        json!({
            "decoder": decoder, "workload": kind, "chunk": chunk, "bytes": 1890,
            "found": {"events": 10, "data": 1810, "types": 70, "ids": 0},
            "nanoseconds": nanoseconds,
        })
    }

    /// What a runner of Rust has left.
    pub(crate) fn measured(series: Vec<Value>) -> Measured {
        let mut measured = Measured::new(Language::Rust);
        let long_line = json!({
            "bytes": 6400,
            "lines": [{"chunk": 64, "nanoseconds": [1500]}, {"chunk": 65536, "nanoseconds": [410]}],
            "calls": {"count": 10, "nanoseconds": [100]},
        });
        let value =
            json!({"versions": {"sse-stream": "0.3.0"}, "series": series, "long_line": long_line});
        measured.add(&value).unwrap();
        measured
    }

    #[test]
    fn figures_are_of_the_median() {
        let measured = measured(vec![series(
            contest::BORROWED,
            "llm",
            189,
            &[100, 300, 200],
        )]);
        let series = measured.find(contest::BORROWED, Kind::Llm, 189).unwrap();
        assert_eq!(series.per_event(), 20.0);
        assert_eq!(series.speed(), 1890.0 * 1000.0 / 200.0);
        assert_eq!(series.calls(), 10.0);
        // Ten calls of ten nanoseconds.
        assert_eq!(series.per_byte_beyond(10.0), 100.0 / 1890.0);
    }

    #[test]
    fn the_cost_of_the_calls_is_taken_off_the_long_line() {
        let line = measured(vec![]).long_line.unwrap();
        assert_eq!(line.call(), Some(10.0));
        assert_eq!(line.per_byte_beyond(64), Some(500.0 / 6400.0));
        assert_eq!(line.per_byte_beyond(65536), Some(400.0 / 6400.0));
    }

    #[test]
    fn a_decoder_that_nobody_knows_is_an_error() {
        let mut measured = Measured::new(Language::Rust);
        let value = json!({"versions": {}, "series": [series("sse-steam", "llm", 189, &[1])]});
        let error = measured.add(&value).unwrap_err();
        assert!(format!("{error:#}").contains("sse-steam"), "{error:#}");
    }
}
