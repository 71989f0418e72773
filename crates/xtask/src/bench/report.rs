//! The tables, in Markdown for people and in JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::contest::Role;
use super::results::{LongLine, Measured, Series};
use super::stats::Spread;
use super::targets::{Bound, Target};
use super::workloads::Kind;

/// What all languages' figures have in common.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// The processor and the system.
    pub(crate) machine: String,
    /// How it was measured, in a sentence or two.
    pub(crate) method: String,
}

/// Where a decoder's result is not what the stream holds.
#[derive(Debug, Clone)]
pub(crate) struct Disagreement {
    pub(crate) is_ours: bool,
    pub(crate) text: String,
}

/// The whole page.
pub(crate) fn markdown(
    setting: &Setting,
    all: &[Measured],
    targets: &[Target],
    disagreements: &[Disagreement],
) -> String {
    let mut out = format!(
        "# The codec beside others\n\n\
         Made by `cargo xtask bench codec`; docs/benchmarks.md says how to read it.\n\n\
         - Machine: {}\n- Method: {}\n",
        setting.machine, setting.method
    );
    for measured in all {
        let versions: Vec<String> = measured
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let _ = writeln!(
            out,
            "- {}: {}",
            measured.language.title(),
            versions.join(", ")
        );
    }
    out.push_str("\n## Every decoder found the same\n\n");
    if disagreements.is_empty() {
        out.push_str(
            "The number of events and the bytes of data, types and ids, in every chunk size.\n",
        );
    } else {
        out.push_str("No:\n\n");
        for disagreement in disagreements {
            let _ = writeln!(out, "- {}", disagreement.text);
        }
    }
    out.push_str("\n## Targets\n\n");
    out.push_str(&self::targets(targets));
    for measured in all {
        language(&mut out, measured);
    }
    out
}

/// A line for each target.
pub(crate) fn targets(targets: &[Target]) -> String {
    let mut out =
        String::from("| language | target | wanted | figure | |\n|---|---|---|---|---|\n");
    for target in targets {
        let wanted = match target.bound {
            Bound::AtLeast(bound) => format!("at least {bound}"),
            Bound::AtMost(bound) => format!("at most {bound}"),
        };
        let (figure, verdict) = match (target.figure, target.is_reached()) {
            (Some(figure), Some(true)) => (format!("{figure:.2}"), "reached"),
            (Some(figure), _) => (format!("{figure:.2}"), "**missed**"),
            (None, _) => ("".into(), "not measured"),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {wanted} | {figure} | {verdict} |",
            target.language.title(),
            target.what
        );
    }
    out
}

fn language(out: &mut String, measured: &Measured) {
    let _ = writeln!(
        out,
        "\n## {}\n\n![MB/s by chunk size](codec-{}.svg)",
        measured.language.title(),
        measured.language.name()
    );
    for kind in [Kind::Llm, Kind::Tick, Kind::Big] {
        let chunks = chunks(measured, kind);
        if chunks.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "\n### {}, {} bytes an event\n",
            kind.name(),
            kind.event_size()
        );
        speeds(out, measured, kind, &chunks);
        ratios(out, measured, kind, &chunks);
    }
    per_chunk(out, measured);
    if let Some(line) = &measured.long_line {
        long_line(out, line);
    }
}

fn chunks(measured: &Measured, kind: Kind) -> Vec<usize> {
    let series = measured.series.iter();
    let mut chunks: Vec<usize> = series
        .filter(|series| series.kind == kind)
        .map(|series| series.chunk)
        .collect();
    chunks.sort_unstable();
    chunks.dedup();
    chunks
}

/// The head of a table with a column for each chunk size.
pub(super) fn head(out: &mut String, first: &str, kind: Kind, chunks: &[usize]) {
    let names: Vec<String> = chunks
        .iter()
        .map(|chunk| {
            if *chunk == kind.event_size() {
                format!("{chunk} (1 event)")
            } else {
                chunk.to_string()
            }
        })
        .collect();
    let _ = writeln!(out, "| {first} | {} |", names.join(" | "));
    let _ = writeln!(out, "|---|{}", "---:|".repeat(chunks.len()));
}

fn row<'a>(
    out: &mut String,
    name: &str,
    chunks: &'a [usize],
    cell: impl Fn(usize) -> Option<String> + 'a,
) {
    let cells: Vec<String> = chunks
        .iter()
        .map(|chunk| cell(*chunk).unwrap_or_default())
        .collect();
    if cells.iter().any(|cell| !cell.is_empty()) {
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
}

fn speeds(out: &mut String, measured: &Measured, kind: Kind, chunks: &[usize]) {
    head(out, "MB/s (ns per event)", kind, chunks);
    for decoder in measured.language.decoders() {
        row(out, decoder.name, chunks, |chunk| {
            let series = measured.find(decoder.name, kind, chunk)?;
            Some(format!(
                "{} ({})",
                figure(series.speed()),
                figure(series.per_event())
            ))
        });
    }
}

/// For each of ours, how much longer the others of its kind take.
fn ratios(out: &mut String, measured: &Measured, kind: Kind, chunks: &[usize]) {
    let decoders = measured.language.decoders();
    for ours in decoders.iter().filter(|one| one.role == Role::Ours) {
        if !measured
            .series
            .iter()
            .any(|series| series.kind == kind && series.decoder == *ours)
        {
            continue;
        }
        out.push('\n');
        head(
            out,
            &format!("time of the others, of {} (min to max)", ours.name),
            kind,
            chunks,
        );
        let others = decoders
            .iter()
            .filter(|other| other.role != Role::Ours && other.group == ours.group);
        for other in others {
            row(out, other.name, chunks, |chunk| {
                let ours = measured.find(ours.name, kind, chunk)?;
                let other = measured.find(other.name, kind, chunk)?;
                let ratio = Spread::ratio(&other.nanoseconds, &ours.nanoseconds)?;
                Some(format!(
                    "{} ({} to {})",
                    figure(ratio.median),
                    figure(ratio.min),
                    figure(ratio.max)
                ))
            });
        }
    }
}

/// What a chunk of 64 bytes costs, which is mostly the call.
fn per_chunk(out: &mut String, measured: &Measured) {
    const SMALL: usize = 64;
    let kinds = [Kind::Llm, Kind::Tick, Kind::Big];
    let cell = |name: &str, kind: Kind| {
        let series = measured.find(name, kind, SMALL)?;
        Some(figure(median(series) / series.calls()))
    };
    let rows: Vec<String> = measured
        .language
        .decoders()
        .iter()
        .map(|decoder| (decoder.name, kinds.map(|kind| cell(decoder.name, kind))))
        .filter(|(_, cells)| cells.iter().any(Option::is_some))
        .map(|(name, cells)| {
            format!(
                "| {name} | {} |\n",
                cells.map(Option::unwrap_or_default).join(" | ")
            )
        })
        .collect();
    if !rows.is_empty() {
        let _ = write!(
            out,
            "\n### What a chunk of 64 bytes costs\n\n| ns per chunk | llm | tick | big |\n|---|---:|---:|---:|\n{}",
            rows.concat()
        );
    }
}

fn long_line(out: &mut String, line: &LongLine) {
    let _ = writeln!(
        out,
        "\n### One line of {} bytes\n\nA call that carries one byte takes {} ns.\n\n\
         | chunks of | ns per byte | beyond the calls | peak memory, in sizes of the event |\n|---:|---:|---:|---:|",
        line.bytes,
        figure(line.call().unwrap_or(f64::NAN))
    );
    for runs in &line.lines {
        let median = Spread::of(&runs.nanoseconds).map_or(f64::NAN, |spread| spread.median);
        let peak = runs.peak.map_or_else(
            || "not measured".into(),
            |peak| format!("{:.2}", peak as f64 / line.bytes as f64),
        );
        let _ = writeln!(
            out,
            "| {} | {:.3} | {:.3} | {peak} |",
            runs.chunk,
            median / line.bytes as f64,
            line.per_byte_beyond(runs.chunk).unwrap_or(f64::NAN)
        );
    }
}

fn median(series: &Series) -> f64 {
    Spread::of(&series.nanoseconds).map_or(f64::NAN, |spread| spread.median)
}

/// Three digits that count.
pub(super) fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// The same for programs, with every run.
pub(crate) fn json(setting: &Setting, all: &[Measured], targets: &[Target]) -> Value {
    let languages = all.iter().map(|measured| {
        let series = measured.series.iter().map(|series| {
            json!({
                "decoder": series.decoder.name,
                "workload": series.kind.name(),
                "chunk": series.chunk,
                "bytes": series.bytes,
                "events": series.events,
                "nanoseconds": series.nanoseconds,
                "ns_per_event": series.per_event(),
                "mb_per_s": series.speed(),
            })
        });
        json!({
            "language": measured.language.name(),
            "versions": measured.versions,
            "series": series.collect::<Vec<_>>(),
            "long_line": measured.long_line.as_ref().map(|line| json!({
                "bytes": line.bytes,
                "ns_per_call": line.call(),
                "lines": line.lines.iter().map(|runs| json!({
                    "chunk": runs.chunk,
                    "nanoseconds": runs.nanoseconds,
                    "ns_per_byte_beyond_calls": line.per_byte_beyond(runs.chunk),
                    "peak_bytes": runs.peak,
                })).collect::<Vec<_>>(),
            })),
        })
    });
    json!({
        "machine": setting.machine,
        "method": setting.method,
        "languages": languages.collect::<Vec<_>>(),
        "targets": targets_json(targets),
    })
}

/// The targets for programs.
pub(super) fn targets_json(targets: &[Target]) -> Value {
    let targets = targets.iter().map(|target| {
        let (bound, wanted) = match target.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        json!({
            "language": target.language.name(),
            "target": target.what,
            "bound": bound,
            "wanted": wanted,
            "figure": target.figure,
            "reached": target.is_reached(),
        })
    });
    Value::Array(targets.collect())
}
