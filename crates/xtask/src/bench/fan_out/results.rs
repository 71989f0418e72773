//! What was measured: for each contestant and metric, a figure of each round.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::stats::Spread;

/// A figure that is taken in every round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metric {
    /// In JSON.
    pub(crate) key: &'static str,
    /// For people, with its unit.
    pub(crate) title: &'static str,
    /// Where it stands in what the load client prints.
    section: &'static str,
    field: &'static str,
}

const fn metric(
    key: &'static str,
    title: &'static str,
    section: &'static str,
    field: &'static str,
) -> Metric {
    Metric {
        key,
        title,
        section,
        field,
    }
}

pub(crate) const DELIVERIES: Metric = metric(
    "deliveries_per_second",
    "deliveries/s",
    "rounds",
    "per_second",
);
pub(crate) const CPU: Metric = metric(
    "cpu_seconds_per_million",
    "CPU s per million",
    "rounds",
    "cpu_per_million",
);
pub(crate) const P50: Metric = metric("p50_ms", "p50, ms", "rate", "p50_ms");
pub(crate) const P99: Metric = metric("p99_ms", "p99, ms", "rate", "p99_ms");
pub(crate) const BURST: Metric = metric(
    "burst_deliveries_per_second",
    "deliveries/s in bursts",
    "bursts",
    "per_second",
);
pub(crate) const BURST_GROWN: Metric = metric(
    "burst_grown_mib",
    "grown in bursts, MiB",
    "bursts",
    "grown_mib",
);
pub(crate) const BURST_MISSED: Metric =
    metric("burst_missed", "lost in bursts", "bursts", "missed");
/// Of a server that has two threads.
pub(crate) const CPU_OF_TWO: Metric = metric(
    "cpu_seconds_per_million_of_two_threads",
    "CPU s per million, two threads",
    "rounds",
    "cpu_per_million",
);
/// Of many idle connections.
pub(crate) const IDLE: Metric = metric(
    "idle_kib_per_connection",
    "KiB per idle connection",
    "connect",
    "kib_per_connection",
);
pub(crate) const STORM_SECONDS: Metric = metric(
    "storm_seconds",
    "until all were complete, s",
    "resume",
    "seconds",
);
pub(crate) const STORM_COMPLETE: Metric = metric(
    "storm_complete",
    "all complete and in order",
    "resume",
    "complete",
);
pub(crate) const STORM_GROWN: Metric = metric(
    "storm_grown_mib",
    "grown by at most, MiB",
    "resume",
    "grown_mib",
);
pub(crate) const STORM_SPEED: Metric = metric(
    "storm_per_second",
    "events replayed/s",
    "resume",
    "per_second",
);
pub(crate) const ALONE_P99: Metric = metric(
    "publish_p99_ms",
    "p99 of a publish alone, ms",
    "publish",
    "p99_ms",
);
pub(crate) const STALLED_P99: Metric = metric(
    "publish_stalled_p99_ms",
    "p99 beside stalled subscribers, ms",
    "publish",
    "p99_ms",
);

/// Of a delivery, by everyone.
pub(crate) const DELIVERING: &[Metric] =
    &[DELIVERIES, CPU, P50, P99, BURST, BURST_GROWN, BURST_MISSED];
/// Of a storm, by ours.
pub(crate) const STORM: &[Metric] = &[STORM_SECONDS, STORM_SPEED, STORM_COMPLETE, STORM_GROWN];

/// What all contestants have shown.
#[derive(Debug, Default)]
pub(crate) struct Results {
    figures: BTreeMap<(&'static str, &'static str), Vec<f64>>,
    /// Who could not be measured, in what, and why.
    pub(crate) failures: Vec<Failure>,
    /// What things weigh in a hub, in bytes each: name, how many, bytes.
    pub(crate) weights: Vec<(String, u64, f64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) is_ours: bool,
    pub(crate) text: String,
}

impl Results {
    /// Adds what the load client has printed. Returns the titles of figures that it lacks.
    pub(crate) fn add(
        &mut self,
        contestant: &'static str,
        metrics: &[Metric],
        printed: &Value,
    ) -> Vec<&'static str> {
        let mut lacking = Vec::new();
        for metric in metrics {
            let value = &printed[metric.section][metric.field];
            let value = value
                .as_f64()
                .or_else(|| value.as_bool().map(|yes| if yes { 1.0 } else { 0.0 }));
            match value {
                Some(value) => self
                    .figures
                    .entry((contestant, metric.key))
                    .or_default()
                    .push(value),
                None => lacking.push(metric.title),
            }
        }
        lacking
    }

    /// The figure of each round.
    pub(crate) fn of(&self, contestant: &str, metric: Metric) -> &[f64] {
        // A key that lives as long as the map's would be asked for, were it looked up.
        let mut figures = self.figures.iter();
        figures
            .find(|((of, key), _)| (*of, *key) == (contestant, metric.key))
            .map_or(&[], |(_, figures)| figures)
    }

    pub(crate) fn median(&self, contestant: &str, metric: Metric) -> Option<f64> {
        Some(Spread::of(self.of(contestant, metric))?.median)
    }

    /// The ratio of two contestants' medians, with the least and the greatest ratio of one round.
    pub(crate) fn ratio(&self, of: &str, to: &str, metric: Metric) -> Option<Spread> {
        Spread::ratio(self.of(of, metric), self.of(to, metric))
    }

    pub(crate) fn weight(&self, name: &str) -> Option<f64> {
        self.weights
            .iter()
            .find(|(of, _, _)| of == name)
            .map(|(_, _, bytes)| *bytes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::contest::{BARE, RUST};
    use super::*;

    #[test]
    fn figures_are_found_and_what_lacks_is_said() {
        let mut results = Results::default();
        for (name, speeds) in [(RUST, [190.0, 210.0, 200.0]), (BARE, [200.0, 220.0, 250.0])] {
            for speed in speeds {
                let lacking = results.add(
                    name,
                    &[DELIVERIES, CPU],
                    &json!({"rounds": {"per_second": speed}}),
                );
                assert_eq!(lacking, [CPU.title]);
            }
        }
        assert_eq!(results.median(RUST, DELIVERIES), Some(200.0));
        let ratio = results.ratio(RUST, BARE, DELIVERIES).unwrap();
        assert_eq!((ratio.median, ratio.min), (200.0 / 220.0, 0.8));
        results.add(
            RUST,
            &[STORM_COMPLETE],
            &json!({"resume": {"complete": true}}),
        );
        assert_eq!(results.median(RUST, STORM_COMPLETE), Some(1.0));
        assert_eq!(results.median(BARE, STORM_COMPLETE), None);
    }
}
