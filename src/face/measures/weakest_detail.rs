//! Detail along the direction that has least: what a shaken camera takes.
//!
//! A smear leaves everything across it sharp, so that a measure over all directions hardly sees a
//! short one. Along it, what changes within 4 pixels is gone and what changes within 12 stays.

use crate::face::aligned::{AlignedFace, SIDE};

/// Steps of 4 and of 12 pixels in six directions, 30 degrees apart.
const STEPS: [[(isize, isize); 2]; 6] = [
    [(4, 0), (12, 0)],
    [(3, 2), (10, 6)],
    [(2, 3), (6, 10)],
    [(0, 4), (0, 12)],
    [(-2, 3), (-6, 10)],
    [(-3, 2), (-10, 6)],
];

/// Every so many pixels of the skin, down and across, are looked at.
const EVERY: usize = 2;

/// Squared grey levels added to each mean, so that a flat face has a logarithm.
const FLOOR: f64 = 0.3;

/// The least of six directions of: the binary logarithm of how much the skin's luma differs over 4
/// pixels of the aligned crop (56.5 between the eyes), against how much over 12. -1 for a sharp photo,
/// -1.3 and less for one smeared by a seventh of the inter-eye distance.
pub fn weakest_detail(face: &AlignedFace) -> f64 {
    let log2 = |steps: [(isize, isize); 2]| {
        let [near, far] = steps.map(|step| (mean_square_difference(face, step) + FLOOR).log2());
        (near - far) / 2.0
    };
    STEPS.into_iter().map(log2).fold(f64::INFINITY, f64::min)
}

/// Of each looked-at pixel of the skin and the one a step away, which may lie beside the skin.
fn mean_square_difference(face: &AlignedFace, (across, down): (isize, isize)) -> f64 {
    let side = SIDE as usize;
    let luma = face.luma.bytes();
    let away = down * side as isize + across;
    let columns = across.min(0).unsigned_abs()..side - across.max(0).unsigned_abs();
    let (mut sum, mut count) = (0u64, 0u64);
    for y in (0..side - down.unsigned_abs()).step_by(EVERY) {
        let row = y * side;
        for x in columns.clone().filter(|x| x % EVERY == 0 && face.skin[row + x]) {
            let at = row + x;
            let other = luma[at.wrapping_add_signed(away)];
            sum += u64::from(luma[at].abs_diff(other)).pow(2);
            count += 1;
        }
    }
    sum as f64 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey dots of about 5 pixels, each moved over `smear` pixels to the right while the shutter
    /// was open.
    fn dots(smear: usize) -> f64 {
        let dot = |x: usize, y: usize| {
            let (column, row) = (x / 5, y / 5);
            ((column * 7919 + row * 104_729) ^ (column * row * 31)) % 97 * 2
        };
        let face = AlignedFace::made_up(|x, y| {
            let sum: usize = (0..=smear).map(|n| dot(x + n, y)).sum();
            [(sum / (smear + 1)) as u8; 3]
        });
        weakest_detail(&face)
    }

    #[test]
    fn a_smear_in_one_direction_is_seen() {
        let (still, shaken) = (dots(0), dots(12));
        assert!(still > -0.5, "{still}");
        assert!(shaken < still - 0.4, "{shaken} {still}");
    }
}
