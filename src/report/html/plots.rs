//! Plots as SVG: histograms with bounds, stacked bars, lines over time. Nothing in them refers to
//! another file; the numbers that matter stand beside them as text.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::batch::Decisions;
use super::measures::number;

/// Bars of a histogram.
const BINS: usize = 32;

/// A vertical line in a histogram.
pub(super) struct Mark {
    /// Where.
    pub at: f64,
    /// `bad` for a bound beyond which a value fails, `doubt` for one of the review band.
    pub class: &'static str,
}

/// Shares of values in equal bins from the smallest shown to the largest, 0 to 1 of the fullest bin.
struct Bins {
    low: f64,
    high: f64,
    counts: Vec<usize>,
}

impl Bins {
    /// Bins that hold the middle 99 % of the values and every mark; the rest counts in the bin at its
    /// end, so that one odd value does not squeeze all others into one bar.
    fn of(values: &[f64], marks: &[Mark]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let shown = [super::batch::quantile(&sorted, 0.005)?, super::batch::quantile(&sorted, 0.995)?];
        let all = shown.into_iter().chain(marks.iter().map(|mark| mark.at));
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let room = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.5 };
        let low = if low >= 0.0 && low - room < 0.0 { 0.0 } else { low - room };
        let high = high + room;
        let mut counts = vec![0; BINS];
        for value in &sorted {
            let bin = ((value - low) / (high - low) * BINS as f64).max(0.0) as usize;
            counts[bin.min(BINS - 1)] += 1;
        }
        Some(Self { low, high, counts })
    }
}

/// A histogram `width` x `height` with its bounds and the ends of its axis; nothing without values.
pub(super) fn histogram(values: &[f64], marks: &[Mark], width: f64, height: f64) -> Markup {
    let Some(bins) = Bins::of(values, marks) else { return html! {} };
    let most = bins.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let base = height - 15.0;
    let x = |value: f64| (value - bins.low) / (bins.high - bins.low) * width;
    let bar_width = width / BINS as f64;
    let mut bars = String::new();
    for (i, count) in bins.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // A single value among thousands still shows.
        let tall = (*count as f64 / most * (base - 4.0)).max(1.5);
        write!(bars, "M{:.1} {base}v-{tall:.1}h{:.1}v{tall:.1}z", i as f64 * bar_width, bar_width - 0.6)
            .expect("writing to a String");
    }
    html! {
        (svg("plot", width, height))
        path class="bars" d=(bars) {}
        path class="axis" d=(format!("M0 {base}h{width}")) {}
        @for mark in marks {
            path class={ "bound " (mark.class) } d=(format!("M{:.1} 2V{base}", x(mark.at))) {}
        }
        text class="tick" x="0" y=(height - 3.0) { (number(bins.low)) }
        text class="tick" x=(width) y=(height - 3.0) text-anchor="end" { (number(bins.high)) }
        @for mark in marks.iter().take(1) {
            @let at = x(mark.at);
            @if at > width * 0.2 && at < width * 0.8 {
                text class="tick" x=(format!("{at:.1}")) y=(height - 3.0) text-anchor="middle" { (number(mark.at)) }
            }
        }
        (PreEscaped("</svg>"))
    }
}

/// Passed, for review and failed side by side as shares of `whole`.
pub(super) fn decision_bar(decisions: &Decisions, whole: usize, width: f64, height: f64) -> Markup {
    let share = |count: usize| count as f64 / whole.max(1) as f64 * width;
    let mut left = 0.0;
    let parts = [(decisions.pass, "good"), (decisions.review, "doubt"), (decisions.fail, "bad")];
    html! {
        (PreEscaped(format!(
            "<svg class=\"decisions\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">"
        )))
        @for (count, class) in parts {
            @if count > 0 {
                rect class={ "part " (class) } x=(format!("{left:.1}")) width=(format!("{:.1}", share(count)))
                    height=(height) {}
            }
            @let () = left += share(count);
        }
        (PreEscaped("</svg>"))
    }
}

/// Counts over time as bars: each of `counts` covers the same span.
pub(super) fn over_time(counts: &[usize], width: f64, height: f64) -> Markup {
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let bar = width / counts.len().max(1) as f64;
    let mut bars = String::new();
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let tall = (*count as f64 / most * (height - 4.0)).max(1.5);
        write!(bars, "M{:.1} {height}v-{tall:.1}h{:.1}v{tall:.1}z", i as f64 * bar, (bar - 0.6).max(0.4))
            .expect("writing to a String");
    }
    html! {
        (svg("plot", width, height))
        path class="bars" d=(bars) {}
        path class="axis" d=(format!("M0 {height}h{width}")) {}
        (PreEscaped("</svg>"))
    }
}

/// The opening tag of a drawing that says nothing which the text beside it does not.
fn svg(class: &str, width: f64, height: f64) -> Markup {
    PreEscaped(format!(
        "<svg class=\"{class}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         aria-hidden=\"true\" focusable=\"false\">"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bin_and_every_mark_in_sight() {
        let marks = [Mark { at: 24.0, class: "bad" }];
        for values in [vec![0.0], vec![1.0, 1.0, 1.0], vec![-1e9, 0.0, 5.0, 1e9], vec![f64::NAN, 3.0]] {
            let finite = values.iter().filter(|value| value.is_finite()).count();
            let bins = Bins::of(&values, &marks).expect("there is a value");
            assert_eq!(bins.counts.iter().sum::<usize>(), finite, "{values:?}");
            assert!(bins.low < 24.0 && 24.0 < bins.high, "{values:?}");
        }
        assert!(Bins::of(&[], &marks).is_none() && Bins::of(&[f64::NAN], &marks).is_none());
    }
}
