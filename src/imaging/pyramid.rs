//! A picture and its halvings, so that a warp never skips pixels.

use std::sync::OnceLock;

use super::buffer::Rgb;

/// A picture (level 0) and its reductions: level k has half the scale of level k - 1, each pixel
/// the average of 2 x 2. Levels are built when they are first asked for.
///
/// A point (x, y) of level 0 is exactly (x / 2^k, y / 2^k) in the frame of level k; a last column
/// or row that has no partner is kept as it is.
pub struct Pyramid {
    base: Rgb,
    /// Levels 1, 2, ...
    reductions: Vec<OnceLock<Rgb>>,
}

/// Warps read from a level at which neighbouring samples lie at most this many pixels apart.
/// Bilinear sampling weighs 2 pixels along each axis, so that up to 2 no pixel is skipped; 1.5
/// leaves it a share of each and keeps moiré down, at the cost of a slight blur up to there.
const MINIFICATION_MAX: f32 = 1.5;

impl Pyramid {
    /// A pyramid over `base`; costs nothing until a level is asked for.
    pub fn new(base: Rgb) -> Self {
        let long_side = base.width().max(base.height());
        // The last level has a long side of 1.
        let levels = u32::BITS - (long_side - 1).leading_zeros();
        Self { base, reductions: (0..levels).map(|_| OnceLock::new()).collect() }
    }

    /// Level 0.
    pub fn base(&self) -> &Rgb {
        &self.base
    }

    /// Level 0, given away.
    pub fn into_base(self) -> Rgb {
        self.base
    }

    /// The picture at a level; the last one where there are fewer levels.
    pub fn level(&self, level: usize) -> &Rgb {
        let level = level.min(self.reductions.len());
        match level.checked_sub(1) {
            None => &self.base,
            Some(below) => self.reductions[below].get_or_init(|| halved(self.level(below))),
        }
    }

    /// The level to sample from when neighbouring samples lie `step_px` pixels of level 0 apart.
    pub fn level_for(&self, step_px: f32) -> usize {
        let levels = self.reductions.len();
        // Also false for NaN, which then stays at level 0.
        let coarse = |level: &usize| step_px > MINIFICATION_MAX * (1_u64 << level) as f32;
        (0..levels).take_while(coarse).count()
    }
}

impl std::fmt::Debug for Pyramid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pyramid({} x {})", self.base.width(), self.base.height())
    }
}

/// Each pixel the rounded average of 2 x 2, of 2 or of 1 at odd borders. About 0.3 ms per
/// megapixel of the source.
pub fn halved(source: &Rgb) -> Rgb {
    let (width, height) = (source.width().div_ceil(2), source.height().div_ceil(2));
    let mut target = Rgb::black(width, height);
    let row_bytes = source.width() as usize * 3;
    let mut means = vec![0; row_bytes.saturating_sub(3)];
    let out_rows = target.bytes_mut().chunks_exact_mut(width as usize * 3);
    for (out, rows) in out_rows.zip(source.bytes().chunks(row_bytes * 2)) {
        let (upper, lower) = rows.split_at(row_bytes);
        let lower = if lower.is_empty() { upper } else { lower };
        average_rows(upper, lower, &mut means, out);
    }
    target
}

/// `means` holds the averages of every two neighbours meanwhile, every other of which is kept: twice the
/// sums that are needed, in less time, as the compiler makes vectors of them.
fn average_rows(upper: &[u8], lower: &[u8], means: &mut [u8], out: &mut [u8]) {
    let beside = upper.iter().zip(lower).skip(3);
    for ((mean, (a, b)), (c, d)) in means.iter_mut().zip(upper.iter().zip(lower)).zip(beside) {
        let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
        *mean = ((sum + 2) >> 2) as u8;
    }
    let (out_pixels, _) = out.as_chunks_mut::<3>();
    for (pixel, means) in out_pixels.iter_mut().zip(means.chunks(6)) {
        pixel.copy_from_slice(&means[..3]);
    }
    let (upper_pixels, lower_pixels) = (upper.as_chunks::<3>().0, lower.as_chunks::<3>().0);
    if let (true, [.., a], [.., b], [.., pixel]) =
        (upper_pixels.len() % 2 == 1, upper_pixels, lower_pixels, out_pixels)
    {
        *pixel = std::array::from_fn(|c| (u16::from(a[c]) + u16::from(b[c])).div_ceil(2) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_halve_until_one_pixel_and_keep_odd_borders() {
        let bytes = (0..5 * 3).flat_map(|i| [i * 10, 0, 255]).collect();
        let pyramid = Pyramid::new(Rgb::new(5, 3, bytes).expect("15 pixels"));
        let half = pyramid.level(1);
        assert_eq!((half.width(), half.height()), (3, 2));
        assert_eq!(half.pixel(0, 0), Some([30, 0, 255])); // 0, 10, 50, 60
        assert_eq!(half.pixel(2, 0), Some([65, 0, 255])); // 40, 90
        assert_eq!(half.pixel(2, 1), Some([140, 0, 255]));
        assert_eq!(pyramid.level(99).pixels().len(), 1);
        assert_eq!(Pyramid::new(Rgb::filled(1, 1, [1; 3])).level(3).pixels(), [[1; 3]]);
    }

    #[test]
    fn every_pixel_agrees_with_the_plain_average() {
        for (width, height) in [(1, 1), (1, 5), (2, 2), (3, 4), (38, 7), (77, 6)] {
            let bytes: Vec<u8> = (0..width * height * 3).map(|i| (i * i % 253) as u8).collect();
            let source = Rgb::new(width, height, bytes).expect("3 bytes a pixel");
            let half = halved(&source);
            for (x, y) in (0..half.height()).flat_map(|y| (0..half.width()).map(move |x| (x, y))) {
                let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(u, v)| source.pixel(2 * x + u, 2 * y + v));
                let seen: Vec<[u8; 3]> = four.into_iter().flatten().collect();
                let plain = std::array::from_fn(|c| {
                    let sum: usize = seen.iter().map(|pixel| usize::from(pixel[c])).sum();
                    ((2 * sum + seen.len()) / (2 * seen.len())) as u8
                });
                assert_eq!(half.pixel(x, y), Some(plain), "{width} x {height}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_level_keeps_the_step_within_bounds() {
        let pyramid = Pyramid::new(Rgb::filled(64, 64, [0; 3]));
        let rows = [(0.2, 0), (1.5, 0), (1.6, 1), (3.0, 1), (3.1, 2), (1e9, 6), (f32::NAN, 0)];
        for (step, level) in rows {
            assert_eq!(pyramid.level_for(step), level, "{step}");
        }
    }
}
