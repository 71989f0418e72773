//! Speed by chunk size as an SVG: a panel for each workload, both axes logarithmic, each line with its name at its end.
//!
//! The colours of a page in the dark are chosen by the reader's setting; the fonts are whatever the reader has.

use std::fmt::Write as _;

use super::contest::{Decoder, Role};
use super::results::{Measured, Series};
use super::workloads::Kind;

const WIDTH: f64 = 870.0;
const LEFT: f64 = 56.0;
/// Where the lines end and their names begin.
const RIGHT: f64 = 540.0;
const TOP: f64 = 40.0;
const PANEL: f64 = 230.0;
const GAP: f64 = 58.0;
/// The least distance between two names.
const NAME_HEIGHT: f64 = 14.0;

/// Each line's colour, on light and on dark ground. Ours are the first ones of a kind, and drawn thicker.
pub(super) const OURS: &[(&str, &str)] = &[
    ("#0550ae", "#79c0ff"),
    ("#0a7f75", "#56d4c4"),
    ("#6639ba", "#d2a8ff"),
    ("#1f6feb", "#a5d6ff"),
];
pub(super) const OTHERS: &[(&str, &str)] = &[
    ("#bc4c00", "#ffa657"),
    ("#9a6700", "#e3b341"),
    ("#a40e26", "#ff9492"),
    ("#7d4e57", "#d8a7b1"),
    ("#57606a", "#8b949e"),
];

/// How every plot looks, on light ground and, where it differs, on dark.
pub(super) const LIGHT: &str = ".ground{fill:#ffffff}text{fill:#1f2328;font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
     .title{font-size:15px;font-weight:600}.name{font-weight:600}.tick{font-size:11px;fill:#59636e}\
     .end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#d8dee4;stroke-width:.7}\
     .axis{stroke:#818b98;fill:none}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}\
     .lead{stroke:#afb8c1;stroke-width:.7}.label{font-weight:500}";
pub(super) const DARK: &str = ".ground{fill:#0d1117}text{fill:#f0f6fc}.tick{fill:#9198a1}.grid{stroke:#2a313c}\
     .axis{stroke:#656c76}.lead{stroke:#3d444d}";

/// A logarithmic axis: values to pixels.
#[derive(Debug, Clone, Copy)]
struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn at(self, value: f64) -> f64 {
        let part = (value / self.from).ln() / (self.to / self.from).ln();
        self.start + part * (self.end - self.start)
    }

    /// The powers of ten on the axis; where it is short, two and five times these too.
    fn ticks(self) -> Vec<f64> {
        let steps: &[f64] = if self.to / self.from < 300.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let (first, last) = (self.from.log10().floor(), self.to.log10().floor());
        (first as i32..=last as i32)
            .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
            .filter(|value| (self.from..=self.to).contains(value))
            .collect()
    }
}

/// The plot of one language.
pub(crate) fn svg(measured: &Measured) -> String {
    let kinds: Vec<Kind> = [Kind::Llm, Kind::Tick, Kind::Big]
        .into_iter()
        .filter(|kind| measured.series.iter().any(|series| series.kind == *kind))
        .collect();
    let height = TOP + kinds.len() as f64 * (PANEL + GAP);
    let title = format!("{}: MB/s by chunk size", measured.language.title());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n"
    );
    out.push_str(&style(measured.language.decoders()));
    let _ = writeln!(
        out,
        "<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>"
    );
    let _ = writeln!(
        out,
        "<text class=\"title\" x=\"12\" y=\"24\">{title}</text>"
    );
    for (at, kind) in kinds.into_iter().enumerate() {
        let top = TOP + at as f64 * (PANEL + GAP) + 24.0;
        panel(&mut out, measured, kind, top);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, measured: &Measured, kind: Kind, top: f64) {
    let series: Vec<&Series> = measured
        .series
        .iter()
        .filter(|series| series.kind == kind)
        .collect();
    let speeds = || series.iter().map(|series| series.speed());
    let chunks = || series.iter().map(|series| series.chunk as f64);
    let x = Scale {
        from: chunks().fold(f64::INFINITY, f64::min) / 1.3,
        to: chunks().fold(0.0, f64::max) * 1.3,
        start: LEFT,
        end: RIGHT,
    };
    let y = Scale {
        from: speeds().fold(f64::INFINITY, f64::min) / 1.4,
        to: speeds().fold(0.0, f64::max) * 1.4,
        start: top + PANEL,
        end: top,
    };
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{LEFT}\" y=\"{:.1}\">{}, {} bytes an event</text>",
        top - 7.0,
        kind.name(),
        kind.event_size()
    );
    axes(out, x, y, kind, chunks().collect(), top);

    let mut names = Vec::new();
    for (at, decoder) in measured.language.decoders().iter().enumerate() {
        let mut points: Vec<(f64, f64)> = series
            .iter()
            .filter(|series| series.decoder == *decoder)
            .map(|series| (x.at(series.chunk as f64), y.at(series.speed())))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some(&last) = points.last() else { continue };
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            out,
            "<polyline class=\"line line-{at}\" points=\"{}\"/>",
            path.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                out,
                "<circle class=\"dot-{at}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
            );
        }
        names.push((at, decoder.name, last));
    }
    names.sort_by(|a, b| a.2.1.total_cmp(&b.2.1));
    let wanted: Vec<f64> = names.iter().map(|(_, _, (_, y))| *y).collect();
    let places = apart(&wanted, NAME_HEIGHT, top, top + PANEL);
    for ((at, name, (x, y)), place) in names.into_iter().zip(places) {
        let from = RIGHT + 16.0;
        let _ = writeln!(
            out,
            "<path class=\"lead dot-lead\" d=\"M{:.1} {y:.1} L{:.1} {place:.1}\"/>",
            x + 4.0,
            from - 3.0
        );
        let _ = writeln!(
            out,
            "<text class=\"label dot-{at}\" x=\"{from}\" y=\"{:.1}\">{name}</text>",
            place + 4.0
        );
    }
}

/// Grid, ticks and their texts.
fn axes(out: &mut String, x: Scale, y: Scale, kind: Kind, mut chunks: Vec<f64>, top: f64) {
    let bottom = top + PANEL;
    for value in y.ticks() {
        let at = y.at(value);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1} H{RIGHT}\"/>\
             <text class=\"tick end\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    chunks.sort_by(f64::total_cmp);
    chunks.dedup();
    for chunk in chunks {
        let at = x.at(chunk);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{at:.1} {top} V{bottom}\"/>\
             <text class=\"tick middle\" x=\"{at:.1}\" y=\"{:.1}\">{chunk}</text>",
            bottom + 14.0
        );
        if chunk as usize == kind.event_size() {
            let _ = writeln!(
                out,
                "<text class=\"tick middle\" x=\"{at:.1}\" y=\"{:.1}\">1 event</text>",
                bottom + 27.0
            );
        }
    }
    let _ = writeln!(
        out,
        "<path class=\"axis\" d=\"M{LEFT} {top} V{bottom} H{RIGHT}\"/>"
    );
}

/// Places as near as possible to where they are wanted (in order), but so far apart, and within bounds where they fit.
fn apart(wanted: &[f64], distance: f64, from: f64, to: f64) -> Vec<f64> {
    let mut places = wanted.to_vec();
    for at in 1..places.len() {
        places[at] = places[at].max(places[at - 1] + distance);
    }
    let mut limit = to;
    for place in places.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - distance;
    }
    let over = from - places.first().copied().unwrap_or(from);
    if over > 0.0 {
        for place in &mut places {
            *place += over;
        }
    }
    places
}

fn style(decoders: &[Decoder]) -> String {
    let mut light = String::from(LIGHT);
    let mut dark = String::from(DARK);
    let (mut ours, mut others) = (OURS.iter().cycle(), OTHERS.iter().cycle());
    for (at, decoder) in decoders.iter().enumerate() {
        let colours = match decoder.role {
            Role::Ours => ours.next(),
            Role::Peer | Role::Floor => others.next(),
        };
        let (on_light, on_dark) = colours.copied().unwrap_or_default();
        for (out, colour) in [(&mut light, on_light), (&mut dark, on_dark)] {
            let _ = write!(
                out,
                ".line-{at}{{stroke:{colour}}}.dot-{at}{{fill:{colour}}}"
            );
        }
        match decoder.role {
            Role::Ours => {
                let _ = write!(light, ".line-{at}{{stroke-width:2.5}}");
            }
            Role::Peer => {}
            Role::Floor => {
                let _ = write!(light, ".line-{at}{{stroke-dasharray:4 3}}");
            }
        }
    }
    format!("<style>{light}@media (prefers-color-scheme:dark){{{dark}}}</style>\n")
}

#[cfg(test)]
mod tests {
    use super::super::contest::{BORROWED, SSE_STREAM};
    use super::super::results::tests::{measured, series};
    use super::*;

    #[test]
    fn a_logarithmic_axis_gives_each_factor_the_same_length() {
        let scale = Scale {
            from: 10.0,
            to: 1000.0,
            start: 100.0,
            end: 0.0,
        };
        assert_eq!(scale.at(10.0), 100.0);
        assert!((scale.at(100.0) - 50.0).abs() < 1e-9);
        assert!(scale.at(1000.0).abs() < 1e-9);
        assert_eq!(
            scale.ticks(),
            [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
        );
        let wide = Scale {
            from: 9.0,
            to: 9000.0,
            ..scale
        };
        assert_eq!(wide.ticks(), [10.0, 100.0, 1000.0]);
    }

    #[test]
    fn names_do_not_overlap_and_stay_within_the_panel() {
        assert_eq!(
            apart(&[10.0, 50.0], 14.0, 0.0, 100.0),
            [10.0, 50.0],
            "nothing to do"
        );
        assert_eq!(apart(&[10.0, 11.0], 14.0, 0.0, 100.0), [10.0, 24.0]);
        assert_eq!(apart(&[98.0, 99.0], 14.0, 0.0, 100.0), [86.0, 100.0]);
        assert_eq!(
            apart(&[5.0, 5.0, 5.0], 14.0, 0.0, 20.0),
            [0.0, 14.0, 28.0],
            "apart comes before the bounds"
        );
    }

    #[test]
    fn every_decoder_that_was_measured_has_its_line_and_its_name() {
        let svg = svg(&measured(vec![
            series(BORROWED, "llm", 64, &[400]),
            series(BORROWED, "llm", 65536, &[100]),
            series(SSE_STREAM, "llm", 65536, &[300]),
        ]));
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
        assert!(svg.contains(">sse-stream</text>"), "{svg}");
        assert!(!svg.contains(">memcpy</text>"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
