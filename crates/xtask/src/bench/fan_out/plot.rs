//! A panel of bars for each figure, as an SVG: a bar for each server, with its figure at its end.

use std::fmt::Write as _;

use super::super::contest::Role;
use super::super::plot::{DARK, LIGHT, OTHERS, OURS};
use super::super::report::figure;
use super::contest::Contestant;
use super::results::{CPU, DELIVERIES, IDLE, Metric, P99, Results};

const WIDTH: f64 = 870.0;
/// Where names end and bars begin.
const LEFT: f64 = 170.0;
/// Where the longest bar ends, and its figure begins.
const RIGHT: f64 = 780.0;
const TOP: f64 = 40.0;
const BAR: f64 = 17.0;
const STEP: f64 = 23.0;
const GAP: f64 = 52.0;

const PANELS: &[(Metric, &str)] = &[
    (DELIVERIES, "Deliveries per second (more is better)"),
    (
        CPU,
        "CPU seconds of the server per million deliveries (less is better)",
    ),
    (
        P99,
        "Latency at 20 events per second, p99 in ms (less is better)",
    ),
    (
        IDLE,
        "Memory of the server per idle connection, KiB (less is better)",
    ),
];

/// The plot of those that were measured.
pub(super) fn svg(contestants: &[Contestant], results: &Results) -> String {
    let mut body = String::new();
    let mut top = TOP + 24.0;
    for (metric, title) in PANELS {
        let bars: Vec<(&Contestant, f64)> = contestants
            .iter()
            .filter_map(|one| Some((one, results.median(one.name, *metric)?)))
            .collect();
        if bars.is_empty() {
            continue;
        }
        panel(&mut body, title, &bars, top);
        top += bars.len() as f64 * STEP + GAP;
    }
    let title = "Fan-out to 1000 subscribers, one processor for the server";
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\" role=\"img\" \
         aria-label=\"{title}\">\n{}<rect class=\"ground\" width=\"{WIDTH}\" height=\"{top}\"/>\n\
         <text class=\"title\" x=\"12\" y=\"24\">{title}</text>\n{body}</svg>\n",
        style()
    )
}

fn panel(out: &mut String, title: &str, bars: &[(&Contestant, f64)], top: f64) {
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"12\" y=\"{:.1}\">{title}</text>",
        top - 9.0
    );
    let greatest = bars
        .iter()
        .map(|(_, value)| *value)
        .fold(f64::MIN_POSITIVE, f64::max);
    for (at, (one, value)) in bars.iter().enumerate() {
        let y = top + at as f64 * STEP;
        let length = (value.max(0.0) / greatest * (RIGHT - LEFT)).max(1.0);
        let class = match one.role {
            Role::Ours => "ours",
            Role::Peer => "peer",
            Role::Floor => "floor",
        };
        let middle = y + BAR / 2.0 + 4.0;
        let _ = writeln!(
            out,
            "<text class=\"end\" x=\"{:.1}\" y=\"{middle:.1}\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{middle:.1}\">{}</text>",
            LEFT - 8.0,
            one.name,
            LEFT + length + 6.0,
            figure(*value)
        );
    }
}

fn style() -> String {
    let bars = |ours: &str, peer: &str, floor: &str| {
        format!(".ours{{fill:{ours}}}.peer{{fill:{peer}}}.floor{{fill:{floor}}}")
    };
    let grey = OTHERS[OTHERS.len() - 1];
    let light = bars(OURS[0].0, OTHERS[0].0, grey.0);
    let dark = bars(OURS[0].1, OTHERS[0].1, grey.1);
    format!("<style>{LIGHT}{light}@media (prefers-color-scheme:dark){{{DARK}{dark}}}</style>\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::contest::{ALL, RUST};
    use super::*;

    #[test]
    fn everyone_that_was_measured_has_a_bar() {
        let mut results = Results::default();
        results.add(
            RUST,
            &[DELIVERIES],
            &json!({"rounds": {"per_second": 250_000.0}}),
        );
        results.add(
            ALL[3].name,
            &[DELIVERIES, CPU],
            &json!({"rounds": {"per_second": 0.0, "cpu_per_million": 3.0}}),
        );
        let svg = svg(ALL, &results);
        assert_eq!(svg.matches("class=\"ours\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("class=\"floor\"").count(), 2, "{svg}");
        assert!(svg.contains(">250000</text>"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
