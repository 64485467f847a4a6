//! Resizing as models were trained on it: four neighbours a pixel and no averaging, however much
//! smaller the result is.
//!
//! The program's own warps skip no pixel. A model that learnt from pictures which do has learnt
//! what aliasing makes of skin and of print, and is fed the same.

use ndarray::Array4;

use super::buffer::Rgb;
use super::tensor::{TensorFormat, TensorWriter};

/// A part of a picture in whole pixels, at least one, all of them inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    left: u32,
    upper: u32,
    width: u32,
    height: u32,
}

impl Area {
    /// The pixels from (`left`, `upper`) up to and without (`right`, `lower`), as far as they lie
    /// in `picture`; `None` where none does.
    pub fn within(picture: &Rgb, left: u32, upper: u32, right: u32, lower: u32) -> Option<Self> {
        let (right, lower) = (right.min(picture.width()), lower.min(picture.height()));
        let (width, height) = (right.checked_sub(left)?, lower.checked_sub(upper)?);
        (width > 0 && height > 0).then_some(Self { left, upper, width, height })
    }
}

/// A part of `picture` as a tensor of `width` x `height`, bilinear between pixel centres, the
/// border repeated, rounded to whole values: what OpenCV's `resize` does by default.
pub fn plain_resized(
    picture: &Rgb,
    area: Area,
    width: u32,
    height: u32,
    format: &TensorFormat,
) -> Array4<f32> {
    let columns: Vec<Tap> = (0..width).map(|x| Tap::at(x, width, area.left, area.width)).collect();
    let mut writer = TensorWriter::new(width, height, format);
    for y in 0..height {
        let row = Tap::at(y, height, area.upper, area.height);
        let [upper, lower] = row.at.map(|at| picture.row(at));
        for (x, column) in columns.iter().enumerate() {
            let [left, right] = column.at.map(|at| at as usize);
            let mix = |a: u8, b: u8| f32::from(a) + (f32::from(b) - f32::from(a)) * column.share;
            let value = std::array::from_fn(|c| {
                let (above, below) =
                    (mix(upper[left][c], upper[right][c]), mix(lower[left][c], lower[right][c]));
                (above + (below - above) * row.share).round()
            });
            writer.put(y as usize * width as usize + x, value);
        }
    }
    writer.finish()
}

/// Two neighbours along one axis and the share of the second.
struct Tap {
    at: [u32; 2],
    share: f32,
}

impl Tap {
    /// For index `index` of `count` over `length` pixels from `begin`.
    fn at(index: u32, count: u32, begin: u32, length: u32) -> Self {
        let center = (index as f32 + 0.5) * length as f32 / count as f32 - 0.5;
        let center = center.clamp(0.0, (length - 1) as f32);
        let low = center as u32;
        Self { at: [begin + low, begin + (low + 1).min(length - 1)], share: center - low as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{ChannelOrder, Layout, Normalisation};

    const PLAIN: TensorFormat = TensorFormat {
        layout: Layout::Nchw,
        order: ChannelOrder::Bgr,
        normalisation: Normalisation::IDENTITY,
    };

    fn ramp(width: u32, height: u32) -> Rgb {
        let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8 * 10, y as u8 * 10, 7]));
        Rgb::new(width, height, bytes.collect()).expect("as many bytes as pixels")
    }

    #[test]
    fn the_same_size_changes_nothing_but_the_order_of_channels() {
        let picture = ramp(6, 5);
        let area = Area::within(&picture, 1, 2, 5, 99).expect("inside");
        let tensor = plain_resized(&picture, area, 4, 3, &PLAIN);
        for y in 0..3 {
            for x in 0..4 {
                let pixel = [0, 1, 2].map(|c| tensor[[0, c, y, x]]);
                assert_eq!(pixel, [7.0, (y as f32 + 2.0) * 10.0, (x as f32 + 1.0) * 10.0]);
            }
        }
    }

    #[test]
    fn shrinking_takes_neighbours_and_growing_repeats_the_border() {
        let picture = ramp(12, 1);
        let red = |width| {
            let area = Area::within(&picture, 0, 0, 12, 1).expect("inside");
            let tensor = plain_resized(&picture, area, width, 1, &PLAIN);
            (0..width as usize).map(|x| tensor[[0, 2, 0, x]]).collect::<Vec<_>>()
        };
        // Centres 1.5, 5.5 and 9.5: what lies between is skipped.
        assert_eq!(red(3), [15.0, 55.0, 95.0]);
        let grown = red(24);
        assert_eq!((grown[0], grown[1], grown[23]), (0.0, 3.0, 110.0)); // 2.5 rounds away from 0
    }

    #[test]
    fn what_lies_outside_is_no_area() {
        let picture = ramp(4, 4);
        assert_eq!(Area::within(&picture, 4, 0, 9, 4), None);
        assert_eq!(Area::within(&picture, 2, 2, 2, 4), None);
        assert_eq!(Area::within(&picture, 3, 0, 1, 4), None);
    }
}
