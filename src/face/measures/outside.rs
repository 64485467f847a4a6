//! How much of the face lies outside the photo.

use crate::face::landmarks::Landmarks;

/// Share of the mesh's points outside a photo of `width` x `height` (the landmarks' frame). The
/// mesh goes on where the picture ends, as the face does.
pub fn face_outside_share(landmarks: &Landmarks, width: u32, height: u32) -> f64 {
    let (width, height) = (width as f32, height as f32);
    let inside = |x: f32, y: f32| (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
    let points = landmarks.points();
    points.iter().filter(|p| !inside(p.x, p.y)).count() as f64 / points.len() as f64
}
