//! Shadows and uneven light: how far the darkest parts of the background lie below the brightest.

use super::view::CardView;

/// Share of the blocks left out at either end: what a finger or a lamp covers.
const TAIL: f32 = 0.05;

/// `(P95 - P5) / P95` of the background's luma over its blocks, 0 (even) to 1 (part of the card is
/// black).
pub fn uneven_light_ratio(view: &CardView) -> f64 {
    let mut light: Vec<f32> = view.background.blocks.iter().map(|block| block.light).collect();
    light.sort_by(f32::total_cmp);
    let at = |share: f32| light[(share * (light.len() - 1) as f32).round() as usize];
    let (dark, bright) = (at(TAIL), at(1.0 - TAIL));
    f64::from((bright - dark) / bright.max(1.0))
}
