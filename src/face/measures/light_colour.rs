//! Whether the face is lit by a light of one colour, or had its colour taken away.
//!
//! Skin of every tone lies along one narrow band of colours, which a light moves as a whole. The
//! standard's natural colour asks for a box in CIELAB wide enough that a strong colour often stays inside;
//! here the ratios of the channels' linear light are asked, which do not follow how bright the skin is.

use super::cheeks::colors_of_cheeks;
use super::linear_light::linear;
use crate::face::aligned::AlignedFace;

/// Red over blue, in stops. London (80 portraits, skin of four groups) 0.6 to 1.7, with the camera's
/// balance off by 900 K 0.5 to 1.9; press photos by all lights (LFW, 100) 0.7 to 2.7 but for 3.
const RED_BLUE_EV: (f64, f64) = (0.3, 2.7);

/// Red and blue over twice green, in stops. London 0.1 to 1.1, LFW -0.5 to 1.2.
const MAGENTA_GREEN_EV: (f64, f64) = (-0.6, 1.3);

/// Light, of 1, added to each channel, so that black has a ratio.
const FLOOR: f64 = 0.002;

/// How far the cheeks' mean colour lies outside the colours that skin has in white light, warm or
/// cold, in stops (powers of two); 0 inside, 0.3 for a picture in black and white. `None` for cheeks
/// outside the crop.
pub fn light_colour_ev(face: &AlignedFace) -> Option<f64> {
    let colors = colors_of_cheeks(face);
    if colors.is_empty() {
        return None;
    }
    let mean = |channel: usize| {
        let light = colors.iter().map(|color| linear(color[channel])).sum::<f64>();
        (light / colors.len() as f64 + FLOOR).log2()
    };
    let [red, green, blue] = [0, 1, 2].map(mean);
    let outside = |value: f64, (low, high): (f64, f64)| (low - value).max(value - high).max(0.0);
    Some(outside(red - blue, RED_BLUE_EV).hypot(outside(red + blue - 2.0 * green, MAGENTA_GREEN_EV)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skin_of_any_tone_is_natural_and_a_lamp_or_no_colour_is_not() {
        let of = |color: [u8; 3]| light_colour_ev(&AlignedFace::made_up(|_, _| color)).expect("two cheeks");
        for skin in [[236, 200, 184], [198, 150, 125], [92, 58, 45]] {
            assert_eq!(of(skin), 0.0, "{skin:?}");
        }
        assert!((of([128; 3]) - 0.3).abs() < 0.01);
        for lit in [[200, 60, 55], [60, 170, 60], [70, 80, 190]] {
            assert!(of(lit) > 0.5, "{lit:?} {}", of(lit));
        }
    }
}
