//! The squares on both cheeks in which light and colour of the skin are taken.

use std::ops::Range;

use crate::face::aligned::{AlignedFace, INTER_EYE_PX, SIDE};
use crate::geometry::Point;

/// Side of the square on each cheek, in inter-eye distances (ISO illumination uniformity).
const SQUARE_IED: f32 = 0.3;

/// Columns and rows of the square about `center`, within the crop.
fn square(center: Point) -> (Range<usize>, Range<usize>) {
    let half = SQUARE_IED * INTER_EYE_PX / 2.0;
    let range = |middle: f32| {
        let bound = |v: f32| v.round().clamp(0.0, SIDE as f32) as usize;
        bound(middle - half)..bound(middle + half)
    };
    (range(center.x), range(center.y))
}

/// Luma of both cheeks, image-left first.
pub(super) fn luma_of_cheeks(face: &AlignedFace) -> [Vec<u8>; 2] {
    face.cheeks.map(|center| {
        let (columns, rows) = square(center);
        rows.flat_map(|y| face.luma.row(y as u32)[columns.clone()].iter().copied()).collect()
    })
}

/// Red, green and blue of both cheeks together.
pub(super) fn colors_of_cheeks(face: &AlignedFace) -> Vec<[u8; 3]> {
    let pixels = |center: Point| {
        let (columns, rows) = square(center);
        rows.flat_map(move |y| face.rgb.row(y as u32)[columns.clone()].iter().copied())
    };
    face.cheeks.into_iter().flat_map(pixels).collect()
}
