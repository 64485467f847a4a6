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
    let pixels = f64::from(face.skin_histogram.iter().sum::<u32>());
    let skin = region.skin(face);
    let mut plane = region.luma(face);
    let (mut smooth, mut rows) = (plane.clone(), plane.clone());
    let mut bands = [0.0; BANDS.len()];
    for (band, (reach, _)) in bands.iter_mut().zip(BANDS) {
        region.box_mean(&plane, reach, &mut rows, &mut smooth);
        let squares: f64 = plane
            .chunks_exact(region.width)
            .zip(smooth.chunks_exact(region.width))
            .zip(skin.chunks_exact(region.width))
            .map(|((sharp, smooth), skin)| squared_differences(sharp, smooth, skin))
            .sum();
        *band = (squares / pixels).sqrt() + FLOOR;
        std::mem::swap(&mut plane, &mut smooth);
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
        let (columns, rows) = (face.skin_columns.clone(), face.skin_rows.clone());
        if columns.is_empty() || rows.is_empty() {
            return None;
        }
        let (x, y) = (columns.start.saturating_sub(MARGIN_PX), rows.start.saturating_sub(MARGIN_PX));
        let width = (columns.end + MARGIN_PX).min(side) - x;
        let height = (rows.end + MARGIN_PX).min(side) - y;
        Some(Self { x, y, width, height })
    }

    fn luma(&self, face: &AlignedFace) -> Vec<f32> {
        let mut luma = Vec::with_capacity(self.width * self.height);
        for y in self.y..self.y + self.height {
            luma.extend(face.luma.row(y as u32)[self.x..self.x + self.width].iter().map(|v| f32::from(*v)));
        }
        luma
    }

    /// 1 for a pixel of the skin, else 0.
    fn skin(&self, face: &AlignedFace) -> Vec<f32> {
        let mut weights = Vec::with_capacity(self.width * self.height);
        for row in face.skin.chunks_exact(SIDE as usize).skip(self.y).take(self.height) {
            let row = &row[self.x..self.x + self.width];
            weights.extend(row.iter().map(|skin| f32::from(u8::from(*skin))));
        }
        weights
    }

    /// Mean of `plane` over squares of side `2 reach + 1` into `means`; borders repeat. `rows` is where
    /// the means along the rows are kept meanwhile.
    fn box_mean(&self, plane: &[f32], reach: usize, rows: &mut [f32], means: &mut [f32]) {
        let side = self.width;
        let width = 2 * reach + 1;
        let share = 1.0 / width as f32;
        let mut along = WindowSums::default();
        for (from, to) in plane.chunks_exact(side).zip(rows.chunks_exact_mut(side)) {
            along.sum(from, reach, to);
            to.iter_mut().for_each(|sum| *sum *= share);
        }
        // Down the columns, a whole row of sums at a time.
        let row = |y: isize| &rows[y.clamp(0, self.height as isize - 1) as usize * side..][..side];
        let reach = reach as isize;
        let mut sums = vec![0.0f32; side];
        for y in -reach..=reach {
            sums.iter_mut().zip(row(y)).for_each(|(sum, value)| *sum += value);
        }
        for (y, means) in (0..self.height as isize).zip(means.chunks_exact_mut(side)) {
            let entering_and_leaving = row(y + reach + 1).iter().zip(row(y - reach));
            for ((mean, sum), (enter, leave)) in means.iter_mut().zip(&mut sums).zip(entering_and_leaving) {
                *mean = *sum * share;
                *sum += enter - leave;
            }
        }
    }
}

/// Sums over windows along a row, by doubling: sums over two make those over four, and so on; the
/// width's binary digits say which to put one after the other. Unlike a sum that is carried along the
/// row, no step waits for the one before.
#[derive(Default)]
struct WindowSums {
    /// For each place, the sum over as many values from there on as the doubling has come to.
    from_here: Vec<f32>,
    doubled: Vec<f32>,
}

impl WindowSums {
    /// Over each value of `row` and `reach` to both sides; what lies beyond the ends is as at the ends.
    fn sum(&mut self, row: &[f32], reach: usize, sums: &mut [f32]) {
        let (Some(first), Some(last)) = (row.first(), row.last()) else { return };
        self.from_here.clear();
        self.from_here.extend(std::iter::repeat_n(first, reach));
        self.from_here.extend(row);
        self.from_here.extend(std::iter::repeat_n(last, reach));
        sums.fill(0.0);
        let (mut left, mut start, mut span) = (2 * reach + 1, 0, 1);
        loop {
            if left % 2 == 1 {
                sums.iter_mut().zip(&self.from_here[start..]).for_each(|(sum, part)| *sum += part);
                start += span;
            }
            left /= 2;
            if left == 0 {
                break;
            }
            self.doubled.clear();
            self.doubled.extend(self.from_here.iter().zip(&self.from_here[span..]).map(|(a, b)| a + b));
            std::mem::swap(&mut self.from_here, &mut self.doubled);
            span *= 2;
        }
    }
}

/// Sum of the squared differences of two rows, each times its weight of 0 or 1, in lanes that do not
/// wait for each other.
fn squared_differences(sharp: &[f32], smooth: &[f32], weights: &[f32]) -> f64 {
    const LANES: usize = 8;
    let square = |sharp: f32, smooth: f32, weight: f32| (sharp - smooth) * (sharp - smooth) * weight;
    let ((a, a_rest), (b, b_rest)) = (sharp.as_chunks::<LANES>(), smooth.as_chunks::<LANES>());
    let (c, c_rest) = weights.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for (lane, ((a, b), c)) in lanes.iter_mut().zip(a.iter().zip(b).zip(c)) {
            *lane += square(*a, *b, *c);
        }
    }
    let rest = a_rest.iter().zip(b_rest).zip(c_rest).map(|((a, b), c)| square(*a, *b, *c));
    lanes.into_iter().chain(rest).map(f64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_means_agree_with_the_plain_definition() {
        let region = Region { x: 0, y: 0, width: 37, height: 21 };
        let plane: Vec<f32> = (0..37 * 21).map(|i| (i * 7919 % 251) as f32).collect();
        let at = |x: isize, y: isize| plane[y.clamp(0, 20) as usize * 37 + x.clamp(0, 36) as usize];
        for (reach, _) in BANDS {
            let (mut rows, mut means) = (plane.clone(), plane.clone());
            region.box_mean(&plane, reach, &mut rows, &mut means);
            let r = reach as isize;
            for (i, mean) in means.iter().enumerate() {
                let (x, y) = ((i % 37) as isize, (i / 37) as isize);
                let square = (y - r..=y + r).flat_map(|v| (x - r..=x + r).map(move |u| (u, v)));
                let plain = square.map(|(u, v)| at(u, v)).sum::<f32>() / ((2 * r + 1) * (2 * r + 1)) as f32;
                assert!((mean - plain).abs() < 1e-3, "{reach} {x} {y}: {mean} {plain}");
            }
        }
    }

    #[test]
    fn squares_count_inside_alone() {
        let sharp: Vec<f32> = (0..19).map(|i| i as f32).collect();
        let weights: Vec<f32> = (0..19).map(|i| if i % 3 == 0 { 1.0 } else { 0.0 }).collect();
        let plain = 1.0 + 4.0 + 25.0 + 64.0 + 121.0 + 196.0 + 289.0;
        assert_eq!(squared_differences(&sharp, &[1.0; 19], &weights), plain);
        assert_eq!(squared_differences(&sharp, &[1.0; 19], &[0.0; 19]), 0.0);
    }

    #[test]
    fn a_blurred_face_is_told_from_a_sharp_one() {
        let dot = |x: usize, y: usize| ((x / 5 * 7919 + y / 5 * 104_729) ^ (x / 5 * (y / 5) * 31)) % 97 * 2;
        // The mean over squares of a side.
        let of = |side: usize| {
            let face = AlignedFace::made_up(|x, y| {
                let square = (0..side * side).map(|i| dot(x + i % side, y + i / side));
                [(square.sum::<usize>() / (side * side)) as u8; 3]
            });
            face_sharpness(&face).expect("shapes")
        };
        let (sharp, blurred) = (of(1), of(9));
        assert!(sharp > blurred + 1.0, "{sharp} {blurred}");
        assert_eq!(face_sharpness(&AlignedFace::made_up(|_, _| [120; 3])), None);
    }
}
