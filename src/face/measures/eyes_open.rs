//! How far the eyes are open (ISO eyes open, native value).

use crate::face::landmarks::Landmarks;

/// The wider of the three lid gaps of the less open eye, over the distance from the middle
/// between the eyes to the chin. Open eyes lie near 0.05, closed ones below 0.02.
pub fn eyes_open(landmarks: &Landmarks) -> f64 {
    let eyes = landmarks.image_left_eye().midpoint(landmarks.image_right_eye());
    let face_height = eyes.distance(landmarks.chin());
    let widest = landmarks.lid_gaps().map(|gaps| gaps.into_iter().fold(0.0, f32::max));
    f64::from(widest[0].min(widest[1]) / face_height)
}
