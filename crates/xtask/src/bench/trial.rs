//! The quick run as tests: everything is measured, agrees, and is shown. Nothing is said about time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::Value;

use super::contest::{Group, Language};
use super::results::Measured;
use super::runners::STREAM_CHUNKS;
use super::workloads::Workload;
use super::{Codec, Outcome, codec};
use crate::count::Tally;
use crate::sh::Shell;

/// Runs all decoders of all languages over small streams.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let out = shell.path("target/bench/trial");
    if out.exists() {
        // What an earlier run left must not be taken for this one's.
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let outcome = codec(shell, &Codec::trial(out.clone()))?;
    let mut tally = Tally::default();
    everyone_agrees(&outcome, &mut tally);
    for language in Language::value_variants() {
        is_shown(&out, *language, &mut tally)?;
    }
    Ok(tally)
}

/// Every decoder was run over every stream in every chunk size that it is to be run in, and found what the stream holds.
fn everyone_agrees(outcome: &Outcome, tally: &mut Tally) {
    for language in Language::value_variants() {
        let measured = outcome.all.iter().find(|one| one.language == *language);
        for workload in &outcome.workloads {
            for decoder in language.decoders() {
                let name = format!(
                    "{}: {}, {}",
                    language.name(),
                    decoder.name,
                    workload.kind.name()
                );
                match missing(measured, workload, decoder.name, decoder.group) {
                    Some(chunk) => tally.fail(name, format!("not measured in chunks of {chunk}")),
                    None => tally.pass(),
                }
            }
        }
    }
    for disagreement in &outcome.disagreements {
        tally.fail("the decoders disagree", &disagreement.text);
    }
}

/// A chunk size that a decoder was not measured in.
fn missing(
    measured: Option<&Measured>,
    workload: &Workload,
    decoder: &str,
    group: Group,
) -> Option<usize> {
    let chunks = workload.chunks.iter().copied();
    let mut wanted = chunks.filter(|chunk| group == Group::Calls || STREAM_CHUNKS.contains(chunk));
    wanted.find(|chunk| {
        let series = measured.and_then(|one| one.find(decoder, workload.kind, *chunk));
        series.is_none_or(|series| series.nanoseconds.is_empty())
    })
}

/// The table, the JSON and the plot have every decoder of a language.
fn is_shown(out: &Path, language: Language, tally: &mut Tally) -> Result<()> {
    let read = |name: &str| {
        let path = out.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let plot = format!("codec-{}.svg", language.name());
    let json: Value = serde_json::from_str(&read("codec.json")?).context("codec.json")?;
    let in_json: BTreeSet<&str> = json["languages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|of| of["language"] == language.name())
        .flat_map(|of| of["series"].as_array().into_iter().flatten())
        .filter_map(|series| series["decoder"].as_str())
        .collect();
    let (table, svg) = (read("codec.md")?, read(&plot)?);
    let section = table
        .split("\n## ")
        .find(|section| section.starts_with(language.title()))
        .unwrap_or_default();
    for (name, has) in [
        (
            "codec.md",
            &(|decoder: &str| section.contains(&format!("| {decoder} |"))) as &dyn Fn(&str) -> bool,
        ),
        ("codec.json", &|decoder| in_json.contains(decoder)),
        (&plot, &|decoder| {
            svg.contains(&format!(">{decoder}</text>"))
        }),
    ] {
        let lacks = language.decoders().iter().find(|one| !has(one.name));
        let test = format!("{}: {name} shows every decoder", language.name());
        match lacks {
            Some(decoder) => tally.fail(test, format!("it lacks {}", decoder.name)),
            None => tally.pass(),
        }
    }
    Ok(())
}
