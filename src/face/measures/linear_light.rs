//! From sRGB grey levels to linear light, as the standard's luminance measures want it.

use std::sync::LazyLock;

/// Linear light 0 to 1 for each sRGB grey level (IEC 61966-2-1).
static LINEAR: LazyLock<[f64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|grey| {
        let v = grey as f64 / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
});

/// Linear light 0 to 1 of an sRGB grey level.
pub(super) fn linear(grey: u8) -> f64 {
    LINEAR[usize::from(grey)]
}

/// Linear light 0 to 255 for each sRGB grey level: `floor(255 Y + 0.5)` (ISO).
static LINEAR_8: LazyLock<[u8; 256]> =
    LazyLock::new(|| LINEAR.map(|light| (255.0 * light + 0.5).floor() as u8));

/// Linear light 0 to 255 of an sRGB grey level.
pub(super) fn linear_8(grey: u8) -> u8 {
    LINEAR_8[usize::from(grey)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dark_and_bright_limits_lie_at_the_known_greys() {
        assert!(linear_8(88) <= 25 && linear_8(90) > 25);
        assert!(linear_8(251) < 248 && linear_8(252) >= 247);
        assert_eq!((linear_8(0), linear_8(255)), (0, 255));
    }
}
