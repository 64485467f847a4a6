//! Light from one side: the difference between the cheeks.

use super::cheeks::luma_of_cheeks;
use super::linear_light::{linear, linear_8};
use crate::face::aligned::AlignedFace;

/// Linear light below which a cheek counts as black: one grey level of 255 in sRGB.
const BLACK: f64 = 3.0e-4;

/// Difference of the mean linear light of the two cheeks in stops, without sign: 1 means that
/// one cheek gets twice the light of the other. Stops are the same for every tone of skin.
pub fn left_right_light_ev(face: &AlignedFace) -> f64 {
    let [left, right] = luma_of_cheeks(face).map(|cheek| mean_light(&cheek).max(BLACK));
    (left / right).log2().abs()
}

/// How far the histograms of the cheeks' linear light overlap, 0 to 1 (ISO illumination
/// uniformity). Noise and the skin's own texture limit it, so that it is reported and not gated.
pub fn illumination_uniformity(face: &AlignedFace) -> f64 {
    let [left, right] = luma_of_cheeks(face).map(|cheek| {
        let share = 1.0 / cheek.len().max(1) as f64;
        let mut histogram = [0.0; 256];
        cheek.iter().for_each(|grey| histogram[usize::from(linear_8(*grey))] += share);
        histogram
    });
    left.iter().zip(&right).map(|(a, b)| f64::min(*a, *b)).sum()
}

/// ISO/IEC 29794-5 component value of the illumination uniformity, 0 to 100.
pub(super) fn uniformity_component(native: f64) -> f64 {
    100.0 * native.max(0.0).powf(0.3)
}

fn mean_light(cheek: &[u8]) -> f64 {
    if cheek.is_empty() {
        return 0.0;
    }
    cheek.iter().map(|grey| linear(*grey)).sum::<f64>() / cheek.len() as f64
}
