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

#[cfg(test)]
mod tests {
    use super::super::testing::{each_pixel, spoiled};
    use super::*;

    #[test]
    fn a_shadow_over_a_part_shows_and_print_does_not() {
        for clean in spoiled(|_| ()) {
            assert!(uneven_light_ratio(&clean) < 0.05, "{}", uneven_light_ratio(&clean));
        }
        let shadow = |x: f32| if x > 600.0 { 0.5 } else { 1.0 };
        for shaded in spoiled(|card| each_pixel(card, |x, _, p| p.map(|v| v * shadow(x)))) {
            assert!((uneven_light_ratio(&shaded) - 0.5).abs() < 0.05);
        }
    }
}
