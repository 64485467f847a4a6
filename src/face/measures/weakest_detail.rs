//! Detail along the direction that has least: what a shaken camera takes.
//!
//! A smear leaves everything across it sharp, so that a measure over all directions hardly sees a
//! short one. Along it, what changes within 4 pixels is gone and what changes within 12 stays.

use std::ops::Range;

use crate::face::aligned::{AlignedFace, SIDE};

/// Steps of 4 and of 12 pixels in six directions, 30 degrees apart.
const STEPS: [[(isize, usize); 2]; 6] = [
    [(4, 0), (12, 0)],
    [(3, 2), (10, 6)],
    [(2, 3), (6, 10)],
    [(0, 4), (0, 12)],
    [(-2, 3), (-6, 10)],
    [(-3, 2), (-10, 6)],
];

/// Every so many pixels of the skin, down and across, are looked at: those in even rows and columns.
const EVERY: usize = 2;

/// Squared grey levels added to each mean, so that a flat face has a logarithm.
const FLOOR: f64 = 0.3;

/// The least of six directions of: the binary logarithm of how much the skin's luma differs over 4
/// pixels of the aligned crop (56.5 between the eyes), against how much over 12. -1 for a sharp photo,
/// -1.3 and less for one smeared by a seventh of the inter-eye distance.
pub fn weakest_detail(face: &AlignedFace) -> f64 {
    let log2 = |steps: [f64; 2]| {
        let [near, far] = steps.map(|mean_square| (mean_square + FLOOR).log2());
        (near - far) / 2.0
    };
    mean_square_differences(face).into_iter().map(log2).fold(f64::INFINITY, f64::min)
}

/// For each of [`STEPS`], of each looked-at pixel of the skin and the one a step away, which may lie
/// beside the skin; 0 where none is.
fn mean_square_differences(face: &AlignedFace) -> [[f64; 2]; 6] {
    let side = SIDE as usize;
    let luma: Vec<Alternate> = (0..SIDE).map(|y| Alternate::of(face.luma.row(y))).collect();
    let mut sums = [[Squares::default(); 2]; 6];
    let mut mask = [0; ALTERNATE];
    for y in face.skin_rows.clone().filter(|y| y % EVERY == 0) {
        let skin = face.skin[y * side..][..side].iter().step_by(EVERY);
        mask.iter_mut().zip(skin).for_each(|(mask, skin)| *mask = if *skin { u8::MAX } else { 0 });
        for ((across, down), sums) in STEPS.as_flattened().iter().zip(sums.as_flattened_mut()) {
            let Some(stepped) = luma.get(y + down) else { continue };
            sums.add(&luma[y].even, stepped, *across, &mask, &face.skin_columns);
        }
    }
    sums.map(|pair| pair.map(|squares| squares.sum as f64 / squares.count.max(1) as f64))
}

/// Columns of each kind.
const ALTERNATE: usize = SIDE as usize / EVERY;

/// The even and the odd columns of a row, each together, so that what lies a step away from the looked-at
/// ones lies together as well.
struct Alternate {
    even: [u8; ALTERNATE],
    odd: [u8; ALTERNATE],
}

impl Alternate {
    fn of(row: &[u8]) -> Self {
        let mut halves = Self { even: [0; ALTERNATE], odd: [0; ALTERNATE] };
        for (([left, right], even), odd) in
            row.as_chunks().0.iter().zip(&mut halves.even).zip(&mut halves.odd)
        {
            (*even, *odd) = (*left, *right);
        }
        halves
    }
}

/// Squared differences, and of how many pairs.
#[derive(Clone, Copy, Default)]
struct Squares {
    sum: u64,
    count: u64,
}

impl Squares {
    /// Adds the pairs of the looked-at pixels `here`, where `mask` is 255 and not 0, with those `across`
    /// columns beside them in the row `there`. All of the mask's pixels lie in `columns`.
    fn add(
        &mut self,
        here: &[u8; ALTERNATE],
        there: &Alternate,
        across: isize,
        mask: &[u8; ALTERNATE],
        columns: &Range<usize>,
    ) {
        let beside = if across % 2 == 0 { &there.even } else { &there.odd };
        let step = across.div_euclid(EVERY as isize);
        let first = (columns.start / EVERY).max(step.min(0).unsigned_abs());
        let end = columns.end.div_ceil(EVERY).min(ALTERNATE - step.max(0).unsigned_abs());
        let count = end.saturating_sub(first);
        let beside = &beside[first.wrapping_add_signed(step)..][..count];
        let (mut sum, mut pairs) = (0u32, 0u32);
        for ((here, beside), mask) in here[first..][..count].iter().zip(beside).zip(&mask[first..][..count]) {
            let difference = u16::from(here.abs_diff(*beside) & mask);
            sum += u32::from(difference * difference);
            pairs += u32::from(mask & 1);
        }
        self.sum += u64::from(sum);
        self.count += u64::from(pairs);
    }
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
    fn every_step_agrees_with_the_plain_definition() {
        let made_up = AlignedFace::made_up(|x, y| [((x * 7919 + y * 104_729) % 251) as u8; 3]);
        // Skin in the middle, and skin that reaches the crop's corners.
        let mut to_the_corner = AlignedFace::made_up(|x, y| [((x * 31) ^ (y * 17)) as u8; 3]);
        for (i, skin) in to_the_corner.skin.iter_mut().enumerate() {
            *skin = i % 3 != 1;
        }
        (to_the_corner.skin_columns, to_the_corner.skin_rows) = (0..SIDE as usize, 0..SIDE as usize);
        for face in [made_up, to_the_corner] {
            let side = SIDE as isize;
            let plain = |(across, down): (isize, usize)| {
                let (mut sum, mut count) = (0u64, 0u64);
                for (x, y) in (0..side).step_by(2).flat_map(|y| (0..side).step_by(2).map(move |x| (x, y))) {
                    let (u, v) = (x + across, y + down as isize);
                    let inside = (0..side).contains(&u) && v < side;
                    if inside && face.skin[(y * side + x) as usize] {
                        let [here, there] =
                            [(x, y), (u, v)].map(|(x, y)| face.luma.row(y as u32)[x as usize]);
                        sum += u64::from(here.abs_diff(there)).pow(2);
                        count += 1;
                    }
                }
                sum as f64 / count as f64
            };
            assert_eq!(mean_square_differences(&face), STEPS.map(|pair| pair.map(plain)));
        }
    }

    #[test]
    fn a_smear_in_one_direction_is_seen() {
        let (still, shaken) = (dots(0), dots(12));
        assert!(still > -0.5, "{still}");
        assert!(shaken < still - 0.4, "{shaken} {still}");
    }
}
