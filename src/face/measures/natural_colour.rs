//! Whether the skin has a colour that skin can have (ISO natural colour).

use super::cheeks::colors_of_cheeks;
use super::linear_light::linear;
use crate::face::aligned::AlignedFace;
use crate::score::sigmoid;

/// From linear sRGB (D65) to XYZ under D50, adapted after Bradford (ICC sRGB profile).
const TO_XYZ_D50: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];

/// White of D50.
const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];

/// How far the cheeks' mean colour lies outside the box of natural skin, in units of CIELAB under
/// D50: a from 5 to 25, b from 5 to 35; 0 inside. `None` for cheeks outside the crop.
pub fn natural_colour(face: &AlignedFace) -> Option<f64> {
    let colors = colors_of_cheeks(face);
    if colors.is_empty() {
        return None;
    }
    let lab: Vec<[f64; 2]> = colors.into_iter().map(a_and_b).collect();
    let mean = |axis: usize| lab.iter().map(|ab| ab[axis]).sum::<f64>() / lab.len() as f64;
    let outside = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
    Some(outside(mean(0), 5.0, 25.0).hypot(outside(mean(1), 5.0, 35.0)))
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    200.0 * (1.0 - sigmoid(native, 0.0, 10.0))
}

/// CIELAB a and b under D50 (CIE 15).
fn a_and_b(color: [u8; 3]) -> [f64; 2] {
    let light = color.map(linear);
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = std::array::from_fn(|row| {
        let value: f64 = TO_XYZ_D50[row].iter().zip(&light).map(|(m, l)| m * l).sum();
        f(value / WHITE[row])
    });
    [500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_have_their_known_coordinates() {
        // CIELAB D50 of sRGB red, and of a grey.
        let [a, b] = a_and_b([255, 0, 0]);
        assert!((a - 80.81).abs() < 0.2 && (b - 69.89).abs() < 0.2, "{a} {b}");
        let [a, b] = a_and_b([119, 119, 119]);
        assert!(a.abs() < 0.1 && b.abs() < 0.1, "{a} {b}");
    }
}
