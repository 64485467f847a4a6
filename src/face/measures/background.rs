//! How uniform the background is (ISO background uniformity).

use crate::face::aligned::{AlignedFace, INTER_EYE_PX, SIDE};

/// Half axes of the ellipse about the head and its hair, in inter-eye distances, and how far its
/// middle lies below the eyes: wide enough for ears and most hair.
const HEAD_IED: ([f32; 2], f32) = ([1.75, 2.4], 0.35);

/// Rows further below the eyes than this show neck and shoulders, in inter-eye distances.
const SHOULDERS_IED: f32 = 1.2;

/// Fewest pixels of background from which a mean means anything: a hundredth of the crop.
const PIXELS_MIN: usize = 900;

/// Mean magnitude of the Scharr gradient (kernel 3, 10, 3, not divided) of the luma beside and
/// above the head in the aligned crop; 0 for a plain wall. `None` where the photo shows too little
/// beside the head.
pub fn background_gradient(face: &AlignedFace) -> Option<f64> {
    let side = SIDE as usize;
    let [eye_x, eye_y] = AlignedFace::EYE_MIDDLE;
    let ([half_x, half_y], below) = HEAD_IED;
    let (half_x, half_y) = (half_x * INTER_EYE_PX, half_y * INTER_EYE_PX);
    let (mut sum, mut count) = (0.0, 0usize);
    let shoulders = eye_y + SHOULDERS_IED * INTER_EYE_PX;
    for y in (1..side - 1).take_while(|y| *y as f32 <= shoulders) {
        let [above, here, under] = [y - 1, y, y + 1].map(|row| face.luma.row(row as u32));
        let down = (y as f32 - eye_y - below * INTER_EYE_PX) / half_y;
        // The head's part of this row.
        let reach = half_x * (1.0 - down * down).max(0.0).sqrt();
        let head = |x: usize| (x as f32 - eye_x).abs() < reach;
        for x in (1..side - 1).filter(|x| !head(*x) && face.is_in_photo(*x, y)) {
            let at = |row: &[u8], x: usize| i32::from(row[x]);
            let across = |row: &[u8]| at(row, x + 1) - at(row, x - 1);
            let down = |x: usize| at(under, x) - at(above, x);
            let gx = 3 * across(above) + 10 * across(here) + 3 * across(under);
            let gy = 3 * down(x - 1) + 10 * down(x) + 3 * down(x + 1);
            sum += f64::from(((gx * gx + gy * gy) as f32).sqrt());
            count += 1;
        }
    }
    (count >= PIXELS_MIN).then(|| sum / count as f64)
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    190.0 * (1.0 - crate::score::sigmoid(native, 10.0, 100.0))
}
