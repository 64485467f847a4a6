//! What a distance between two faces stands for: the rate at which faces of two people lie as near.
//!
//! A calibration belongs to one model and to one way of making templates. It knows neither.

use serde::{Deserialize, Serialize};

/// The least points that make a curve.
const POINTS_MIN: usize = 2;

/// A distance and the false-match rate of all distances up to it, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationPoint {
    /// Cosine distance, 0 to 2.
    pub distance: f64,
    /// The false-match rate, above 0 and at most 1.
    pub fmr: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end of its interval.
    pub high: f64,
}

/// From distance to false-match rate, and what that was learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "RawCalibration")]
pub struct Calibration {
    /// The rule by which the compared templates are made; averaging changes distances.
    pub template: String,
    /// The set it was fitted on, in words.
    pub set: String,
    /// People in that set.
    pub subjects: usize,
    /// Pairs of two people in that set.
    pub impostor_pairs: usize,
    /// Rates below this were not seen but extrapolated.
    pub extrapolated_below: f64,
    points: Vec<CalibrationPoint>,
}

/// A calibration as it is written, before its curve was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalibration {
    template: String,
    set: String,
    subjects: usize,
    impostor_pairs: usize,
    extrapolated_below: f64,
    points: Vec<CalibrationPoint>,
}

impl TryFrom<RawCalibration> for Calibration {
    type Error = &'static str;

    fn try_from(raw: RawCalibration) -> Result<Self, Self::Error> {
        let RawCalibration { template, set, subjects, impostor_pairs, extrapolated_below, points } = raw;
        let sound = |p: &CalibrationPoint| {
            (0.0..=2.0).contains(&p.distance)
                && p.fmr > 0.0
                && (0.0..=p.fmr).contains(&p.low)
                && (p.fmr..=1.0).contains(&p.high)
        };
        if points.len() < POINTS_MIN || !points.iter().all(sound) {
            return Err("calibration: points are two and more, each a distance of 0 to 2, an fmr above 0, \
                        and low <= fmr <= high <= 1");
        }
        if !points.is_sorted_by(|a, b| a.distance < b.distance && a.fmr < b.fmr) {
            return Err("calibration: from point to point, distance and fmr both rise");
        }
        if !(0.0..=1.0).contains(&extrapolated_below) {
            return Err("calibration: extrapolated_below is a rate, 0 to 1");
        }
        Ok(Self { template, set, subjects, impostor_pairs, extrapolated_below, points })
    }
}

impl Calibration {
    /// The points, nearest distance first.
    pub fn points(&self) -> &[CalibrationPoint] {
        &self.points
    }

    /// The largest distance whose false-match rate is at most `fmr`; `None` for a rate that the
    /// curve does not reach.
    pub fn distance_at(&self, fmr: f64) -> Option<f64> {
        self.between(
            |p| p.fmr,
            fmr,
            |a, b| {
                let share = (fmr.ln() - a.fmr.ln()) / (b.fmr.ln() - a.fmr.ln());
                a.distance + share * (b.distance - a.distance)
            },
        )
    }

    /// The false-match rate at a distance, between points along straight lines of its logarithm;
    /// `None` outside the curve.
    pub fn fmr_at(&self, distance: f64) -> Option<f64> {
        self.between(
            |p| p.distance,
            distance,
            |a, b| {
                let share = (distance - a.distance) / (b.distance - a.distance);
                (a.fmr.ln() + share * (b.fmr.ln() - a.fmr.ln())).exp()
            },
        )
    }

    fn between(
        &self,
        key: impl Fn(&CalibrationPoint) -> f64,
        at: f64,
        value: impl Fn(&CalibrationPoint, &CalibrationPoint) -> f64,
    ) -> Option<f64> {
        let pair = self.points.windows(2).find(|pair| (key(&pair[0])..=key(&pair[1])).contains(&at))?;
        Some(value(&pair[0], &pair[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(points: &str) -> Result<Calibration, toml::de::Error> {
        let head =
            "template = 't'\nset = 's'\nsubjects = 40\nimpostor_pairs = 780\nextrapolated_below = 0.001\n";
        toml::from_str(&format!("{head}points = [{points}]"))
    }

    #[test]
    fn rates_lie_on_straight_lines_of_their_logarithm() {
        let point = |d: f64, f: f64| {
            format!("{{ distance = {d}, fmr = {f}, low = {}, high = {} }}", f / 2.0, f * 2.0)
        };
        let curve =
            read(&[point(0.2, 1e-5), point(0.3, 1e-4), point(0.5, 1e-2)].join(", ")).expect("a curve");
        for (distance, fmr) in [(0.2, 1e-5), (0.25, 3.162_277_66e-5), (0.3, 1e-4), (0.4, 1e-3), (0.5, 1e-2)] {
            assert!((curve.distance_at(fmr).expect("on the curve") - distance).abs() < 1e-9, "{fmr}");
            assert!((curve.fmr_at(distance).expect("on the curve") / fmr - 1.0).abs() < 1e-8, "{distance}");
        }
        for outside in [1e-6, 0.1, f64::NAN] {
            assert_eq!(curve.distance_at(outside), None);
        }
        assert_eq!((curve.fmr_at(0.19), curve.fmr_at(0.51)), (None, None));
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let good = "{ distance = 0.2, fmr = 1e-4, low = 0.0, high = 1e-3 }";
        for (second, says) in [
            ("", "two and more"),
            (", { distance = 0.3, fmr = 1e-5, low = 0.0, high = 1e-3 }", "both rise"),
            (", { distance = 0.1, fmr = 1e-3, low = 0.0, high = 1e-3 }", "both rise"),
            (", { distance = 0.3, fmr = 1e-3, low = 2e-3, high = 1e-2 }", "low <= fmr"),
            (", { distance = 0.3, fmr = nan, low = 0.0, high = 1e-2 }", "above 0"),
            (", { distance = 3.0, fmr = 1e-3, low = 0.0, high = 1e-2 }", "0 to 2"),
        ] {
            let error = read(&format!("{good}{second}")).expect_err(second).to_string();
            assert!(error.contains(says), "{second}: {error}");
        }
    }
}
