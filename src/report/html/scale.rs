//! A value between its bounds on a small scale, drawn as SVG. The numbers stand beside it as text, so
//! that the drawing is hidden from screen readers.

use maud::{Markup, PreEscaped, html};

use super::view::MeasureRow;
use crate::evidence::Measured;
use crate::policy::{Accepts, Bounds, Effect};

/// The drawing's size, SVG units and CSS pixels at once.
const WIDTH: f64 = 168.0;
const HEIGHT: f64 = 18.0;

/// The track's upper border and height.
const TRACK: (f64, f64) = (7.0, 6.0);

/// Room of the scale beyond the outermost of its bounds and the value, as a share of what they span.
const ROOM: f64 = 0.25;

/// What a scale shows: a value, where there is one, among bounds on which good values lie below,
/// above or between.
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A scale that shows zero, every bound and the value.
    pub(super) fn around(bounds: &Bounds, values: impl IntoIterator<Item = f64>) -> Self {
        let mut shown: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        for bound in [Some(bounds.fail), bounds.review].into_iter().flatten() {
            shown.push(bound.bound);
            if bound.accepts == Accepts::Within {
                shown.push(-bound.bound);
            }
        }
        shown.push(0.0);
        let (low, high) =
            shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let span = if high > low { high - low } else { 1.0 };
        // Shares and counts do not go below zero, so that there is no room to show there.
        let low = if low < 0.0 { low - ROOM * span } else { 0.0 };
        let high = if high > 0.0 { high + ROOM * span } else { ROOM * span };
        Self { low, high }
    }

    /// Where a value stands, 0 to 1; those beyond an end stand there.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The bands from low to high as start, end and what values in them amount to.
    pub(super) fn bands(&self, bounds: &Bounds) -> Vec<(f64, f64, Option<Effect>)> {
        let mut edges = vec![self.low, self.high];
        for bound in [Some(bounds.fail), bounds.review].into_iter().flatten() {
            edges.push(bound.bound);
            if bound.accepts == Accepts::Within {
                edges.push(-bound.bound);
            }
        }
        edges.retain(|edge| (self.low..=self.high).contains(edge));
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let band = |pair: &[f64]| (pair[0], pair[1], bounds.effect_of(f64::midpoint(pair[0], pair[1])));
        edges.windows(2).map(band).collect()
    }
}

/// The class of what a value amounts to.
pub(super) fn class_of(effect: Option<Effect>) -> &'static str {
    match effect {
        None => "good",
        Some(Effect::Review) => "doubt",
        Some(Effect::Fail) => "bad",
        Some(Effect::Noted) => "noted",
    }
}

/// The scale of one measure; nothing for a measure that is not gated.
pub(super) fn scale(row: &MeasureRow) -> Markup {
    let Some(bounds) = &row.bounds else { return html! {} };
    let value = match row.reading {
        Measured::Value(value) => Some(value.get()),
        Measured::FailureToAssess(_) => None,
    };
    let scale = Scale::around(bounds, value);
    let at = |value: f64| format!("{:.1}", 1.0 + scale.share(value) * (WIDTH - 2.0));
    let (top, height) = TRACK;
    html! {
        (PreEscaped(format!(
            "<svg class=\"scale\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             aria-hidden=\"true\" focusable=\"false\">"
        )))
        @for (from, to, effect) in scale.bands(bounds) {
            @let width = (scale.share(to) - scale.share(from)) * (WIDTH - 2.0);
            rect class={ "band " (class_of(effect)) } x=(at(from)) y=(top) width=(format!("{width:.1}"))
                height=(height) {}
        }
        @if let Some(value) = value {
            @let x = at(value);
            path class={ "value " (class_of(bounds.effect_of(value))) }
                d=(format!("M{x} {top}l-4 -6h8zM{x} {top}v{height}")) {}
        }
        (PreEscaped("</svg>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleKind;
    use crate::evidence::Measure;
    use crate::policy::Policy;

    #[test]
    fn bands_cover_the_scale_and_good_values_lie_in_good_ones() {
        let policy = Policy::shipped();
        for kind in SampleKind::ALL {
            for measure in Measure::of(kind) {
                let Some(bounds) = policy.bounds(kind, measure) else { continue };
                for value in [-3.0, 0.0, 0.4, 7.0, 3_652_058.0] {
                    let scale = Scale::around(&bounds, [value]);
                    let bands = scale.bands(&bounds);
                    let Scale { low, high } = scale;
                    assert_eq!((bands[0].0, bands[bands.len() - 1].1), (low, high), "{measure}");
                    assert!(low <= value && value <= high && low < high, "{measure} {value}");
                    let inside = |band: &&(f64, f64, Option<Effect>)| band.0 < value && value < band.1;
                    if let Some(band) = bands.iter().find(inside) {
                        assert_eq!(band.2, bounds.effect_of(value), "{measure} {value}");
                    }
                }
            }
        }
    }
}
