//! Two plots as SVG: the error trade-off on logarithmic axes, and the distances of both kinds of
//! pair. Nothing in them refers to another file.

use std::fmt::Write as _;

/// The drawing area and the room for labels around it, in SVG units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 48.0;

/// The least rate that is drawn.
const RATE_MIN: f64 = 1e-5;

/// Bars of the histogram over distances of 0 to [`DISTANCE_MAX`].
const BARS: usize = 75;
const DISTANCE_MAX: f64 = 1.5;

/// FNMR over FMR, both logarithmic; `curve` holds distance, FMR and FNMR.
pub(super) fn det_plot(curve: &[[f64; 3]]) -> String {
    let decades = -RATE_MIN.log10();
    let place = |rate: f64| 1.0 + rate.max(RATE_MIN).log10() / decades;
    let mut out = frame();
    for decade in 0..=decades as i32 {
        let label = format!("1e-{decade}");
        grid(&mut out, 1.0 - f64::from(decade) / decades, &label, Axis::X);
        grid(&mut out, 1.0 - f64::from(decade) / decades, &label, Axis::Y);
    }
    let points: Vec<String> =
        curve.iter().map(|[_, fmr, fnmr]| format!("{:.1},{:.1}", x(place(*fmr)), y(place(*fnmr)))).collect();
    write!(
        out,
        "<polyline fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" points=\"{}\"/>",
        points.join(" ")
    )
    .expect("writing to a String");
    finished(out, "false-match rate", "false non-match rate")
}

/// Shares of the pairs of one person (blue) and of two (red) by distance; `limit` is marked.
pub(super) fn score_plot([genuine, impostor]: &[Vec<f64>; 2], limit: Option<f64>) -> String {
    let bars = |distances: &[f64]| {
        let mut shares = vec![0.0; BARS];
        for distance in distances {
            let bar = (distance / DISTANCE_MAX * BARS as f64) as usize;
            shares[bar.min(BARS - 1)] += 1.0 / distances.len() as f64;
        }
        shares
    };
    let (genuine, impostor) = (bars(genuine), bars(impostor));
    let most = genuine.iter().chain(&impostor).copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut out = frame();
    for tenth in (0..=15).step_by(3) {
        let distance = f64::from(tenth) / 10.0;
        grid(&mut out, distance / DISTANCE_MAX, &format!("{distance:.1}"), Axis::X);
    }
    for (shares, color) in [(&genuine, "#1f5fa8"), (&impostor, "#b3341f")] {
        for (bar, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (left, right) = (bar as f64 / BARS as f64, (bar + 1) as f64 / BARS as f64);
            let (top, low) = (y(share / most), y(0.0));
            write!(
                out,
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{color}\" fill-opacity=\"0.5\"/>",
                x(left),
                x(right) - x(left),
                low - top
            )
            .expect("writing to a String");
        }
    }
    if let Some(limit) = limit.filter(|limit| *limit <= DISTANCE_MAX) {
        let at = x(limit / DISTANCE_MAX);
        let (top, low) = (y(1.0), y(0.0));
        write!(out, "<path d=\"M{at:.1} {top:.1}V{low:.1}\" stroke=\"#333\" stroke-dasharray=\"4\"/>")
            .expect("writing to a String");
    }
    finished(out, "distance; blue: one person, red: two people, dashed: the policy's limit", "share of pairs")
}

enum Axis {
    X,
    Y,
}

fn x(share: f64) -> f64 {
    MARGIN + share * (WIDTH - 2.0 * MARGIN)
}

fn y(share: f64) -> f64 {
    HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
}

fn frame() -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui\" \
         font-size=\"11\" role=\"img\">"
    )
}

fn grid(out: &mut String, share: f64, label: &str, axis: Axis) {
    let line = match axis {
        Axis::X => format!(
            "<path d=\"M{0:.1} {1:.1}V{2:.1}\" stroke=\"#ddd\"/><text x=\"{0:.1}\" y=\"{3:.1}\" \
             text-anchor=\"middle\">{label}</text>",
            x(share),
            y(0.0),
            y(1.0),
            y(0.0) + 14.0
        ),
        Axis::Y => format!(
            "<path d=\"M{0:.1} {2:.1}H{1:.1}\" stroke=\"#ddd\"/><text x=\"{3:.1}\" y=\"{2:.1}\" \
             text-anchor=\"end\">{label}</text>",
            x(0.0),
            x(1.0),
            y(share),
            x(0.0) - 4.0
        ),
    };
    out.push_str(&line);
}

fn finished(mut out: String, below: &str, beside: &str) -> String {
    write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{below}</text>\
         <text transform=\"rotate(-90)\" x=\"{:.1}\" y=\"12\" text-anchor=\"middle\">{beside}</text></svg>",
        WIDTH / 2.0,
        HEIGHT - 12.0,
        -HEIGHT / 2.0
    )
    .expect("writing to a String");
    out
}
