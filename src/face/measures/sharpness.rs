//! Sharpness of a face at a fixed face size.

use crate::face::aligned::{AlignedFace, SIDE};

/// Detail finer than about 2 pixels of the aligned crop over detail of 2 to 8 pixels, both as
/// root mean squares over the skin: blur takes the fine detail first, contrast and exposure
/// scale both alike. `None` for a face without any detail.
pub fn face_sharpness(face: &AlignedFace) -> Option<f64> {
    let luma: Vec<f32> = face.luma.bytes().iter().map(|v| f32::from(*v)).collect();
    let smooth = box_mean(&luma, 1);
    let smoother = box_mean(&smooth, 4);
    let band = |fine: &[f32], coarse: &[f32]| {
        let differences = fine.iter().zip(coarse).zip(&face.skin).filter(|(_, inside)| **inside);
        let (sum, count) = differences.fold((0.0f64, 0usize), |(sum, count), ((f, c), _)| {
            (sum + f64::from((f - c) * (f - c)), count + 1)
        });
        (sum / count as f64).sqrt()
    };
    let (fine, coarse) = (band(&luma, &smooth), band(&smooth, &smoother));
    (coarse > 1e-3).then(|| fine / coarse)
}

/// Mean over squares of side `2 radius + 1`; borders repeat.
fn box_mean(plane: &[f32], radius: usize) -> Vec<f32> {
    let side = SIDE as usize;
    let mut rows = vec![0.0; plane.len()];
    for (from, to) in plane.chunks_exact(side).zip(rows.chunks_exact_mut(side)) {
        running_mean(|i| from[i], radius, side, |i, mean| to[i] = mean);
    }
    let mut out = vec![0.0; plane.len()];
    for x in 0..side {
        running_mean(|i| rows[i * side + x], radius, side, |i, mean| out[i * side + x] = mean);
    }
    out
}

fn running_mean(at: impl Fn(usize) -> f32, radius: usize, length: usize, mut put: impl FnMut(usize, f32)) {
    let clamped = |i: isize| at(i.clamp(0, length as isize - 1) as usize);
    let reach = radius as isize;
    let width = (2 * radius + 1) as f32;
    let mut sum: f32 = (-reach..=reach).map(clamped).sum();
    for i in 0..length as isize {
        put(i as usize, sum / width);
        sum += clamped(i + reach + 1) - clamped(i - reach);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_plane_stays_flat_and_a_dot_spreads() {
        let side = SIDE as usize;
        assert!(box_mean(&vec![7.0; side * side], 4).iter().all(|v| (v - 7.0).abs() < 1e-4));
        let mut dot = vec![0.0; side * side];
        dot[100 * side + 100] = 9.0;
        let spread = box_mean(&dot, 1);
        assert!((spread[99 * side + 101] - 1.0).abs() < 1e-4);
        assert!(spread[102 * side + 100].abs() < 1e-4);
    }
}
