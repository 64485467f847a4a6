//! Weighing the four neighbours of a place, all channels at once.
//!
//! Knows neither maps nor borders: the neighbours are handed in.

use wide::bytemuck::cast;
use wide::{i16x8, i32x4, u8x16, u16x8};

/// Red, green and blue of a place, times 65,536; what the fourth lane holds means nothing.
pub(super) type Sums = i32x4;

/// Weighs a left pixel and the right one beside it, which lie one after the other at the beginning of
/// `upper` and of `lower`, by how far `[x, y]` lies to the right and down, 0 to 255 of 256.
///
/// Exact: what [`plain`] gives.
#[inline(always)]
pub(super) fn bilinear(upper: [u8; 8], lower: [u8; 8], [x, y]: [u8; 2]) -> Sums {
    let upper = across(upper, x);
    let lower = across(lower, x);
    // Up to 255 * 256, which takes all 16 bits; a signed product wants them about zero.
    let about_zero: i16x8 = cast((upper | (lower << 16)) ^ i32x4::splat(0x8000_8000_u32.cast_signed()));
    about_zero.dot(weights(y)) + i32x4::splat(0x8000 * 256)
}

/// Left and right weighed: each channel times 256.
#[inline(always)]
fn across(pair: [u8; 8], x: u8) -> i32x4 {
    let both = u64::from_le_bytes(pair);
    let [left, right]: [u8x16; 2] = [both, both >> 24].map(|pixel| cast([pixel.to_le(), 0]));
    let channels: i16x8 = cast(u16x8::from_u8x16_low(u8x16::unpack_low(left, right)));
    channels.dot(weights(x))
}

/// 256 - `second` and `second`, in turns.
#[inline(always)]
fn weights(second: u8) -> i16x8 {
    cast(i32x4::splat(256 + i32::from(second) * 0xffff))
}

/// The upper left, upper right, lower left and lower right neighbour weighed one channel at a time: the
/// weights add up to 65,536.
pub(super) fn plain(neighbours: [[u8; 3]; 4], [x, y]: [u8; 2]) -> [i32; 3] {
    let (right, lower) = (i32::from(x), i32::from(y));
    let (left, upper) = (256 - right, 256 - lower);
    let weights = [left * upper, right * upper, left * lower, right * lower];
    std::array::from_fn(|c| (0..4).map(|n| i32::from(neighbours[n][c]) * weights[n]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_channels_at_once_are_what_each_is_alone() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32).to_le_bytes()
        };
        let ends = [[[0; 8], [255; 8]], [[255; 8], [0; 8]], [[255; 8]; 2], [[0; 8]; 2]];
        let rows = ends.into_iter().chain((0..2000).map(|_| [next().map(|b| b.wrapping_mul(151)), next()]));
        for [upper, lower] in rows.collect::<Vec<_>>() {
            let pixel = |row: [u8; 8], first: usize| [row[first], row[first + 1], row[first + 2]];
            let neighbours = [pixel(upper, 0), pixel(upper, 3), pixel(lower, 0), pixel(lower, 3)];
            let [x, y, ..] = next();
            for at in [[x, y], [0, 0], [255, 255], [0, y], [x, 255]] {
                let [r, g, b, _] = bilinear(upper, lower, at).to_array();
                assert_eq!([r, g, b], plain(neighbours, at), "{upper:?} {lower:?} {at:?}");
            }
        }
    }
}
