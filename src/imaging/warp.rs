//! Cutting a turned and scaled crop out of a picture.

use std::ops::Range;

use ndarray::Array4;

use crate::geometry::{Point, Similarity};

use super::bilinear::{Sums, bilinear, plain};
use super::buffer::Rgb;
use super::pyramid::Pyramid;
use super::tensor::{TensorFormat, TensorWriter};

/// The crop of `width` x `height` pixels that `crop_to_photo` maps into the frame of the pyramid's
/// base. Bilinear from the level that fits the crop's scale; outside the photo it is black, and
/// fades to black over the last half pixel of its border.
///
/// A side of 0 is taken as 1. About 3 ns per pixel.
pub fn warp(photo: &Pyramid, crop_to_photo: &Similarity, width: u32, height: u32) -> Rgb {
    let (width, height) = (width.max(1), height.max(1));
    let mut crop = Rgb::black(width, height);
    let rows = crop.pixels_mut().chunks_exact_mut(width as usize);
    each_row(photo, crop_to_photo, width, rows, |pixels, sums| {
        for (pixel, sums) in pixels.iter_mut().zip(sums) {
            let [red, green, blue, _] = ((*sums + Sums::splat(1 << 15)) >> 16_i32).to_array();
            *pixel = [red as u8, green as u8, blue as u8];
        }
    });
    crop
}

/// The same crop as [`warp`] as a tensor of batch 1, not rounded to whole values in between.
pub fn warp_to_tensor(
    photo: &Pyramid,
    crop_to_photo: &Similarity,
    width: u32,
    height: u32,
    format: &TensorFormat,
) -> Array4<f32> {
    let (width, height) = (width.max(1), height.max(1));
    let mut writer = TensorWriter::new(width, height, format);
    each_row(photo, crop_to_photo, width, 0..height, |row, sums| writer.put_row(row, sums));
    writer.finish()
}

/// Coordinates are fixed-point numbers with 32 fractional bits; 8 of them weigh the pixels.
pub(super) const ONE: i64 = 1 << 32;

/// Crops that reach farther than this from the photo's origin are all border: no photo is so large
/// that they could show anything.
pub(super) const REACH_PX: f64 = (1 << 24) as f64;

/// Calls `put` with each of the crop's `rows`, from the top, and the red, green and blue of its pixels,
/// times 65,536.
fn each_row<R>(
    photo: &Pyramid,
    crop_to_photo: &Similarity,
    width: u32,
    rows: impl ExactSizeIterator<Item = R>,
    mut put: impl FnMut(R, &[Sums]),
) {
    let level = photo.level_for(crop_to_photo.scale());
    let source = Source::new(photo.level(level));
    let shrink = 1.0 / (1_u64 << level) as f64;
    // x = x0 + u dx + v dy_x and so on, in pixel indices of the level: centres lie at +0.5 in
    // both frames.
    let (a, b) = (f64::from(crop_to_photo.a) * shrink, f64::from(crop_to_photo.b) * shrink);
    let x0 = f64::from(crop_to_photo.tx) * shrink + 0.5 * (a - b) - 0.5;
    let y0 = f64::from(crop_to_photo.ty) * shrink + 0.5 * (a + b) - 0.5;
    let (w, h) = (f64::from(width), rows.len() as f64);
    let corners = [(0.0, 0.0), (w, 0.0), (0.0, h), (w, h)];
    let reachable = corners.iter().all(|(u, v)| {
        let (x, y) = (x0 + a * u - b * v, y0 + b * u + a * v);
        x.abs() < REACH_PX && y.abs() < REACH_PX
    });
    let mut sums = vec![Sums::ZERO; width as usize];
    let fixed = |value: f64| (value * ONE as f64).round() as i64;
    let (dx, dy) = (fixed(a), fixed(b));
    // Half of the weights' step, so that they are rounded rather than cut.
    let half_weight = ONE >> 9;
    for (v, row) in rows.enumerate() {
        if reachable {
            let x = fixed(x0 - b * v as f64) + half_weight;
            let y = fixed(y0 + a * v as f64) + half_weight;
            source.sample_row([x, y], [dx, dy], &mut sums);
        }
        put(row, &sums);
    }
}

/// The part of `0..count` in which `0 <= start + u * step < end`.
fn inside(start: i64, step: i64, end: i64, count: i64) -> (i64, i64) {
    let ceiling = |n: i64, d: i64| -((-n).div_euclid(d));
    let (low, high) = match step {
        0 if (0..end).contains(&start) => (0, count),
        0 => (0, 0),
        1.. => (ceiling(-start, step), ceiling(end - start, step)),
        ..0 => ((start - end).div_euclid(-step) + 1, start.div_euclid(-step) + 1),
    };
    let low = low.clamp(0, count);
    (low, high.clamp(low, count))
}

/// A level to sample from.
pub(super) struct Source<'a> {
    pixels: &'a [[u8; 3]],
    pub(super) bytes: &'a [u8],
    pub(super) width: usize,
    height: usize,
    /// Coordinates from 0 to below these have all four neighbours inside.
    pub(super) x_end: i64,
    pub(super) y_end: i64,
}

impl<'a> Source<'a> {
    pub(super) fn new(picture: &'a Rgb) -> Self {
        Self {
            pixels: picture.pixels(),
            bytes: picture.bytes(),
            width: picture.width() as usize,
            height: picture.height() as usize,
            x_end: i64::from(picture.width() - 1) * ONE,
            y_end: i64::from(picture.height() - 1) * ONE,
        }
    }

    /// Fills `sums` with the channels, times 65,536, of places from `start` on, `step` apart.
    fn sample_row(&self, start: [i64; 2], step: [i64; 2], sums: &mut [Sums]) {
        let count = sums.len() as i64;
        // Both axes within `reach` of the pixels' middles.
        let both = |reach: i64, y_end: i64| {
            let across = inside(start[0] + reach, step[0], self.x_end + 2 * reach, count);
            let down = inside(start[1] + reach, step[1], y_end + 2 * reach, count);
            let first = across.0.max(down.0);
            first..across.1.min(down.1).max(first)
        };
        // Nothing beyond a pixel's distance is seen.
        let seen = both(ONE, self.y_end);
        // What is read at once goes beyond the pixel, so that a row has to follow.
        let Range { start: first, end } = both(0, self.y_end - ONE);
        let place = |u: i64| [0, 1].map(|axis| start[axis] + u * step[axis]);
        for u in (0..first).chain(end..count) {
            let [r, g, b] = if seen.contains(&u) {
                let [x, y] = place(u);
                self.sample_near_border(x, y)
            } else {
                [0; 3]
            };
            sums[u as usize] = Sums::new([r, g, b, 0]);
        }
        let [mut x, mut y] = place(first);
        for sum in &mut sums[first as usize..end as usize] {
            *sum = self.sample_inside(x, y);
            x += step[0];
            y += step[1];
        }
    }

    /// The channels at a place with all four neighbours inside and a row below them, times 65,536.
    #[inline(always)]
    fn sample_inside(&self, x: i64, y: i64) -> Sums {
        let at = ((y >> 32) as usize * self.width + (x >> 32) as usize) * 3;
        // Two pixels, and two bytes of what follows them.
        let pair = |at: usize| *self.bytes[at..].first_chunk().expect("a row follows");
        bilinear(pair(at), pair(at + self.width * 3), [x, y].map(weight))
    }

    pub(super) fn sample_near_border(&self, x: i64, y: i64) -> [i32; 3] {
        let (column, row) = (x >> 32, y >> 32);
        let pixel = |column: i64, row: i64| {
            let inside = (0..self.width as i64).contains(&column) && (0..self.height as i64).contains(&row);
            if inside { self.pixels[row as usize * self.width + column as usize] } else { [0; 3] }
        };
        let right = column + 1;
        let neighbours =
            [pixel(column, row), pixel(right, row), pixel(column, row + 1), pixel(right, row + 1)];
        plain(neighbours, [x, y].map(weight))
    }
}

/// The 8 fractional bits of a coordinate that weigh the pixels.
#[inline]
fn weight(coordinate: i64) -> u8 {
    (coordinate >> 24) as u8
}

/// Turns of the photo in a crop, clockwise as seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuarterTurn {
    /// The photo stands in the crop as it is.
    #[default]
    None,
    /// The photo's upper border is on the crop's right.
    Clockwise90,
    /// Upside down.
    Clockwise180,
    /// The photo's upper border is on the crop's left.
    Clockwise270,
}

impl QuarterTurn {
    /// All four, in the order of their angles.
    pub const ALL: [Self; 4] = [Self::None, Self::Clockwise90, Self::Clockwise180, Self::Clockwise270];
}

/// Maps a crop of `side` x `side` pixels to the frame of a photo of `photo_width` x
/// `photo_height`: the whole photo, centred, its aspect kept, shown turned by `turn`.
pub fn letterbox(side: u32, photo_width: u32, photo_height: u32, turn: QuarterTurn) -> Similarity {
    let side = side.max(1) as f32;
    let (width, height) = (photo_width as f32, photo_height as f32);
    let scale = width.max(height) / side;
    // The way from the crop back to the photo turns against the clock.
    let (a, b) = match turn {
        QuarterTurn::None => (scale, 0.0),
        QuarterTurn::Clockwise90 => (0.0, -scale),
        QuarterTurn::Clockwise180 => (-scale, 0.0),
        QuarterTurn::Clockwise270 => (0.0, scale),
    };
    let turned = Similarity { a, b, tx: 0.0, ty: 0.0 };
    let middle = turned.apply(Point::new(side / 2.0, side / 2.0));
    Similarity { tx: width / 2.0 - middle.x, ty: height / 2.0 - middle.y, ..turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::imaging::tensor::{ChannelOrder, Layout, Normalisation};

    fn picture(width: u32, height: u32) -> Rgb {
        let bytes = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x * 3 % 256, y * 5 % 256, (x + y) % 256]))
            .map(|v| v as u8)
            .collect();
        Rgb::new(width, height, bytes).expect("3 bytes a pixel")
    }

    #[test]
    fn the_identity_changes_nothing_and_quarter_turns_move_pixels_exactly() {
        let original = picture(40, 40);
        let photo = Pyramid::new(original.clone());
        assert_eq!(warp(&photo, &Similarity::IDENTITY, 40, 40), original);
        for (turn, at) in [
            (QuarterTurn::None, (3, 7)),
            (QuarterTurn::Clockwise90, (39 - 7, 3)),
            (QuarterTurn::Clockwise180, (39 - 3, 39 - 7)),
            (QuarterTurn::Clockwise270, (7, 39 - 3)),
        ] {
            let crop = warp(&photo, &letterbox(40, 40, 40, turn), 40, 40);
            assert_eq!(crop.pixel(at.0, at.1), original.pixel(3, 7), "{turn:?}");
        }
    }

    #[test]
    fn every_sample_agrees_with_bilinear_interpolation_in_floating_point() {
        let original = picture(50, 30);
        let photo = Pyramid::new(original.clone());
        let crop_to_photo = Similarity::new(1.13, 0.7, Point::new(8.0, -9.0));
        let crop = warp(&photo, &crop_to_photo, 60, 45);
        let tap = |x: i32, y: i32, c: usize| match (u32::try_from(x), u32::try_from(y)) {
            (Ok(x), Ok(y)) => original.pixel(x, y).map_or(0.0, |p| f32::from(p[c])),
            (Ok(_) | Err(_), _) => 0.0,
        };
        let mut shown = 0;
        for (u, v) in (0..45).flat_map(|v| (0..60).map(move |u| (u, v))) {
            let p = crop_to_photo.apply(Point::new(u as f32 + 0.5, v as f32 + 0.5));
            let (x, y) = (p.x - 0.5, p.y - 0.5);
            let (fx, fy) = (x - x.floor(), y - y.floor());
            let (x, y) = (x.floor() as i32, y.floor() as i32);
            for c in 0..3 {
                let upper = tap(x, y, c) * (1.0 - fx) + tap(x + 1, y, c) * fx;
                let lower = tap(x, y + 1, c) * (1.0 - fx) + tap(x + 1, y + 1, c) * fx;
                let expected = upper * (1.0 - fy) + lower * fy;
                let found = f32::from(crop.pixel(u, v).expect("inside")[c]);
                assert!((expected - found).abs() < 1.5, "{u} {v} {c}: {expected} {found}");
                shown += usize::from(found > 0.0);
            }
        }
        assert!(shown > 2000, "the crop shows the photo");
    }

    #[test]
    fn a_reduced_crop_averages_and_keeps_its_place() {
        let mut bytes = Vec::new();
        for y in 0..64 {
            (0..64).for_each(|x| bytes.extend([if (x + y) % 2 == 0 { 255 } else { 0 }, x * 4, y * 4]));
        }
        let photo = Pyramid::new(Rgb::new(64, 64, bytes).expect("64 x 64"));
        let crop = warp(&photo, &letterbox(8, 64, 64, QuarterTurn::None), 8, 8);
        for (x, y) in (0..8_u8).flat_map(|y| (0..8_u8).map(move |x| (x, y))) {
            let [checks, across, down] = crop.pixel(x.into(), y.into()).expect("inside");
            assert!(checks.abs_diff(128) <= 1);
            assert!(across.abs_diff(x * 32 + 14) <= 2 && down.abs_diff(y * 32 + 14) <= 2);
        }
    }

    #[test]
    fn crops_outside_and_degenerate_maps_are_black() {
        let photo = Pyramid::new(Rgb::filled(20, 10, [200; 3]));
        let shifted = |tx| Similarity { tx, ..Similarity::IDENTITY };
        for map in [
            shifted(100.0),
            shifted(-1e30),
            shifted(f32::NAN),
            Similarity { a: f32::INFINITY, ..Similarity::IDENTITY },
        ] {
            assert_eq!(warp(&photo, &map, 5, 5), Rgb::filled(5, 5, [0; 3]), "{map:?}");
        }
        let point = Similarity { a: 0.0, b: 0.0, tx: 5.0, ty: 5.0 };
        assert_eq!(warp(&photo, &point, 2, 2), Rgb::filled(2, 2, [200; 3]));
    }

    #[test]
    fn the_tensor_holds_the_same_crop() {
        let photo = Pyramid::new(picture(50, 30));
        let map = Similarity::new(0.6, -0.3, Point::new(4.0, 6.0));
        let crop = warp(&photo, &map, 24, 16);
        for layout in [Layout::Nchw, Layout::Nhwc] {
            let normalisation = Normalisation { mean: 127.5, scale: 1.0 / 128.0 };
            let format = TensorFormat { layout, order: ChannelOrder::Bgr, normalisation };
            let tensor = warp_to_tensor(&photo, &map, 24, 16, &format);
            for (x, y) in (0..16).flat_map(|y| (0..24).map(move |x| (x, y))) {
                for c in 0..3 {
                    let at = match layout {
                        Layout::Nchw => [0, c, y, x],
                        Layout::Nhwc => [0, y, x, c],
                    };
                    let value = tensor[at] * 128.0 + 127.5;
                    let rounded = crop.pixel(x as u32, y as u32).expect("inside")[2 - c];
                    assert!((value - f32::from(rounded)).abs() <= 0.51);
                }
            }
        }
    }
}
