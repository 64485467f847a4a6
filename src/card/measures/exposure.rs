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
