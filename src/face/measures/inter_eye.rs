//! Size of the face: inter-eye distance (ISO).

use crate::face::landmarks::Landmarks;
use crate::face::pose::Pose;
use crate::score::sigmoid;

/// A yaw beyond this no longer shortens the distance measurably: both eyes are hardly visible.
const YAW_MAX_DEG: f32 = 75.0;

/// Distance between the eye centres over the cosine of the yaw, in pixels of the frame in which
/// one pixel of the landmarks' frame spans `1 / scale`.
pub fn inter_eye_distance_px(landmarks: &Landmarks, pose: &Pose, scale: f32) -> f64 {
    let yaw = pose.yaw_deg.abs().min(YAW_MAX_DEG).to_radians();
    f64::from(landmarks.inter_eye_distance() / yaw.cos() / scale)
}

/// ISO/IEC 29794-5 component value, 0 to 100.
pub(super) fn component(native: f64) -> f64 {
    100.0 * sigmoid(native, 70.0, 20.0)
}
