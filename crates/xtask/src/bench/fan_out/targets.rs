//! What is to be reached, each in the same run as what it is measured by.

use super::super::contest::Language;
use super::super::targets::Bound::{AtLeast, AtMost};
use super::super::targets::{Bound, Target};
use super::contest::{AXUM, BARE, BETTER_SSE, NCHAN, RUST, SSE_STARLETTE, ours};
use super::results::{
    ALONE_P99, BURST, BURST_GROWN, CPU, CPU_OF_TWO, DELIVERIES, IDLE, Metric, P99, Results,
    STALLED_P99, STORM_COMPLETE, STORM_GROWN,
};

/// Ours in Rust beside another, a ratio.
const RATIOS: &[(&str, Metric, Bound)] = &[
    (BARE, DELIVERIES, AtLeast(0.95)),
    (AXUM, DELIVERIES, AtLeast(1.6)),
    (NCHAN, DELIVERIES, AtLeast(1.4)),
    (BETTER_SSE, DELIVERIES, AtLeast(2.5)),
    (SSE_STARLETTE, DELIVERIES, AtLeast(7.0)),
    (BARE, P99, AtMost(1.1)),
];
/// A hub in another process than a Rust one, of ours in Rust.
const ELSEWHERE: Bound = AtLeast(0.95);
/// The bytes of frames that a log holds by default, in MiB.
const LOG: f64 = 64.0;
/// Bytes of an idle connection, and so of a subscription without one, and bytes of a topic.
pub(crate) const SUBSCRIPTION: f64 = 768.0;
pub(crate) const TOPIC: f64 = 256.0;

/// Holds what was measured against the targets.
pub(crate) fn judge(results: &Results) -> Vec<Target> {
    let mut targets = Vec::new();
    for (other, metric, bound) in RATIOS {
        targets.push(Target {
            language: Language::Rust,
            what: format!("{}: of {other}", metric.title),
            bound: *bound,
            figure: results
                .ratio(RUST, other, *metric)
                .map(|ratio| ratio.median),
        });
    }
    for language in [Language::Python, Language::Node] {
        targets.push(Target {
            language,
            what: format!("{}: of {RUST}", DELIVERIES.title),
            bound: ELSEWHERE,
            figure: results
                .ratio(ours(language), RUST, DELIVERIES)
                .map(|ratio| ratio.median),
        });
    }
    for language in [Language::Rust, Language::Python, Language::Node] {
        for (metric, bound) in [
            (IDLE, AtMost(0.75)),
            (BURST, AtLeast(10e6)),
            (BURST_GROWN, AtMost(LOG)),
        ] {
            targets.push(Target {
                language,
                what: metric.title.to_owned(),
                bound,
                figure: results.median(ours(language), metric),
            });
        }
    }
    targets.extend(alone(results));
    targets
}

/// What only ours is asked, in Rust.
fn alone(results: &Results) -> Vec<Target> {
    let of_medians = || Some(results.median(RUST, STALLED_P99)? / results.median(RUST, ALONE_P99)?);
    let of_two = || Some(2.0 * results.median(RUST, CPU)? / results.median(RUST, CPU_OF_TWO)?);
    [
        (
            "two threads: speed of one, by CPU per million",
            AtLeast(1.7),
            of_two(),
        ),
        (
            "p99 of a publish beside stalled subscribers: of that without",
            AtMost(1.5),
            of_medians(),
        ),
        (
            "reconnect storm: all complete and in order, in every round",
            AtLeast(1.0),
            least(results, STORM_COMPLETE),
        ),
        (
            "reconnect storm: memory grown, MiB",
            AtMost(LOG),
            results.median(RUST, STORM_GROWN),
        ),
        (
            "bytes of a subscription in the process",
            AtMost(SUBSCRIPTION),
            results.weight("subscriptions"),
        ),
        (
            "bytes of an idle topic",
            AtMost(TOPIC),
            results.weight("topics"),
        ),
    ]
    .map(|(what, bound, figure)| Target {
        language: Language::Rust,
        what: what.to_owned(),
        bound,
        figure,
    })
    .to_vec()
}

fn least(results: &Results, metric: Metric) -> Option<f64> {
    results.of(RUST, metric).iter().copied().reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ours_is_held_against_the_others_of_the_same_run() {
        for (speed, reached) in [(95.0, true), (94.0, false)] {
            let mut results = Results::default();
            results.add(
                RUST,
                &[DELIVERIES],
                &json!({"rounds": {"per_second": speed}}),
            );
            results.add(
                BARE,
                &[DELIVERIES],
                &json!({"rounds": {"per_second": 100.0}}),
            );
            let targets = judge(&results);
            let find = |what: &str| targets.iter().find(|target| target.what == what).unwrap();
            assert_eq!(
                find("deliveries/s: of bare loop of send").is_reached(),
                Some(reached)
            );
            assert_eq!(find("deliveries/s: of better-sse").is_reached(), None);
        }
    }

    #[test]
    fn one_storm_that_was_not_complete_misses_the_target() {
        let mut results = Results::default();
        for complete in [true, false, true] {
            results.add(
                RUST,
                &[STORM_COMPLETE],
                &json!({"resume": {"complete": complete}}),
            );
        }
        let targets = judge(&results);
        let storm = targets
            .iter()
            .find(|target| target.what.contains("complete"))
            .unwrap();
        assert_eq!(storm.is_reached(), Some(false));
    }
}
