//! Shares of the face that are too dark or burnt out.
//!
//! ISO/IEC 29794-5 counts linear light up to 25 of 255 as under-exposed. That is sRGB grey 88, the
//! middle of the scale, and follows the tone of the skin: of 80 well-lit studio portraits (Face
//! Research Lab London Set) it covers up to 95 % of a dark face. Here the limit lies where the
//! noise of a phone camera takes over instead, and no well-lit face comes near it.

use super::linear_light::linear_8;
use crate::face::aligned::AlignedFace;

/// Upper end of "dark", in linear light of 255: sRGB grey 38.
const DARK_MAX: u8 = 5;

/// Lower end of "burnt out", in linear light of 255: sRGB grey 251.5.
const BRIGHT_MIN: u8 = 247;

/// Share of the face whose linear light is at most 5 of 255.
pub fn under_exposed_share(face: &AlignedFace) -> f64 {
    share(face, |light| light <= DARK_MAX)
}

/// Share of the face whose linear light is at least 247 of 255 (ISO over-exposure).
pub fn over_exposed_share(face: &AlignedFace) -> f64 {
    share(face, |light| light >= BRIGHT_MIN)
}

/// Component value of the share that is too dark, 0 to 100: this project's, as its limit is.
pub(super) fn under_component(native: f64) -> f64 {
    100.0 * (1.0 - native)
}

/// ISO/IEC 29794-5 component value of the share that is burnt out, 0 to 100.
pub(super) fn over_component(native: f64) -> f64 {
    1.0 / (native + 0.01)
}

fn share(face: &AlignedFace, counts: impl Fn(u8) -> bool) -> f64 {
    let of = |counted: &dyn Fn(u8) -> bool| -> u32 {
        let levels = (0..=255u8).zip(face.skin_histogram);
        levels.filter(|(grey, _)| counted(linear_8(*grey))).map(|(_, pixels)| pixels).sum()
    };
    f64::from(of(&counts)) / f64::from(of(&|_| true))
}
