//! Colour of the print: a photocopy, a grey print or a black-and-white photo has none.

use super::view::CardView;

/// Share of the card's inner part that is more coloured than the measure says: portrait, emblem
/// and labels together cover more than twice this on either side. A fingertip that escapes the
/// mask of covers is smaller.
const COLORED: f32 = 0.025;

/// Colour of the card's coloured parts, percent of the background's light: the distance of red and
/// blue from green once the background is made neutral, which a fortieth of the card exceeds.
/// Fingers and the card's border are left out.
///
/// Light of any one colour, or one that changes evenly over the card, tints a grey copy's paper and
/// print alike and so gives no colour here. A colour copy has as much as the card. 0 where all of
/// the card is covered.
pub fn chroma_percent(view: &CardView) -> f64 {
    // At an eighth of the scale, noise and JPEG's coarse colour planes weigh less.
    let width = view.eighth.width() as usize;
    let mut chroma = Vec::with_capacity(view.eighth.pixels().len());
    for (i, pixel) in view.eighth.pixels().iter().enumerate() {
        let (x, y) = (i % width, i / width);
        if view.covers.is_clear(x, y) {
            let [r, g, b] = pixel.map(f32::from);
            let [red, blue] = view.background.gains((2 * x) as f32, (2 * y) as f32);
            chroma.push((r * red - g).hypot(b * blue - g));
        }
    }
    if chroma.is_empty() {
        return 0.0;
    }
    let at = chroma.len() - 1 - (chroma.len() as f32 * COLORED) as usize;
    let (_, level, _) = chroma.select_nth_unstable_by(at, f32::total_cmp);
    f64::from(100.0 * *level / view.background.light.max(1.0))
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
