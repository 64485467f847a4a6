//! Numbers that have passed a check: a NaN or an infinity never becomes a score.
//!
//! Knows nothing of images, measures or thresholds.

mod calibration;

use std::fmt;

pub use calibration::{Calibration, CalibrationPoint};

/// A finite 64-bit number: what every measure yields.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Finite(f64);

impl Finite {
    /// `None` for NaN and the infinities.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number itself.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Cosine distance, `1 - cos`, of two unit vectors: 0 (same direction) to 2 (opposite).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct CosineDistance(f64);

impl CosineDistance {
    /// Rounding may push the distance of equal vectors a little outside its range; anything
    /// further out than that, or not finite, is `None`.
    pub fn new(value: f64) -> Option<Self> {
        const ROUNDING: f64 = 1e-4;
        let in_range = value.is_finite() && (-ROUNDING..=2.0 + ROUNDING).contains(&value);
        in_range.then(|| Self(value.clamp(0.0, 2.0)))
    }

    /// The distance, 0 to 2.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Maps a native value to an ISO/IEC 29794-5 component value, 0 to 100, rounded.
pub fn component_value(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.round().clamp(0.0, 100.0) }
}

/// The logistic curve the standard's component mappings are built from: 0.5 at `middle`.
pub fn sigmoid(x: f64, middle: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((middle - x) / width).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_no_score() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Finite::new(bad), None);
            assert_eq!(CosineDistance::new(bad), None);
        }
        assert_eq!(CosineDistance::new(2.5), None);
        assert_eq!(CosineDistance::new(-1e-7).map(CosineDistance::get), Some(0.0));
    }

    #[test]
    fn inter_eye_distance_maps_as_the_standard_does() {
        for (ied_px, expected) in [(30.0, 12.0), (60.0, 38.0), (90.0, 73.0), (120.0, 92.0)] {
            assert_eq!(component_value(100.0 * sigmoid(ied_px, 70.0, 20.0)), expected);
        }
    }
}
