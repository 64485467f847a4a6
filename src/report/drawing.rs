//! A photo with what the measures saw drawn into it: boxes, points and values, for people.

use super::json::rounded;
use crate::assess::Seen;
use crate::evidence::{Measure, Measured, PhotoAssessment};
use crate::geometry::Point;
use crate::imaging::{GLYPH_PX, Rgb, draw_cross, draw_label, draw_rect};
use crate::score::Finite;

const MEASURED: [u8; 3] = [0, 230, 90];
const OTHER: [u8; 3] = [255, 170, 0];
const MESH: [u8; 3] = [90, 200, 255];
const TEXT: [u8; 3] = [255, 255, 255];

/// For each so many pixels of the longer side, lines and characters grow by one size.
const LABEL_UNIT_PX: u32 = 640;

/// The decoded photo with every detected face, the mesh of the measured one, and all values.
pub fn drawn(seen: &Seen, assessment: &PhotoAssessment) -> Rgb {
    let mut picture = seen.photo.rgb().clone();
    let size = picture.width().max(picture.height()).div_ceil(LABEL_UNIT_PX).max(1);
    if let Some(face) = &seen.face {
        for point in face.landmarks.points() {
            draw_cross(&mut picture, point.flat(), (size - 1) as f32, MESH);
        }
    }
    for (rank, detection) in seen.faces.iter().enumerate() {
        let color = if rank == 0 && seen.face.is_some() { MEASURED } else { OTHER };
        draw_rect(&mut picture, detection.face, 2 * size, color);
        for keypoint in detection.keypoints {
            draw_cross(&mut picture, keypoint, 4.0 * size as f32, color);
        }
        let below = Point::new(detection.face.x, detection.face.y + detection.face.height);
        draw_label(&mut picture, below, &format!("{:.2}", detection.score), size, color);
    }
    for (row, line) in lines(assessment).iter().enumerate() {
        let line_px = (GLYPH_PX + 2) * size;
        draw_label(&mut picture, Point::new(0.0, (row as u32 * line_px) as f32), line, size, TEXT);
    }
    picture
}

fn lines(assessment: &PhotoAssessment) -> Vec<String> {
    let line = |measure: &Measure, reading: &Measured<Finite>| match reading {
        Measured::Value(value) => format!("{} {} {}", measure.id(), rounded(value.get()), measure.unit()),
        Measured::FailureToAssess(reason) => format!("{} not assessed: {reason}", measure.id()),
    };
    assessment.readings.iter().map(|(measure, reading)| line(measure, reading)).collect()
}
