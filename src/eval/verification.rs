//! Error rates of face comparison, with 95 % intervals from resampling people.
//!
//! FMR: share of pairs of two people at most as far apart as the threshold. FNMR: share of pairs of
//! one person farther apart. Pairs without a distance count in neither; they are told apart.

use rayon::prelude::*;
use serde::Serialize;

use super::score_table::{ScoreTable, ScoredPair};

/// The rates at which the FNMR is told.
pub const FMRS: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// Resamples of the people for an interval, and the pairs to be gone through for all of them.
const RESAMPLES: usize = 1_000;
const RESAMPLED_PAIRS_MAX: usize = 2_000_000_000;
const RESAMPLES_MIN: usize = 200;

/// A rate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The rate.
    pub rate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The FNMR where the FMR is at most a given one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtFmr {
    /// The false-match rate asked for.
    pub fmr: f64,
    /// The largest distance at which it is kept.
    pub threshold: f64,
    /// The false non-match rate there.
    pub fnmr: Interval,
    /// Whether the set has too few impostor pairs to show such a rate (fewer than 3 at it).
    pub is_beyond_the_set: bool,
}

/// Both rates at one distance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtDistance {
    /// The distance.
    pub threshold: f64,
    /// Pairs of two people up to it.
    pub fmr: Interval,
    /// Pairs of one person beyond it.
    pub fnmr: Interval,
}

/// Sorted scores of one kind of pair and the people they are of.
struct Scores {
    /// By distance, nearest first.
    pairs: Vec<([u32; 2], f64)>,
}

impl Scores {
    fn of(pairs: impl Iterator<Item = ScoredPair>) -> Self {
        let mut pairs: Vec<_> = pairs.filter_map(|pair| Some((pair.subjects, pair.distance?))).collect();
        pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
        Self { pairs }
    }

    fn total(&self, weights: &Weights) -> f64 {
        self.pairs.iter().map(|(subjects, _)| weights.of(*subjects)).sum()
    }

    /// Weight of the pairs up to `distance`.
    fn up_to(&self, distance: f64, weights: &Weights) -> f64 {
        let near = self.pairs.partition_point(|(_, d)| *d <= distance);
        self.pairs[..near].iter().map(|(subjects, _)| weights.of(*subjects)).sum()
    }

    /// The largest distance up to which at most `share` of the weight lies.
    fn threshold(&self, share: f64, weights: &Weights) -> f64 {
        let allowed = share * self.total(weights);
        let mut seen = 0.0;
        let refused = self.pairs.iter().find(|(subjects, _)| {
            seen += weights.of(*subjects);
            seen > allowed
        });
        refused.map_or(2.0, |(_, distance)| distance.next_down())
    }
}

/// How often each person was drawn.
struct Weights(Vec<f64>);

impl Weights {
    fn of(&self, [a, b]: [u32; 2]) -> f64 {
        let weight = |subject: u32| self.0[subject as usize];
        if a == b { weight(a) } else { weight(a) * weight(b) }
    }

    /// Everybody once.
    fn even(subjects: usize) -> Self {
        Self(vec![1.0; subjects])
    }

    /// The draw of this number: as many people as there are, with replacement (SplitMix64).
    fn drawn(subjects: usize, number: usize) -> Self {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mixed = |state: u64| {
            let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            state ^ (state >> 31)
        };
        // Mixed once more, so that the sequences of two draws do not overlap.
        let mut state = mixed((number as u64 + 1).wrapping_mul(STEP));
        let mut weights = vec![0.0; subjects];
        for _ in 0..subjects {
            state = state.wrapping_add(STEP);
            weights[(mixed(state) % subjects as u64) as usize] += 1.0;
        }
        Self(weights)
    }
}

/// The scores of a table, or of a part of it, ready to be measured.
pub struct Verification {
    genuine: Scores,
    impostor: Scores,
    subjects: usize,
}

impl Verification {
    /// Of the pairs of `table` that `wanted` lets through.
    pub fn of(table: &ScoreTable, wanted: impl Fn(&ScoredPair) -> bool) -> Self {
        let of_kind = |genuine: bool| {
            Scores::of(table.pairs.iter().filter(|p| wanted(p) && p.is_genuine() == genuine).copied())
        };
        Self { genuine: of_kind(true), impostor: of_kind(false), subjects: table.subjects }
    }

    /// Compared pairs of one person, and of two.
    pub fn counts(&self) -> (usize, usize) {
        (self.genuine.pairs.len(), self.impostor.pairs.len())
    }

    /// Distances of pairs of one person, and of two, nearest first.
    pub fn distances(&self) -> [Vec<f64>; 2] {
        [&self.genuine, &self.impostor].map(|scores| scores.pairs.iter().map(|(_, d)| *d).collect())
    }

    /// The FNMR at a false-match rate.
    pub fn at_fmr(&self, fmr: f64) -> AtFmr {
        let at = |weights: &Weights| {
            let threshold = self.impostor.threshold(fmr, weights);
            (self.fnmr(threshold, weights), threshold)
        };
        let (rate, threshold) = at(&Weights::even(self.subjects));
        let fnmr = self.interval(rate, self.people(&self.genuine), |weights| at(weights).0);
        AtFmr { fmr, threshold, fnmr, is_beyond_the_set: fmr * (self.impostor.pairs.len() as f64) < 3.0 }
    }

    /// Both rates at a distance.
    pub fn at_distance(&self, threshold: f64) -> AtDistance {
        let even = Weights::even(self.subjects);
        let fmr =
            |weights: &Weights| share(self.impostor.up_to(threshold, weights), self.impostor.total(weights));
        let fnmr = |weights: &Weights| self.fnmr(threshold, weights);
        AtDistance {
            threshold,
            fmr: self.interval(fmr(&even), self.people(&self.impostor), fmr),
            fnmr: self.interval(fnmr(&even), self.people(&self.genuine), fnmr),
        }
    }

    /// The rate at which both errors are equally frequent, and the distance.
    pub fn eer(&self) -> (Interval, f64) {
        let even = Weights::even(self.subjects);
        let (rate, threshold) = self.eer_of(&even);
        (self.interval(rate, self.people(&self.genuine), |weights| self.eer_of(weights).0), threshold)
    }

    fn eer_of(&self, weights: &Weights) -> (f64, f64) {
        let (all_genuine, all_impostor) = (self.genuine.total(weights), self.impostor.total(weights));
        let mut genuine = self.genuine.pairs.iter().peekable();
        let (mut accepted, mut matched) = (0.0, 0.0);
        for (subjects, distance) in &self.impostor.pairs {
            while let Some((of, _)) = genuine.next_if(|(_, d)| d <= distance) {
                accepted += weights.of(*of);
            }
            let fnmr = 1.0 - share(accepted, all_genuine);
            matched += weights.of(*subjects);
            let fmr = share(matched, all_impostor);
            if fmr >= fnmr {
                let before = share(matched - weights.of(*subjects), all_impostor);
                return ((fnmr + before.max(fnmr.min(fmr))) / 2.0, *distance);
            }
        }
        (0.0, 2.0)
    }

    /// FMR and FNMR at up to `points_max` distances, for a curve.
    pub fn curve(&self, points_max: usize) -> Vec<[f64; 3]> {
        let [genuine, impostor] = self.distances();
        let mut distances: Vec<f64> = genuine.iter().chain(&impostor).copied().collect();
        distances.sort_by(f64::total_cmp);
        let step = distances.len().div_ceil(points_max.max(1)).max(1);
        // All of the nearest impostors: they make the part of the curve that is looked at.
        let nearest = impostor.iter().copied().take(points_max);
        let mut at: Vec<f64> = distances.iter().copied().step_by(step).chain(nearest).collect();
        at.sort_by(f64::total_cmp);
        at.dedup();
        let rate = |of: &[f64], d: f64| share(of.partition_point(|x| *x <= d) as f64, of.len() as f64);
        at.into_iter().map(|d| [d, rate(&impostor, d), 1.0 - rate(&genuine, d)]).collect()
    }

    fn fnmr(&self, threshold: f64, weights: &Weights) -> f64 {
        let all = self.genuine.total(weights);
        if all > 0.0 { 1.0 - self.genuine.up_to(threshold, weights) / all } else { 0.0 }
    }

    /// People with a pair among `scores`.
    fn people(&self, scores: &Scores) -> usize {
        let mut seen = vec![false; self.subjects];
        scores.pairs.iter().flat_map(|(subjects, _)| subjects).for_each(|s| seen[*s as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    }

    /// The middle 95 % of `rate` over resamples. Where no error was seen resampling shows none
    /// either: then the exact binomial bound for so many people stands in for the upper end.
    fn interval(&self, rate_seen: f64, people: usize, rate: impl Fn(&Weights) -> f64 + Sync) -> Interval {
        if rate_seen <= 0.0 {
            let high = if people == 0 { 1.0 } else { 1.0 - 0.025f64.powf(1.0 / people as f64) };
            return Interval { rate: 0.0, low: 0.0, high };
        }
        let mut rates = self.resampled(rate);
        rates.sort_by(f64::total_cmp);
        let at = |share: f64| rates[((rates.len() - 1) as f64 * share) as usize];
        Interval { rate: rate_seen, low: at(0.025).min(rate_seen), high: at(0.975).max(rate_seen) }
    }

    fn resampled(&self, value: impl Fn(&Weights) -> f64 + Sync) -> Vec<f64> {
        let pairs = self.genuine.pairs.len() + self.impostor.pairs.len();
        let resamples = (RESAMPLED_PAIRS_MAX / pairs.max(1)).clamp(RESAMPLES_MIN, RESAMPLES);
        let draw = |number| value(&Weights::drawn(self.subjects, number));
        (0..resamples).into_par_iter().map(draw).collect()
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

mod fit;

pub use fit::{CalibrationFit, calibration_fit};

#[cfg(test)]
mod tests {
    use super::*;

    /// `people` with two photos each: genuine pairs at `genuine(person)`, each with each other at
    /// `impostor(a, b)`.
    pub(super) fn table(
        people: u32,
        genuine: impl Fn(u32) -> f64,
        impostor: impl Fn(u32, u32) -> f64,
    ) -> ScoreTable {
        let pair = |a, b, distance| ScoredPair { subjects: [a, b], group: 0, distance: Some(distance) };
        let mut pairs: Vec<ScoredPair> = (0..people).map(|a| pair(a, a, genuine(a))).collect();
        for a in 0..people {
            pairs.extend((0..a).map(|b| pair(a, b, impostor(a, b))));
        }
        let subjects = people as usize;
        ScoreTable {
            pairs,
            groups: vec![String::new()],
            subjects,
            samples: 2 * subjects,
            ..Default::default()
        }
    }

    #[test]
    fn rates_are_those_that_were_put_in() {
        // 100 people: 4 of 100 genuine pairs far, 1 of 100 people near to everybody else.
        let table = table(100, |a| if a < 4 { 0.8 } else { 0.1 }, |a, _| if a == 99 { 0.3 } else { 0.9 });
        let of = Verification::of(&table, |_| true);
        assert_eq!(of.counts(), (100, 4950));
        let at = of.at_distance(0.5);
        assert!((at.fnmr.rate - 0.04).abs() < 1e-12 && at.fnmr.low < 0.02 && at.fnmr.high > 0.07);
        assert!((at.fmr.rate - 0.02).abs() < 1e-12 && at.fmr.low < 1e-9, "{:?}", at.fmr);
        let strict = of.at_fmr(1e-2);
        assert!(strict.threshold < 0.3 && (strict.fnmr.rate - 0.04).abs() < 1e-12);
        assert!(of.at_fmr(1e-4).is_beyond_the_set && !strict.is_beyond_the_set);
        let loose = of.at_fmr(0.02);
        assert!(loose.threshold > 0.8 && loose.fnmr.rate < 1e-12, "0.02 of the pairs may match");
        assert!(loose.fnmr.high > 0.03, "no error seen is not no error: {:?}", loose.fnmr);
        let (eer, _) = of.eer();
        assert!((0.0..=0.04).contains(&eer.rate), "{eer:?}");
    }

    #[test]
    fn the_intervals_do_not_depend_on_threads() {
        let table = table(60, |a| f64::from(a) / 70.0, |a, b| 0.4 + f64::from((a * 7 + b * 13) % 50) / 60.0);
        let of = Verification::of(&table, |_| true);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        assert_eq!(pool.install(|| of.at_fmr(1e-2)), of.at_fmr(1e-2));
    }

    #[test]
    fn nothing_compared_has_rates_of_nothing() {
        let of = Verification::of(&ScoreTable::default(), |_| true);
        assert_eq!(of.at_distance(0.4).fnmr, Interval { rate: 0.0, low: 0.0, high: 1.0 });
        assert_eq!(of.curve(100), Vec::<[f64; 3]>::new());
    }
}
