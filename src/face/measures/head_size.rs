//! Size of the head in the photo (ISO head size).

use crate::face::landmarks::Landmarks;
use crate::score::sigmoid;

/// How far the distance from eyes to chin, as a share of the photo's height, lies from the 0.45 of
/// a document portrait. `height_px` is that of the landmarks' frame.
pub fn head_size(landmarks: &Landmarks, height_px: u32) -> f64 {
    (f64::from(landmarks.eyes_to_chin()) / f64::from(height_px) - 0.45).abs()
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    200.0 * (1.0 - sigmoid(native, 0.0, 0.05))
}
