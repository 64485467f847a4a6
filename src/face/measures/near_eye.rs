//! How near an eye comes to the border of the photo: the first sign of a cropped face.

use crate::face::landmarks::Landmarks;

/// Distance from the eye nearest a border to that border, in inter-eye distances. Negative where
/// an eye lies outside. `width` and `height` are those of the landmarks' frame.
pub fn near_eye_to_border_ied(landmarks: &Landmarks, width: u32, height: u32) -> f64 {
    let eyes = [landmarks.image_left_eye(), landmarks.image_right_eye()];
    let margins = eyes.map(|eye| eye.x.min(eye.y).min(width as f32 - eye.x).min(height as f32 - eye.y));
    f64::from(margins[0].min(margins[1]) / landmarks.inter_eye_distance())
}
