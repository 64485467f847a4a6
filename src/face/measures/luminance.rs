//! Luminance of the skin: mean, variance, dynamic range (ISO/IEC 29794-5).
//!
//! All three follow the tone of the skin: a dark face in good light has less of each. They are
//! reported and never gated.

use std::f64::consts::PI;

use super::linear_light::linear_8;
use crate::face::aligned::AlignedFace;
use crate::score::sigmoid;

/// Mean and variance of the skin's linear light, 0 to 1.
pub fn luminance_mean_and_variance(face: &AlignedFace) -> (f64, f64) {
    let histogram = light_histogram(face);
    let all: f64 = histogram.iter().sum();
    let moment = |power: i32| {
        let weighted = histogram.iter().enumerate().map(|(light, n)| n * (light as f64 / 255.0).powi(power));
        weighted.sum::<f64>() / all
    };
    let mean = moment(1);
    (mean, (moment(2) - mean * mean).max(0.0))
}

/// Entropy of the skin's linear light, in bits: 0 for one level, 8 at most.
pub fn dynamic_range_bits(face: &AlignedFace) -> f64 {
    let histogram = light_histogram(face);
    let all: f64 = histogram.iter().sum();
    let shares = histogram.iter().filter(|n| **n > 0.0).map(|n| n / all);
    -shares.map(|p| p * p.log2()).sum::<f64>()
}

/// ISO/IEC 29794-5 component value of the mean, 0 to 100.
pub(super) fn mean_component(native: f64) -> f64 {
    100.0 * sigmoid(native, 0.2, 0.05) * (1.0 - sigmoid(native, 0.8, 0.05))
}

/// ISO/IEC 29794-5 component value of the variance, 0 to 100.
pub(super) fn variance_component(native: f64) -> f64 {
    100.0 * (PI * 60.0 * native / (60.0 * native + 1.0)).sin()
}

/// ISO/IEC 29794-5 component value of the dynamic range, 0 to 100.
pub(super) fn dynamic_range_component(native: f64) -> f64 {
    12.5 * native
}

fn light_histogram(face: &AlignedFace) -> [f64; 256] {
    let mut histogram = [0.0; 256];
    for (grey, pixels) in (0..=255u8).zip(face.skin_histogram) {
        histogram[usize::from(linear_8(grey))] += f64::from(pixels);
    }
    histogram
}
