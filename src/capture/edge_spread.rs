//! Blur of a photo: how far its sharpest edges smear.

use crate::imaging::{Luma, cell_grid};

/// Standard deviation of luma from which a cell holds something to focus on (print, an edge).
const DEVIATION_MIN: f32 = 12.0;

/// Fewest such cells from which a photo's blur can be told.
const CELLS_MIN: usize = 8;

/// The sharpest tenth of the cells speaks for the photo: the card is sharper than the desk behind
/// it or the fingers before it, and one speck of noise is not a tenth.
const SHARPEST: f32 = 0.1;

/// Standard deviation of the blur of the sharpest edges, in thousandths of the longer side of
/// `luma`; `None` where too few cells show an edge.
///
/// A step of height d blurred by a Gaussian of deviation s has the steepest slope
/// d / (s sqrt(2 pi)); so in each cell with contrast, s = (max - min) / (steepest sqrt(2 pi)).
pub fn edge_spread_permille(luma: &Luma) -> Option<f64> {
    let step_slope = (2.0 * std::f32::consts::PI).sqrt();
    let mut spreads: Vec<f32> = cell_grid(luma)
        .cells
        .iter()
        .filter(|cell| cell.deviation > DEVIATION_MIN && cell.gradient_max > 0.0)
        .map(|cell| f32::from(cell.max - cell.min) / (cell.gradient_max * step_slope))
        .collect();
    if spreads.len() < CELLS_MIN {
        return None;
    }
    spreads.sort_by(f32::total_cmp);
    let spread_px = spreads[(spreads.len() as f32 * SHARPEST) as usize];
    Some(f64::from(spread_px) / f64::from(luma.width().max(luma.height())) * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chessboard of 64-pixel fields whose edges are blurred by a Gaussian of `sigma_px`.
    fn board(sigma_px: f64) -> Luma {
        let side = 1000u32;
        let wave = |v: u32| {
            let phase = (f64::from(v) + 0.5) % 128.0;
            let edge = |at: f64| ((phase - at) / sigma_px).tanh();
            edge(48.0) - edge(112.0) - 1.0
        };
        let pixels = (0..side * side).map(|i| (128.0 + 80.0 * wave(i % side) * wave(i / side)) as u8);
        Luma::new(side, side, pixels.collect()).expect("side x side pixels")
    }

    #[test]
    fn the_spread_of_blurred_edges_is_found() {
        for tanh_width in [2.0, 4.0, 6.0] {
            // tanh(x / w) has the steepest slope 1/w; a Gaussian edge of height 2 has 2/(s sqrt(2 pi)).
            let sigma = tanh_width * 2.0 / (2.0 * std::f64::consts::PI).sqrt();
            let found = edge_spread_permille(&board(tanh_width)).expect("plenty of edges");
            assert!((found / sigma - 1.0).abs() < 0.2, "{tanh_width}: {found} for {sigma}");
        }
    }

    #[test]
    fn a_blank_wall_has_no_edges() {
        let blank = Luma::new(400, 400, vec![90; 160_000]).expect("400 x 400 pixels");
        assert_eq!(edge_spread_permille(&blank), None);
    }
}
