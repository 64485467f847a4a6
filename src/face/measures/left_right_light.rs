//! Light from one side: the difference between the cheeks.

use super::linear_light::linear;
use crate::face::aligned::{AlignedFace, INTER_EYE_PX, SIDE};
use crate::geometry::Point;

/// Side of the square on each cheek, in inter-eye distances (ISO illumination uniformity).
const SQUARE_IED: f32 = 0.3;

/// Linear light below which a cheek counts as black: one grey level of 255 in sRGB.
const BLACK: f64 = 3.0e-4;

/// Difference of the mean linear light of the two cheeks in stops, without sign: 1 means that
/// one cheek gets twice the light of the other. Stops are the same for every tone of skin.
pub fn left_right_light_ev(face: &AlignedFace) -> f64 {
    let [left, right] = face.cheeks.map(|center| mean_light(face, center).max(BLACK));
    (left / right).log2().abs()
}

fn mean_light(face: &AlignedFace, center: Point) -> f64 {
    let half = SQUARE_IED * INTER_EYE_PX / 2.0;
    let range = |middle: f32| {
        let bound = |v: f32| v.round().clamp(0.0, SIDE as f32) as usize;
        bound(middle - half)..bound(middle + half)
    };
    let rows = face.luma.bytes().chunks_exact(SIDE as usize);
    let rows = rows.skip(range(center.y).start).take(range(center.y).len());
    let (sum, count) = rows
        .flat_map(|row| &row[range(center.x)])
        .fold((0.0, 0usize), |(sum, count), grey| (sum + linear(*grey), count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}
