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
    let shoulders = eye_y + SHOULDERS_IED * INTER_EYE_PX;
    let mut magnitudes = [0.0; SIDE as usize];
    let (mut sum, mut count) = (0.0, 0usize);
    for y in (1..side - 1).take_while(|y| *y as f32 <= shoulders) {
        let rows = [y - 1, y, y + 1].map(|row| face.luma.row(row as u32));
        let down = (y as f32 - eye_y - below * INTER_EYE_PX) / half_y;
        // Half of the head's part of this row; at least the columns at its ends show background.
        let reach = half_x * (1.0 - down * down).max(0.0).sqrt();
        let (left_end, right) = ((eye_x - reach) as usize + 1, (eye_x + reach).ceil() as usize);
        for columns in [1..left_end, right..side - 1] {
            let magnitudes = &mut magnitudes[columns.clone()];
            gradient_magnitudes(rows.map(|row| &row[columns.start - 1..columns.end + 1]), magnitudes);
            count += magnitudes.len();
            for (magnitude, x) in magnitudes.iter_mut().zip(columns) {
                if !face.is_in_photo(x, y) {
                    *magnitude = 0.0;
                    count -= 1;
                }
            }
            sum += sum_of(magnitudes);
        }
    }
    (count >= PIXELS_MIN).then(|| sum / count as f64)
}

/// Magnitudes at the pixels of the middle one of three rows, which begin a pixel before the first and
/// end one behind the last. Nothing but operations element by element, so that the compiler can use vectors.
fn gradient_magnitudes([above, here, below]: [&[u8]; 3], magnitudes: &mut [f32]) {
    let count = magnitudes.len();
    let [a, h, b] = [above, here, below].map(|row| [&row[..count], &row[1..=count], &row[2..count + 2]]);
    for (x, magnitude) in magnitudes.iter_mut().enumerate() {
        let at = |row: &[u8]| i32::from(row[x]);
        let across = |[left, _, right]: [&[u8]; 3]| at(right) - at(left);
        let down = |column: usize| at(b[column]) - at(a[column]);
        let gx = 3 * (across(a) + across(b)) + 10 * across(h);
        let gy = 3 * (down(0) + down(2)) + 10 * down(1);
        *magnitude = ((gx * gx + gy * gy) as f32).sqrt();
    }
}

/// Sum in lanes, which do not wait for each other.
fn sum_of(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().chain(rest).map(|value| f64::from(*value)).sum()
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    190.0 * (1.0 - crate::score::sigmoid(native, 10.0, 100.0))
}
