//! Shares of the skin that are too dark or burnt out (ISO under-exposure and over-exposure).

use super::linear_light::linear_8;
use crate::face::aligned::AlignedFace;

/// Upper end of "dark", in linear light of 255: sRGB grey 88.
const DARK_MAX: u8 = 25;

/// Lower end of "burnt out", in linear light of 255: sRGB grey 251.5.
const BRIGHT_MIN: u8 = 247;

/// Share of the skin whose linear light is at most 25 of 255. Depends on the tone of the skin as
/// much as on the light, so that only a share near 1 speaks of darkness.
pub fn under_exposed_share(face: &AlignedFace) -> f64 {
    share(face, |light| light <= DARK_MAX)
}

/// Share of the skin whose linear light is at least 247 of 255.
pub fn over_exposed_share(face: &AlignedFace) -> f64 {
    share(face, |light| light >= BRIGHT_MIN)
}

fn share(face: &AlignedFace, counts: impl Fn(u8) -> bool) -> f64 {
    let (hits, all) = face
        .skin_luma()
        .fold((0usize, 0usize), |(hits, all), v| (hits + usize::from(counts(linear_8(v))), all + 1));
    hits as f64 / all as f64
}
