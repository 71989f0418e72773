//! What is to be reached, each in the same run as what it is measured by.

use super::contest::{
    BATCHES, BORROWED, DECODE_BODY, DECODER_STREAM, FEED, HTTPX_SSE, Language, MEMCPY, OPENAI,
    OWNED, PARSER_STREAM, SSE_STREAM, STRING_DECODER, TEXT_DECODER,
};
use super::results::Measured;
use super::stats::Spread;
use super::workloads::Kind;

/// A target, and how it went.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) language: Language,
    pub(crate) what: String,
    pub(crate) bound: Bound,
    /// `None` where it was not measured.
    pub(crate) figure: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    pub(crate) fn is_reached(&self) -> Option<bool> {
        self.figure.map(|figure| match self.bound {
            Bound::AtLeast(bound) => figure >= bound,
            Bound::AtMost(bound) => figure <= bound,
        })
    }
}

/// The chunk of exactly one event.
const EVENT: usize = 0;

use Bound::{AtLeast, AtMost};
use Kind::{Big, Llm, Tick};
use Language::{Node, Python, Rust};

/// Speed of ours over the other's (at least), or time of ours over the other's (at most).
const RATIOS: &[(Language, &str, &str, Kind, usize, Bound)] = &[
    (Rust, BORROWED, SSE_STREAM, Llm, 65536, AtLeast(2.3)),
    (Rust, BORROWED, SSE_STREAM, Tick, 65536, AtLeast(3.5)),
    (Rust, BORROWED, SSE_STREAM, Big, 65536, AtLeast(1.0)),
    (Rust, BORROWED, MEMCPY, Llm, 65536, AtLeast(0.35)),
    (Rust, OWNED, SSE_STREAM, Llm, 65536, AtLeast(1.2)),
    (Rust, OWNED, SSE_STREAM, Tick, 65536, AtLeast(1.3)),
    (Rust, OWNED, SSE_STREAM, Big, 65536, AtLeast(1.0)),
    (Node, FEED, TEXT_DECODER, Llm, EVENT, AtMost(0.5)),
    (Node, FEED, TEXT_DECODER, Llm, 65536, AtMost(0.3)),
    (Node, FEED, STRING_DECODER, Llm, EVENT, AtMost(1.1)),
    (Node, DECODER_STREAM, PARSER_STREAM, Llm, 1400, AtLeast(2.5)),
    (Node, BATCHES, PARSER_STREAM, Llm, 1400, AtLeast(6.0)),
    (Node, DECODE_BODY, PARSER_STREAM, Llm, 1400, AtLeast(10.0)),
    (Python, FEED, HTTPX_SSE, Llm, EVENT, AtLeast(7.0)),
    (Python, FEED, HTTPX_SSE, Llm, 65536, AtLeast(7.0)),
    (Python, FEED, OPENAI, Llm, EVENT, AtLeast(13.0)),
    (Python, FEED, OPENAI, Llm, 65536, AtLeast(13.0)),
];

/// How much slower the worst chunk size of a workload may be than the best, beyond the cost of the calls.
const EVEN: f64 = 0.5;
/// How much dearer a long line may be in chunks of 64 bytes than in chunks of 64 KiB, beyond the cost of the calls.
const LONG_LINE: f64 = 1.5;
/// How much memory a long line may take, in sizes of its event.
const MEMORY: f64 = 2.0;

/// Holds what was measured against the targets of its language.
pub(crate) fn judge(measured: &Measured) -> Vec<Target> {
    let of_language = RATIOS.iter().filter(|of| of.0 == measured.language);
    let mut targets: Vec<Target> = of_language
        .map(|&(language, ours, other, kind, chunk, bound)| {
            let size = if chunk == EVENT {
                kind.event_size()
            } else {
                chunk
            };
            Target {
                language,
                what: format!(
                    "{ours}: {} of {other}, {}, {}",
                    match bound {
                        AtLeast(_) => "speed",
                        AtMost(_) => "time",
                    },
                    kind.name(),
                    if chunk == EVENT {
                        "one event a chunk".to_owned()
                    } else {
                        format!("chunks of {chunk}")
                    }
                ),
                bound,
                figure: ratio(measured, (ours, other), kind, size, bound),
            }
        })
        .collect();
    if measured.language == Rust {
        targets.extend(evenness(measured));
        targets.extend(long_line(measured));
    }
    targets
}

fn ratio(
    measured: &Measured,
    (ours, other): (&str, &str),
    kind: Kind,
    chunk: usize,
    bound: Bound,
) -> Option<f64> {
    let ours = &measured.find(ours, kind, chunk)?.nanoseconds;
    let other = &measured.find(other, kind, chunk)?.nanoseconds;
    let ratio = match bound {
        AtLeast(_) => Spread::ratio(other, ours),
        AtMost(_) => Spread::ratio(ours, other),
    };
    Some(ratio?.median)
}

/// The fastest chunk size beside the slowest, whose calls do not count, for each workload.
fn evenness(measured: &Measured) -> Vec<Target> {
    let mut targets = Vec::new();
    for decoder in [BORROWED, OWNED] {
        for kind in [Llm, Tick, Big] {
            let figure = measured.call().and_then(|call| {
                let series = measured.series.iter();
                let (with, without): (Vec<f64>, Vec<f64>) = series
                    .filter(|series| series.decoder.name == decoder && series.kind == kind)
                    .map(|series| (series.per_byte_beyond(0.0), series.per_byte_beyond(call)))
                    .unzip();
                Some(Spread::of(&with)?.min / Spread::of(&without)?.max)
            });
            targets.push(Target {
                language: Rust,
                what: format!(
                    "{decoder}: worst chunk size of the best, {}, beyond the cost of the calls",
                    kind.name()
                ),
                bound: AtLeast(EVEN),
                figure,
            });
        }
    }
    targets
}

fn long_line(measured: &Measured) -> Vec<Target> {
    let line = measured.long_line.as_ref();
    let per_byte = |chunk| line.and_then(|line| line.per_byte_beyond(chunk));
    let mut targets = vec![Target {
        language: Rust,
        what: "one long line: time per byte in chunks of 64 of that in chunks of 65536, beyond the cost of the calls".into(),
        bound: AtMost(LONG_LINE),
        figure: per_byte(64).zip(per_byte(65536)).map(|(small, large)| small.max(0.0) / large),
    }];
    for chunk in [64, 65536] {
        let peak = line.and_then(|line| {
            let runs = line.lines.iter().find(|runs| runs.chunk == chunk)?;
            Some(runs.peak? as f64 / line.bytes as f64)
        });
        targets.push(Target {
            language: Rust,
            what: format!("one long line: peak memory in sizes of the event, chunks of {chunk}"),
            bound: AtMost(MEMORY),
            figure: peak,
        });
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::{measured, series};
    use super::*;

    fn find<'a>(targets: &'a [Target], what: &str) -> &'a Target {
        let mut found = targets.iter().filter(|target| target.what.contains(what));
        found.next().unwrap_or_else(|| panic!("no target {what}"))
    }

    #[test]
    fn a_ratio_is_held_against_its_bound() {
        for (peer, reached) in [(230, Some(true)), (229, Some(false))] {
            let targets = judge(&measured(vec![
                series(BORROWED, "llm", 65536, &[100]),
                series(SSE_STREAM, "llm", 65536, &[peer]),
            ]));
            let target = find(&targets, "borrowed: speed of sse-stream, llm");
            assert_eq!(target.is_reached(), reached, "{target:?}");
            // What was not measured is neither reached nor missed.
            assert_eq!(find(&targets, "sse-stream, tick").is_reached(), None);
        }
    }

    #[test]
    fn the_worst_chunk_size_is_judged_without_its_calls() {
        // 30 calls of 10 ns in chunks of 64: 200 ns of its 500 are its own, beside 100.
        let targets = judge(&measured(vec![
            series(BORROWED, "llm", 64, &[500]),
            series(BORROWED, "llm", 65536, &[100]),
        ]));
        assert_eq!(find(&targets, "borrowed: worst").figure, Some(0.5));
    }

    #[test]
    fn the_long_line_is_judged_without_its_calls() {
        let targets = judge(&measured(vec![]));
        let figure = find(&targets, "one long line: time").figure.unwrap();
        assert!((figure - 1.25).abs() < 1e-9, "{figure}");
    }
}
