//! The reduced scales a photo can be decoded at.

/// Eighths of the full size: 8, 4, 2 or 1. These are the scales at which libjpeg's inverse DCT is
/// fast; other formats are averaged down to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale(u8);

impl Scale {
    /// The smallest scale at which a side of `long_side` px keeps at least `long_side_min_px`;
    /// full size where there is none.
    pub(super) fn smallest_with(long_side: u32, long_side_min_px: u32) -> Self {
        let enough = |eighths: &u8| Self(*eighths).of(long_side) >= long_side_min_px;
        Self([1, 2, 4].into_iter().find(enough).unwrap_or(8))
    }

    /// 8, 4, 2 or 1.
    pub(super) fn eighths(self) -> u8 {
        self.0
    }

    /// Full-size pixels per decoded pixel along each axis: 1, 2, 4 or 8.
    pub(super) fn factor(self) -> u32 {
        8 / u32::from(self.0)
    }

    /// A side of `side` px at this scale, rounded up: the last pixel may cover less than the rest.
    pub(super) fn of(self, side: u32) -> u32 {
        side.div_ceil(self.factor())
    }

    /// Decoded pixels per full-size pixel: 1, 0.5, 0.25 or 0.125.
    pub(super) fn ratio(self) -> f32 {
        f32::from(self.0) / 8.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_scale_that_is_large_enough_is_taken() {
        let eighths = |side, min| Scale::smallest_with(side, min).eighths();
        assert_eq!(eighths(4000, 500), 1);
        assert_eq!(eighths(4000, 501), 2);
        assert_eq!(eighths(4000, 1600), 4);
        assert_eq!(eighths(4000, 2001), 8);
        assert_eq!(eighths(300, 1600), 8);
        assert_eq!(eighths(300, 0), 1);
        assert_eq!(Scale::smallest_with(4001, 1600).of(4001), 2001);
    }
}
