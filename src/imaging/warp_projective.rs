//! Cutting a flat thing, seen at a slant, out of a picture: the projective brother of `warp`.

use ndarray::Array4;

use crate::geometry::{Homography, Point};

use super::buffer::Rgb;
use super::pyramid::Pyramid;
use super::tensor::{TensorFormat, TensorWriter};
use super::warp::{ONE, REACH_PX, Source};

/// The crop of `width` x `height` pixels that `crop_to_photo` maps into the frame of the pyramid's
/// base. Bilinear from the level that fits the scale in the crop's middle; outside the photo, and
/// where the plane is seen from behind, it is black.
///
/// The map is followed exactly every few pixels and along straight lines between, never more than
/// 1/32 pixel beside the truth. A side of 0 is taken as 1. About 9 ns per pixel of a card that has
/// just been decoded.
pub fn warp_projective(photo: &Pyramid, crop_to_photo: &Homography, width: u32, height: u32) -> Rgb {
    let (width, height) = (width.max(1), height.max(1));
    let mut crop = Rgb::black(width, height);
    let pixels = crop.pixels_mut();
    each_sample(photo, crop_to_photo, width, height, |index, values| {
        pixels[index] = values.map(|value| ((value + 128) >> 8) as u8);
    });
    crop
}

/// The same crop as [`warp_projective`] as a tensor of batch 1, not rounded to whole values in
/// between.
pub fn warp_projective_to_tensor(
    photo: &Pyramid,
    crop_to_photo: &Homography,
    width: u32,
    height: u32,
    format: &TensorFormat,
) -> Array4<f32> {
    let (width, height) = (width.max(1), height.max(1));
    let mut writer = TensorWriter::new(width, height, format);
    each_sample(photo, crop_to_photo, width, height, |index, values| {
        writer.put(index, values.map(|value| f32::from(value) / 256.0));
    });
    writer.finish()
}

/// Longest run of pixels along which the map is taken as straight.
const SPAN_MAX: u32 = 32;

/// The crop is filled in strips of this width: the rows of the photo that a turned one crosses stay
/// in the processor's nearest cache. A multiple of every span.
const STRIP: usize = 128;

/// Rows of the crop by which the photo is read ahead.
const AHEAD: u32 = 2;

/// Crop pixels from one place that is read ahead to the next: less than a cache line of the photo,
/// which holds 21 pixels, at the coarsest scale that a level is read at.
const TOUCH_STEP: u32 = 12;

/// How far the straight run may lie beside the true map, pixels of the level that is read.
const ERROR_MAX_PX: f64 = 1.0 / 32.0;

/// Calls `put` with the index of every crop pixel in reading order and its three channel values
/// times 256.
fn each_sample(
    photo: &Pyramid,
    crop_to_photo: &Homography,
    width: u32,
    height: u32,
    mut put: impl FnMut(usize, [u16; 3]),
) {
    let middle = Point::new(width as f32 / 2.0, height as f32 / 2.0);
    let level = photo.level_for(crop_to_photo.scale_at(middle));
    let source = Source::new(photo.level(level));
    let map = Map::new(crop_to_photo, 1.0 / (1_u64 << level) as f64);
    let span = map.span(width, height);
    let mut run = Run::default();
    for (strip, v) in (0..width).step_by(STRIP).flat_map(|strip| (0..height).map(move |v| (strip, v))) {
        source.touch(&map.row(f64::from(v + AHEAD) + 0.5), strip, width.min(strip + STRIP as u32));
        let row = map.row(f64::from(v) + 0.5);
        let mut from = row.at(strip);
        let mut index = (v * width + strip) as usize;
        for start in (strip..width.min(strip + STRIP as u32)).step_by(span as usize) {
            let to = row.at(start + span);
            let step = [0, 1].map(|axis| (to[axis] - from[axis]) / i64::from(span));
            let count = span.min(width - start);
            let last = [0, 1].map(|axis| from[axis] + step[axis] * i64::from(count - 1));
            if source.surrounds(from) && source.surrounds(last) {
                for values in run.values(&source, from, step, count as usize) {
                    put(index, values);
                    index += 1;
                }
            } else {
                for n in 0..i64::from(count) {
                    let [x, y] = [0, 1].map(|axis| from[axis] + step[axis] * n);
                    put(index, source.sample_near_border(x, y).map(|sum| (sum >> 8) as u16));
                    index += 1;
                }
            }
            from = to;
        }
    }
}

/// The way from the crop's pixels to fixed-point pixel indices of the level.
struct Map {
    h: [f64; 9],
}

/// One row of it: numerators and denominator as straight lines along the row.
struct Row {
    x: [f64; 2],
    y: [f64; 2],
    w: [f64; 2],
}

impl Map {
    fn new(crop_to_photo: &Homography, shrink: f64) -> Self {
        let mut h = crop_to_photo.h;
        // Centres lie at +0.5 in both frames; half a weight's step rounds instead of cutting.
        const SHIFT: f64 = 1.0 / 512.0 - 0.5;
        for k in 0..3 {
            h[k] = h[k] * shrink + SHIFT * h[6 + k];
            h[3 + k] = h[3 + k] * shrink + SHIFT * h[6 + k];
        }
        Self { h }
    }

    /// The longest run that stays within [`ERROR_MAX_PX`] all over the crop.
    ///
    /// Along a row x(u) = (a u + c) / w(u), so that x'' = -2 (g / w) x'; a chord over `span` lies
    /// `span`^2 / 8 |x''| beside the curve. Both factors are greatest at a corner of the crop.
    fn span(&self, width: u32, height: u32) -> u32 {
        let [a, _, _, d, _, _, g, _, _] = self.h;
        let mut curvature = 0.0_f64;
        let mut w_range = (f64::INFINITY, f64::NEG_INFINITY);
        for (u, v) in [(0, 0), (width, 0), (0, height), (width, height)] {
            let row = self.row(f64::from(v));
            let w = row.w[0] * f64::from(u) + row.w[1];
            w_range = (w_range.0.min(w), w_range.1.max(w));
            // x' w^2 = a i - c g, and likewise for y.
            let slopes = [a * row.w[1] - row.x[1] * g, d * row.w[1] - row.y[1] * g];
            let steepest = slopes.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
            curvature = curvature.max(2.0 * g.abs() * steepest);
        }
        let nearest = w_range.0;
        if !(nearest > BEHIND) || !curvature.is_finite() {
            return 1; // The horizon is in the crop: every pixel is looked at by itself.
        }
        let curvature = curvature / nearest.powi(3);
        let mut span = SPAN_MAX;
        while span > 1 && f64::from(span * span) / 8.0 * curvature > ERROR_MAX_PX {
            span /= 2;
        }
        span
    }

    fn row(&self, v: f64) -> Row {
        let [a, b, c, d, e, f, g, h, i] = self.h;
        Row { x: [a, b * v + c], y: [d, e * v + f], w: [g, h * v + i] }
    }
}

/// Denominators up to this belong to points behind the viewer or at the horizon.
const BEHIND: f64 = 1e-9;

impl Row {
    /// Where the centre of pixel `u` lies; far outside where there is nothing to see.
    #[inline]
    fn at(&self, u: u32) -> [i64; 2] {
        let u = f64::from(u) + 0.5;
        let inverse = 1.0 / (self.w[0] * u + self.w[1]);
        let (x, y) = ((self.x[0] * u + self.x[1]) * inverse, (self.y[0] * u + self.y[1]) * inverse);
        // Also false for NaN.
        if inverse > 0.0 && inverse < 1.0 / BEHIND && x.abs() < REACH_PX && y.abs() < REACH_PX {
            [(x * ONE as f64) as i64, (y * ONE as f64) as i64]
        } else {
            [-(REACH_PX as i64) * ONE; 2]
        }
    }
}

impl Source<'_> {
    /// Reads here and there what a part of a crop's row will need: all at once, these reads wait for
    /// the memory together, and those of the row itself, a few at a time, no longer do. A third of
    /// the time that a warp took was such waiting.
    #[inline]
    fn touch(&self, row: &Row, from: u32, to: u32) {
        let (first, last) = (row.at(from), row.at(to));
        let touches = i64::from((to - from).div_ceil(TOUCH_STEP));
        let step = [0, 1].map(|axis| (last[axis] - first[axis]) / touches);
        let read = |n: i64| {
            let [x, y] = [0, 1].map(|axis| (first[axis] + step[axis] * n) >> 32);
            // What is negative wraps and lies outside as well.
            let at = (y as usize).wrapping_mul(self.width).wrapping_add(x as usize).wrapping_mul(3);
            let below = at.wrapping_add(self.width * 3);
            self.bytes.get(at).copied().unwrap_or(0) ^ self.bytes.get(below).copied().unwrap_or(0)
        };
        std::hint::black_box((0..touches).map(read).fold(0, |a, b| a ^ b));
    }

    /// Whether all four neighbours of a place lie inside, with a row below them to read on in.
    #[inline]
    fn surrounds(&self, [x, y]: [i64; 2]) -> bool {
        (0..self.x_end).contains(&x) && (0..self.y_end - ONE).contains(&y)
    }
}

/// A run of pixels that are surrounded by pixels of the source: first their neighbours are
/// gathered, then all are weighed, eight lanes at a time where the processor can.
#[derive(Default)]
struct Run {
    /// The left and the right neighbour above and what follows them in the row.
    upper: [[u8; 8]; SPAN_MAX as usize],
    /// The same below.
    lower: [[u8; 8]; SPAN_MAX as usize],
    /// Weights of the right and of the lower neighbours, 0 to 255 of 256.
    weights: [[u16; 2]; SPAN_MAX as usize],
    /// Left and right columns, times 256.
    columns: [[u16; 8]; SPAN_MAX as usize],
}

impl Run {
    /// The channels of `count` pixels from a place on, times 256.
    #[inline]
    fn values(
        &mut self,
        source: &Source<'_>,
        [mut x, mut y]: [i64; 2],
        step: [i64; 2],
        count: usize,
    ) -> impl Iterator<Item = [u16; 3]> {
        for n in 0..count {
            let at = ((y >> 32) as usize * source.width + (x >> 32) as usize) * 3;
            let below = at + source.width * 3;
            self.upper[n].copy_from_slice(&source.bytes[at..at + 8]);
            self.lower[n].copy_from_slice(&source.bytes[below..below + 8]);
            self.weights[n] = [x, y].map(|it| (it >> 24) as u16 & 255);
            x += step[0];
            y += step[1];
        }
        let rows = self.upper[..count].iter().zip(&self.lower).zip(&self.weights);
        for (column, ((upper, lower), [_, weight])) in self.columns.iter_mut().zip(rows) {
            for lane in 0..8 {
                column[lane] = u16::from(upper[lane]) * (256 - weight) + u16::from(lower[lane]) * weight;
            }
        }
        self.columns[..count].iter().zip(&self.weights).map(|(column, [weight, _])| {
            let (left, right) = (0xffff - (weight << 8), weight << 8);
            let share = |value: u16, of: u16| ((u32::from(value) * u32::from(of)) >> 16) as u16;
            [0, 1, 2].map(|c| share(column[c], left) + share(column[c + 3], right))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::geometry::{Quad, Similarity};
    use crate::imaging::tensor::{ChannelOrder, Layout, Normalisation};
    use crate::imaging::warp;

    fn picture(width: u32, height: u32) -> Rgb {
        let wave = |t: f32| (127.0 + 120.0 * t.sin()) as u8;
        let bytes = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x as f32, y as f32)))
            .flat_map(|(x, y)| [wave(x / 9.0), wave(y / 7.0), wave((x + y) / 11.0)])
            .collect();
        Rgb::new(width, height, bytes).expect("3 bytes a pixel")
    }

    fn quad(corners: [(f32, f32); 4]) -> Quad {
        Quad { corners: corners.map(|(x, y)| Point::new(x, y)) }
    }

    fn map(quad: &Quad, width: u32, height: u32) -> Homography {
        Homography::between(&Quad::whole(width as f32, height as f32), quad).expect("a plain quad")
    }

    #[test]
    fn the_identity_changes_nothing_and_a_similarity_is_as_warp_has_it() {
        let original = picture(60, 40);
        let photo = Pyramid::new(original.clone());
        let whole = map(&Quad::whole(60.0, 40.0), 60, 40);
        assert_eq!(warp_projective(&photo, &whole, 60, 40), original);
        let similarity = Similarity::new(0.7, 0.4, Point::new(12.0, -3.0));
        let turned = Quad::whole(50.0, 45.0).map(|p| similarity.apply(p));
        let crop = warp_projective(&photo, &map(&turned, 50, 45), 50, 45);
        let expected = warp(&photo, &similarity, 50, 45);
        for (a, b) in crop.bytes().iter().zip(expected.bytes()) {
            assert!(a.abs_diff(*b) <= 2, "{a} {b}");
        }
    }

    #[test]
    fn every_sample_lies_where_the_map_says() {
        let original = picture(400, 300);
        let photo = Pyramid::new(original.clone());
        let slanted = [
            quad([(40.0, 30.0), (350.0, 20.0), (380.0, 270.0), (20.0, 280.0)]),
            quad([(120.0, 60.0), (260.0, 70.0), (390.0, 290.0), (5.0, 270.0)]),
            quad([(10.0, 140.0), (380.0, 10.0), (390.0, 290.0), (12.0, 160.0)]),
            quad([(-60.0, 30.0), (350.0, -40.0), (380.0, 270.0), (20.0, 380.0)]),
        ];
        for seen in slanted {
            let map = map(&seen, 300, 190);
            let crop = warp_projective(&photo, &map, 300, 190);
            for (u, v) in (0..190).step_by(3).flat_map(|v| (0..300).step_by(7).map(move |u| (u, v))) {
                let p = map.apply(Point::new(u as f32 + 0.5, v as f32 + 0.5));
                let (x, y) = (p.x - 0.5, p.y - 0.5);
                if !(1.0..398.0).contains(&x) || !(1.0..298.0).contains(&y) {
                    continue;
                }
                let tap = |dx: u32, dy: u32, c: usize| {
                    let pixel = original.pixel(x as u32 + dx, y as u32 + dy).expect("inside");
                    f32::from(pixel[c])
                };
                for c in 0..3 {
                    let upper = tap(0, 0, c) * (1.0 - x.fract()) + tap(1, 0, c) * x.fract();
                    let lower = tap(0, 1, c) * (1.0 - x.fract()) + tap(1, 1, c) * x.fract();
                    let expected = upper * (1.0 - y.fract()) + lower * y.fract();
                    let found = f32::from(crop.pixel(u, v).expect("inside")[c]);
                    assert!((expected - found).abs() < 2.5, "{u} {v}: {expected} {found}");
                }
            }
        }
    }

    #[test]
    fn what_is_outside_or_behind_is_black() {
        let photo = Pyramid::new(Rgb::filled(50, 40, [200; 3]));
        let outside = quad([(100.0, 0.0), (150.0, 0.0), (150.0, 40.0), (100.0, 40.0)]);
        assert_eq!(warp_projective(&photo, &map(&outside, 20, 20), 20, 20), Rgb::filled(20, 20, [0; 3]));
        // The horizon crosses the crop: the far end is black, the near end is not.
        let horizon = Homography { h: [1.0, 0.0, 20.0, 0.0, 1.0, 20.0, 0.1, 0.0, 1.0] };
        let back = Homography { h: [1.0, 0.0, 20.0, 0.0, 1.0, 20.0, -0.1, 0.0, 1.0] };
        assert_eq!(warp_projective(&photo, &horizon, 8, 1).pixel(0, 0), Some([200; 3]));
        let crop = warp_projective(&photo, &back, 40, 1);
        assert_eq!((crop.pixel(2, 0), crop.pixel(30, 0)), (Some([200; 3]), Some([0; 3])));
        for broken in [f64::NAN, f64::INFINITY, 0.0] {
            warp_projective(&photo, &Homography { h: [broken; 9] }, 5, 5);
        }
    }

    #[test]
    fn the_tensor_holds_the_same_crop() {
        let photo = Pyramid::new(picture(90, 60));
        let map = map(&quad([(5.0, 6.0), (80.0, 3.0), (85.0, 55.0), (9.0, 50.0)]), 64, 40);
        let crop = warp_projective(&photo, &map, 64, 40);
        let format = TensorFormat {
            layout: Layout::Nchw,
            order: ChannelOrder::Rgb,
            normalisation: Normalisation::IDENTITY,
        };
        let tensor = warp_projective_to_tensor(&photo, &map, 64, 40, &format);
        for (i, pixel) in crop.pixels().iter().enumerate() {
            for c in 0..3 {
                assert!((tensor[[0, c, i / 64, i % 64]] - f32::from(pixel[c])).abs() <= 0.51);
            }
        }
    }
}
