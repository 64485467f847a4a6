//! Sharpness of a face at a fixed face size.

use crate::face::aligned::{AlignedFace, SIDE};

/// Reach of the fine band: detail that a 3 x 3 mean takes away.
const FINE_RADIUS_PX: usize = 1;

/// Reach of the coarse band: shapes of the size of an eye. It must be wider than any blur that is
/// to be told apart, or both bands fade alike.
const COARSE_RADIUS_PX: usize = 12;

/// Detail of 1 to 3 pixels of the aligned crop over shapes of 3 to 25 pixels, both as root mean
/// squares over the skin: blur takes the fine detail first, contrast and exposure scale both
/// alike. Noise counts as detail. `None` for a face without any shapes.
pub fn face_sharpness(face: &AlignedFace) -> Option<f64> {
    let luma: Vec<f32> = face.luma.bytes().iter().map(|v| f32::from(*v)).collect();
    let smooth = box_mean(&luma, FINE_RADIUS_PX);
    let smoother = box_mean(&smooth, COARSE_RADIUS_PX);
    let (mut fine, mut coarse) = (0.0f64, 0.0f64);
    let pixels = luma.iter().zip(&smooth).zip(&smoother).zip(&face.skin).filter(|(_, inside)| **inside);
    for (((sharp, smooth), smoother), _) in pixels {
        fine += f64::from((sharp - smooth) * (sharp - smooth));
        coarse += f64::from((smooth - smoother) * (smooth - smoother));
    }
    (coarse > 0.0).then(|| (fine / coarse).sqrt())
}

/// Mean over squares of side `2 radius + 1`; borders repeat.
fn box_mean(plane: &[f32], radius: usize) -> Vec<f32> {
    let side = SIDE as usize;
    let clamped = |i: isize| i.clamp(0, side as isize - 1) as usize;
    let reach = radius as isize;
    let width = (2 * radius + 1) as f32;
    let mut rows = vec![0.0; plane.len()];
    for (from, to) in plane.chunks_exact(side).zip(rows.chunks_exact_mut(side)) {
        let mut sum: f32 = (-reach..=reach).map(|i| from[clamped(i)]).sum();
        for (x, mean) in (0..side as isize).zip(to) {
            *mean = sum / width;
            sum += from[clamped(x + reach + 1)] - from[clamped(x - reach)];
        }
    }
    // Down the columns, a whole row of sums at a time.
    let row = |y: isize| &rows[clamped(y) * side..][..side];
    let mut sums = vec![0.0f32; side];
    for y in -reach..=reach {
        sums.iter_mut().zip(row(y)).for_each(|(sum, value)| *sum += value);
    }
    let mut out = vec![0.0; plane.len()];
    for (y, means) in (0..side as isize).zip(out.chunks_exact_mut(side)) {
        means.iter_mut().zip(&sums).for_each(|(mean, sum)| *mean = sum / width);
        let entering_and_leaving = row(y + reach + 1).iter().zip(row(y - reach));
        sums.iter_mut().zip(entering_and_leaving).for_each(|(sum, (enter, leave))| *sum += enter - leave);
    }
    out
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
