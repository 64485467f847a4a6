//! A photo with what the measures saw drawn into it: boxes, points and values, for people.

use crate::assess::Seen;
use crate::card::CardSide;
use crate::card::layout::Zone;
use crate::evidence::{Measure, Measured, PhotoAssessment};
use crate::geometry::{Point, Quad};
use crate::imaging::{GLYPH_PX, Rgb, draw_cross, draw_label, draw_line, draw_rect};
use crate::score::Finite;

const MEASURED: [u8; 3] = [0, 230, 90];
const OTHER: [u8; 3] = [255, 170, 0];
const MESH: [u8; 3] = [90, 200, 255];
const TEXT: [u8; 3] = [255, 255, 255];

/// For each so many pixels of the longer side, lines and characters grow by one size.
const LABEL_UNIT_PX: u32 = 640;

/// From one line of text to the next at size 1.
const LINE_PX: u32 = GLYPH_PX + 4;

/// The decoded photo with the card (a cross at its upper left corner) and its zones, every detected
/// face and the mesh of the measured one drawn in, and all values in a panel at its right.
pub fn drawn(seen: &Seen, assessment: &PhotoAssessment) -> Rgb {
    let photo = seen.photo.rgb();
    let size = photo.width().max(photo.height()).div_ceil(LABEL_UNIT_PX).max(1);
    let lines = lines(assessment);
    let mut picture = beside_panel(photo, &lines, size);
    if let Some(card) = &seen.card {
        let zones: &[Zone] = match card.side {
            Some(CardSide::Portrait) => &Zone::PORTRAIT_SIDE,
            Some(CardSide::Emblem) => &Zone::EMBLEM_SIDE,
            None => &[],
        };
        let map = &card.found.rectified.to_photo;
        for zone in zones {
            outline(&mut picture, &Quad::of_rect(&zone.px()).map(|p| map.apply(p)), MESH);
        }
        for other in &card.found.others {
            outline(&mut picture, other, OTHER);
        }
        outline(&mut picture, &card.found.quad, MEASURED);
        draw_cross(&mut picture, card.found.quad.corners[0], 6.0 * size as f32, MEASURED);
    }
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
    picture
}

fn outline(picture: &mut Rgb, quad: &Quad, color: [u8; 3]) {
    for (a, b) in quad.sides() {
        draw_line(picture, a, b, color);
    }
}

/// The photo with a black panel at its right that holds `lines`, its characters grown by `size`.
fn beside_panel(photo: &Rgb, lines: &[String], size: u32) -> Rgb {
    let (glyph_px, line_px) = (GLYPH_PX * size, LINE_PX * size);
    let characters = lines.iter().map(String::len).max().unwrap_or(0) as u32;
    let panel_width = (characters + 2) * glyph_px;
    let height = photo.height().max((lines.len() as u32 + 1) * line_px);
    let mut picture = Rgb::filled(photo.width() + panel_width, height, [0; 3]);
    let stride = picture.width() as usize;
    for (row, y) in picture.pixels_mut().chunks_exact_mut(stride).zip(0..photo.height()) {
        row[..photo.width() as usize].copy_from_slice(photo.row(y));
    }
    for (row, line) in lines.iter().enumerate() {
        let at = Point::new((photo.width() + glyph_px) as f32, ((row as u32 + 1) * line_px) as f32);
        draw_label(&mut picture, at, line, size, TEXT);
    }
    picture
}

fn lines(assessment: &PhotoAssessment) -> Vec<String> {
    let line = |measure: &Measure, reading: &Measured<Finite>| match reading {
        Measured::Value(value) => format!("{} {:.4}", measure.id(), value.get()),
        Measured::FailureToAssess(reason) => format!("{} not assessed: {reason}", measure.id()),
    };
    assessment.readings.iter().map(|(measure, reading)| line(measure, reading)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_leaves_the_photo_as_it_is() {
        let photo = Rgb::filled(30, 20, [9, 8, 7]);
        let lines = ["a 1.0000".to_owned(), "bc 2.0000".to_owned()];
        let picture = beside_panel(&photo, &lines, 1);
        assert_eq!((picture.width(), picture.height()), (30 + 11 * GLYPH_PX, 3 * LINE_PX));
        assert!((0..20).all(|y| picture.row(y)[..30] == *photo.row(y)));
        let lettered = picture.pixels().iter().filter(|pixel| **pixel == TEXT).count();
        assert!(lettered > 50, "{lettered}");
    }
}
