//! How far the mouth is open (ISO mouth closed).

use crate::face::landmarks::Landmarks;
use crate::score::sigmoid;

/// The widest of three gaps between the inner lips, over the distance from the middle between the
/// eyes to the chin. Closed lips lie below 0.02, a smile that shows teeth near 0.1.
pub fn mouth_gap(landmarks: &Landmarks) -> f64 {
    let widest = landmarks.lip_gaps().into_iter().fold(0.0, f32::max);
    f64::from(widest / landmarks.eyes_to_chin())
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    100.0 * (1.0 - sigmoid(native, 0.2, 0.06))
}
