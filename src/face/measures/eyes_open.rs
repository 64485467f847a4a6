//! How far the eyes are open (ISO eyes open, native value).

use crate::face::landmarks::Landmarks;
use crate::score::sigmoid;

/// The wider of the three lid gaps of the less open eye, over the distance from the middle
/// between the eyes to the chin. Open eyes lie near 0.05, closed ones below 0.02.
pub fn eyes_open(landmarks: &Landmarks) -> f64 {
    let widest = landmarks.lid_gaps().map(|gaps| gaps.into_iter().fold(0.0, f32::max));
    f64::from(widest[0].min(widest[1]) / landmarks.eyes_to_chin())
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    100.0 * sigmoid(native, 0.02, 0.01)
}
