//! Sharpness of a face at a fixed face size: a small model fitted to known blur.
//!
//! The luma of the aligned crop is split into bands by box means of growing reach; what is left in
//! each band, against the coarsest, is what a blur of each size takes away. The weights were fitted
//! (`BANDS`) so that sensor noise, denoising, a phone's sharpening, exposure and compression do not
//! pass for detail or blur: the finest band, where those and the skin's own texture live, weighs
//! next to nothing.

use crate::face::aligned::{AlignedFace, SIDE};
use crate::score::sigmoid;

/// Reach of each band's box mean in pixels, taken of the mean before it, and its weight on the
/// binary logarithm of the band over the last.
///
/// Fitted by least squares to -log2 of the blur's spread on 60 photos of 30 people (Face Research Lab
/// London Set, CC BY 4.0), 8 captures each: 62 to 150 pixels between the eyes; a Gaussian, disc or
/// line of 0 to 4.5 pixels spread; 2.2 stops under to 0.3 over; noise, median filter, unsharp mask,
/// JPEG. On the other 10 people it correlates by 0.87 with the truth.
const BANDS: [(usize, f64); 5] = [(1, 0.0125), (2, 0.297), (4, 2.065), (8, -1.647), (14, 0.0)];

/// The fit's constant.
const CONSTANT: f64 = 1.524;

/// Grey levels added to each band, so that a flat one has a logarithm.
const FLOOR: f64 = 0.02;

/// Pixels kept around the skin, so that the widest means see what is beside it.
const MARGIN_PX: usize = 16;

/// Minus the binary logarithm of the blur's spread (standard deviation) in pixels of the aligned
/// crop, which has 56.5 between the eyes: 0.5 for a sharp photo, -1 where an edge is spread over 2
/// pixels, -2 over 4. `None` for a face without any shapes.
pub fn face_sharpness(face: &AlignedFace) -> Option<f64> {
    let region = Region::around_skin(face)?;
    let mut plane = region.luma(face);
    let mut bands = [0.0; BANDS.len()];
    for (band, (reach, _)) in bands.iter_mut().zip(BANDS) {
        let smooth = region.box_mean(&plane, reach);
        let (mut sum, mut count) = (0.0f64, 0usize);
        for y in 0..region.height {
            let inside = &face.skin[(region.y + y) * SIDE as usize + region.x..][..region.width];
            let row = y * region.width..(y + 1) * region.width;
            for ((sharp, smooth), _) in
                plane[row.clone()].iter().zip(&smooth[row]).zip(inside).filter(|(_, inside)| **inside)
            {
                sum += f64::from((sharp - smooth) * (sharp - smooth));
                count += 1;
            }
        }
        *band = (sum / count.max(1) as f64).sqrt() + FLOOR;
        plane = smooth;
    }
    let coarsest = bands[BANDS.len() - 1];
    let detail = |(band, (_, weight)): (&f64, (usize, f64))| weight * (band / coarsest).log2();
    let has_shapes = coarsest > 10.0 * FLOOR;
    has_shapes.then(|| CONSTANT + bands.iter().zip(BANDS).map(detail).sum::<f64>())
}

/// Component value, 0 to 100: 50 at a spread of 1.5 pixels.
pub(super) fn component(native: f64) -> f64 {
    100.0 * sigmoid(native, -0.6, 0.3)
}

/// The part of the crop that is worked on.
struct Region {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Region {
    fn around_skin(face: &AlignedFace) -> Option<Self> {
        let side = SIDE as usize;
        let rows = || face.skin.chunks_exact(side);
        let top = rows().position(|row| row.contains(&true))?;
        let bottom = rows().rposition(|row| row.contains(&true))?;
        let columns = |row: &[bool]| Some((row.iter().position(|s| *s)?, row.iter().rposition(|s| *s)?));
        let (left, right) = rows().filter_map(columns).fold((side, 0), |(l, r), (a, b)| (l.min(a), r.max(b)));
        let (x, y) = (left.saturating_sub(MARGIN_PX), top.saturating_sub(MARGIN_PX));
        let width = (right + 1 + MARGIN_PX).min(side) - x;
        let height = (bottom + 1 + MARGIN_PX).min(side) - y;
        Some(Self { x, y, width, height })
    }

    fn luma(&self, face: &AlignedFace) -> Vec<f32> {
        let rows = self.y..self.y + self.height;
        let row = |y: usize| &face.luma.row(y as u32)[self.x..self.x + self.width];
        rows.flat_map(|y| row(y).iter().map(|v| f32::from(*v))).collect()
    }

    /// Mean over squares of side `2 radius + 1`; borders repeat.
    fn box_mean(&self, plane: &[f32], radius: usize) -> Vec<f32> {
        let side = self.width;
        let clamped = |i: isize, end: usize| i.clamp(0, end as isize - 1) as usize;
        let reach = radius as isize;
        let width = (2 * radius + 1) as f32;
        let mut rows = vec![0.0; plane.len()];
        for (from, to) in plane.chunks_exact(side).zip(rows.chunks_exact_mut(side)) {
            let mut sum: f32 = (-reach..=reach).map(|i| from[clamped(i, side)]).sum();
            for (x, mean) in (0..side as isize).zip(to) {
                *mean = sum / width;
                sum += from[clamped(x + reach + 1, side)] - from[clamped(x - reach, side)];
            }
        }
        // Down the columns, a whole row of sums at a time.
        let row = |y: isize| &rows[clamped(y, self.height) * side..][..side];
        let mut sums = vec![0.0f32; side];
        for y in -reach..=reach {
            sums.iter_mut().zip(row(y)).for_each(|(sum, value)| *sum += value);
        }
        let mut out = vec![0.0; plane.len()];
        for (y, means) in (0..self.height as isize).zip(out.chunks_exact_mut(side)) {
            means.iter_mut().zip(&sums).for_each(|(mean, sum)| *mean = sum / width);
            let entering_and_leaving = row(y + reach + 1).iter().zip(row(y - reach));
            sums.iter_mut().zip(entering_and_leaving).for_each(|(sum, (enter, leave))| *sum += enter - leave);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_plane_stays_flat_and_a_dot_spreads() {
        let region = Region { x: 0, y: 0, width: 200, height: 120 };
        assert!(region.box_mean(&vec![7.0; 200 * 120], 4).iter().all(|v| (v - 7.0).abs() < 1e-4));
        let mut dot = vec![0.0; 200 * 120];
        dot[100 * 200 + 100] = 9.0;
        let spread = region.box_mean(&dot, 1);
        assert!((spread[99 * 200 + 101] - 1.0).abs() < 1e-4);
        assert!(spread[102 * 200 + 100].abs() < 1e-4);
    }
}
