//! Under- and over-exposure of the card, from its own background, whatever lies around it.

use super::background::luma_of;
use super::view::CardView;

/// Luma from which at least one channel is at the end of its range in nearly all photos.
const BRIGHT_MIN: u16 = 250;

/// Luma of the card's background, 0 to 255: the median over its blocks of the luma below which
/// nine tenths of a block lie.
pub fn background_luma(view: &CardView) -> f64 {
    f64::from(view.background.light)
}

/// Share of the card with luma of at least 250, 0 to 1.
pub fn over_exposed_share(view: &CardView) -> f64 {
    let pixels = view.quarter.pixels();
    let bright = pixels.iter().filter(|p| luma_of(**p) >= BRIGHT_MIN).count();
    bright as f64 / pixels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{each_pixel, spoiled};
    use super::*;

    #[test]
    fn light_goes_with_the_card() {
        for clean in spoiled(|_| ()) {
            assert!((background_luma(&clean) - 214.0).abs() < 4.0, "{}", background_luma(&clean));
            assert!(over_exposed_share(&clean) < 0.01);
        }
        for dark in spoiled(|card| each_pixel(card, |_, _, p| p.map(|v| v * 0.3))) {
            assert!((background_luma(&dark) - 64.0).abs() < 3.0);
        }
        for burnt in spoiled(|card| each_pixel(card, |_, _, p| p.map(|v| v * 1.5))) {
            assert!(over_exposed_share(&burnt) > 0.5);
        }
    }
}
