//! Colour of the print: a photocopy, a grey print or a black-and-white photo has none.

use super::view::CardView;

/// The most coloured pixels that speak for the card: portrait, emblem and labels together cover
/// more than this of either side.
const COLORED: f32 = 0.05;

/// Side of the square of quarter pixels over which colour is averaged: noise and JPEG's coarse
/// colour planes weigh less.
const PATCH: usize = 2;

/// Colour of the card's most coloured twentieth, percent of the background's light: the mean
/// distance of red and blue from green once the background is made neutral.
///
/// Light of any one colour, or one that changes evenly over the card, tints a grey copy's paper and
/// print alike and so gives no colour here. A colour copy has as much as the card.
pub fn chroma_percent(view: &CardView) -> f64 {
    let quarter = &view.quarter;
    let (columns, rows) = (quarter.width() as usize / PATCH, quarter.height() as usize / PATCH);
    let mut chroma = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = [0u16; 3];
            for y in 0..PATCH {
                for pixel in &quarter.row((row * PATCH + y) as u32)[column * PATCH..][..PATCH] {
                    (0..3).for_each(|c| sum[c] += u16::from(pixel[c]));
                }
            }
            let [r, g, b] = sum.map(|v| f32::from(v) / (PATCH * PATCH) as f32);
            let (x, y) = ((column * PATCH) as f32, (row * PATCH) as f32);
            let [red, blue] = view.background.gains(x, y);
            chroma.push((r * red - g).hypot(b * blue - g));
        }
    }
    let first = chroma.len() - ((chroma.len() as f32 * COLORED) as usize).max(1);
    let (_, _, above) = chroma.select_nth_unstable_by(first - 1, f32::total_cmp);
    let mean = above.iter().sum::<f32>() / above.len() as f32;
    f64::from(100.0 * mean / view.background.light.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{each_pixel, spoiled};
    use super::*;

    #[test]
    fn a_grey_copy_has_no_colour_under_light_of_any() {
        for card in spoiled(|_| ()) {
            assert!(chroma_percent(&card) > 15.0, "{}", chroma_percent(&card));
        }
        for light in [[1.0, 1.0, 1.0], [1.1, 0.95, 0.7], [0.8, 0.95, 1.1]] {
            let grey = spoiled(|card| {
                each_pixel(card, |x, _, [r, g, b]| {
                    let luma = 0.3 * r + 0.59 * g + 0.11 * b;
                    // Two lamps: the colour changes along the card.
                    let warmer = 1.0 + 0.05 * x / 1012.0;
                    [luma * light[0] * warmer, luma * light[1], luma * light[2] / warmer]
                });
            });
            for copy in grey {
                assert!(chroma_percent(&copy) < 3.0, "{light:?}: {}", chroma_percent(&copy));
            }
        }
    }
}
