//! A calibration from scored pairs: what was seen as far as it was, and beyond that an exponential
//! tail of the nearest pairs of two people.
//!
//! The tail is that of peaks over a threshold with shape 0 (Coles 2001, chapter 4): of the nearest
//! pairs, the excess over the distance of the last of them.

use super::super::score_table::ScoreTable;
use super::{Verification, Weights, share};
use crate::score::CalibrationPoint;

/// A rate that rests on fewer pairs than this was not seen (the rule of thirty, ISO/IEC 19795-1).
const SEEN_PAIRS_MIN: f64 = 30.0;

/// Share of the pairs whose excess makes the tail, and the fewest of them.
const TAIL_SHARE: f64 = 0.01;
const TAIL_PAIRS_MIN: usize = 30;

/// People below which an interval says little, pairs of one person below which an FNMR does.
const SUBJECTS_FEW: usize = 200;

/// Rates for which a distance is given.
const RATES: [f64; 6] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

/// What was fitted, and what to beware of.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationFit {
    /// Nearest first; rates whose distance would be below 0 are left out.
    pub points: Vec<CalibrationPoint>,
    /// Rates below this were not seen but extrapolated.
    pub extrapolated_below: f64,
    /// Compared pairs of two people.
    pub impostor_pairs: usize,
    /// Sentences for whoever is to rely on it.
    pub warnings: Vec<String>,
}

/// The false-match rates of a table's distances; `None` with fewer than 30 pairs of two people.
pub fn calibration_fit(table: &ScoreTable) -> Option<CalibrationFit> {
    let of = Verification::of(table, |_| true);
    let (genuine, impostor_pairs) = of.counts();
    if impostor_pairs < TAIL_PAIRS_MIN {
        return None;
    }
    let nearest = ((impostor_pairs as f64 * TAIL_SHARE) as usize).max(TAIL_PAIRS_MIN);
    let begin = of.impostor.pairs[nearest - 1].1;
    let even = Weights::even(table.subjects);
    let tail = Tail::of(&of, begin, &even)?;
    let mut points = Vec::new();
    for fmr in RATES {
        let distance =
            if fmr < tail.share { tail.distance_at(fmr) } else { of.impostor.threshold(fmr, &even) };
        if distance <= 0.0 {
            continue;
        }
        let mut rates = of.resampled(|weights| rate_at(&of, begin, distance, weights));
        rates.sort_by(f64::total_cmp);
        let at = |share: f64| rates[((rates.len() - 1) as f64 * share) as usize];
        points.push(CalibrationPoint {
            distance,
            fmr,
            low: at(0.025).min(fmr),
            high: at(0.975).clamp(fmr, 1.0),
        });
    }
    let extrapolated_below = SEEN_PAIRS_MIN / impostor_pairs as f64;
    let mut warnings = Vec::new();
    if table.subjects < SUBJECTS_FEW {
        warnings.push(format!(
            "{} people are few: whoever looks like somebody else in your population may not be among them",
            table.subjects
        ));
    }
    warnings.push(format!(
        "rates below {extrapolated_below:.1e} rest on fewer than 30 pairs and are extrapolated by an \
         exponential tail"
    ));
    if genuine < SUBJECTS_FEW {
        warnings.push(format!("{genuine} pairs of one person say little about how often they are refused"));
    }
    warnings.push(
        "pairs of two people of other sex, age or origin are easier to tell apart than those an impostor \
         would choose: fit on pairs alike in these"
            .to_owned(),
    );
    Some(CalibrationFit { points, extrapolated_below, impostor_pairs, warnings })
}

/// The exponential tail below a distance.
struct Tail {
    begin: f64,
    /// Share of the pairs up to `begin`.
    share: f64,
    mean_excess: f64,
}

impl Tail {
    fn of(of: &Verification, begin: f64, weights: &Weights) -> Option<Self> {
        let near = of.impostor.pairs.partition_point(|(_, d)| *d <= begin);
        let (mut weight, mut excess) = (0.0, 0.0);
        for (subjects, distance) in &of.impostor.pairs[..near] {
            let of_pair = weights.of(*subjects);
            weight += of_pair;
            excess += of_pair * (begin - distance);
        }
        let usable = weight > 0.0 && excess > 0.0;
        let share = share(weight, of.impostor.total(weights));
        usable.then(|| Self { begin, share, mean_excess: excess / weight })
    }

    fn distance_at(&self, fmr: f64) -> f64 {
        self.begin - self.mean_excess * (self.share / fmr).ln()
    }

    fn rate_at(&self, distance: f64) -> f64 {
        self.share * (-(self.begin - distance) / self.mean_excess).exp()
    }
}

fn rate_at(of: &Verification, begin: f64, distance: f64, weights: &Weights) -> f64 {
    if distance < begin {
        return Tail::of(of, begin, weights).map_or(0.0, |tail| tail.rate_at(distance));
    }
    share(of.impostor.up_to(distance, weights), of.impostor.total(weights))
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    /// Distances of an exponential tail: the i-th of n pairs at 0.9 + 0.045 ln(share).
    fn exponential(people: u32) -> ScoreTable {
        let pairs = f64::from(people * (people - 1) / 2);
        table(
            people,
            |_| 0.1,
            |a, b| {
                let rank = f64::from(a * (a - 1) / 2 + b) + 0.5;
                0.9 + 0.045 * (rank / pairs).ln()
            },
        )
    }

    #[test]
    fn an_exponential_tail_is_found_again_and_its_limits_said() {
        let fit = calibration_fit(&exponential(300)).expect("enough pairs");
        assert_eq!(fit.impostor_pairs, 44_850);
        for point in fit.points.iter().filter(|p| p.fmr <= 1e-2) {
            let expected = 0.9 + 0.045 * point.fmr.ln();
            assert!((point.distance - expected).abs() < 0.01, "{point:?}, {expected}");
            assert!(point.low <= point.fmr && point.fmr <= point.high);
        }
        assert!((fit.extrapolated_below - 30.0 / 44_850.0).abs() < 1e-12);
        assert!(fit.points.is_sorted_by(|a, b| a.distance < b.distance && a.fmr < b.fmr));
        assert!(fit.warnings.iter().any(|w| w.contains("extrapolated")));
    }

    #[test]
    fn too_few_pairs_make_no_fit() {
        assert_eq!(calibration_fit(&table(6, |_| 0.1, |_, _| 0.9)), None);
        let few = calibration_fit(&exponential(20)).expect("190 pairs");
        assert!(few.warnings[0].contains("20 people are few"));
    }
}
