//! Finds faces in a photo: runs a detector on the whole picture and maps what it finds back.

use super::blaze::{Anchors, Detection, detections, merged};
use super::landmarks::Landmarks;
use super::mesh::mesh;
use super::{FaceError, FaceModels};
use crate::geometry::{Point, Rect, Similarity};
use crate::imaging::{
    ChannelOrder, Layout, Normalisation, Pyramid, QuarterTurn, TensorFormat, letterbox, warp_to_tensor,
};
use crate::inference::Network;

/// Confidence of an upright face on a card from which no other way of holding the card is tried.
const CERTAIN: f32 = 0.8;

/// Both detectors were trained on red, green, blue from -1 to 1.
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::MINUS_ONE_TO_ONE,
};

/// A face with its mesh, in the frame of the decoded photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// What the detector saw.
    pub detection: Detection,
    /// Where the mesh lies.
    pub landmarks: Landmarks,
    /// Probability of the mesh model that its crop shows a face, 0 to 1.
    pub presence: f32,
}

/// A way of looking for faces in a photo.
type Search = fn(&Pyramid, &mut FaceModels) -> Result<Vec<Detection>, FaceError>;

/// The faces of a selfie, the largest first, and the mesh of the largest.
///
/// The near detector looks first. Only where it sees nothing does the far one look as well, then
/// closer, then in the other quarter turns: a face too far away or a phone held sideways is told
/// apart from no face at all.
///
/// # Errors
/// The machine's fault only.
pub fn selfie_faces(
    photo: &Pyramid,
    models: &mut FaceModels,
) -> Result<(Vec<Detection>, Option<Face>), FaceError> {
    let searches: [Search; 4] = [
        |photo, models| detect_whole(photo, models.near.as_mut(), Anchors::NEAR, QuarterTurn::None),
        |photo, models| detect_whole(photo, models.far.as_mut(), Anchors::FAR, QuarterTurn::None),
        closer,
        best_turn,
    ];
    for search in searches {
        let mut found = search(photo, models)?;
        found.sort_by(|a, b| b.face.area().total_cmp(&a.face.area()));
        if let Some((rank, face)) = first_with_mesh(photo, &found, models)? {
            return Ok((found.split_off(rank), Some(face)));
        }
    }
    Ok((Vec::new(), None))
}

/// The largest face in a square of the photo: `side_px` pixels wide about `center`, its upper
/// side along `angle_rad` clockwise from the right, as a portrait on a card whose place is known.
///
/// # Errors
/// The machine's fault only.
pub fn face_within(
    photo: &Pyramid,
    center: Point,
    side_px: f32,
    angle_rad: f32,
    models: &mut FaceModels,
) -> Result<Option<Face>, FaceError> {
    let input_side = Anchors::NEAR.input_side as f32;
    let to_photo = Similarity::square_crop(input_side, center, side_px / input_side, angle_rad);
    let mut found = detect(photo, &to_photo, models.near.as_mut(), Anchors::NEAR)?;
    found.sort_by(|a, b| b.face.area().total_cmp(&a.face.area()));
    Ok(first_with_mesh(photo, &found, models)?.map(|(_, face)| face))
}

/// The first of the detections that the mesh model takes for a face, and its rank.
fn first_with_mesh(
    photo: &Pyramid,
    found: &[Detection],
    models: &mut FaceModels,
) -> Result<Option<(usize, Face)>, FaceError> {
    for (rank, detection) in found.iter().enumerate() {
        let [left, right, ..] = detection.keypoints;
        let fitted = mesh(photo, &detection.face, (left, right), models.mesh.as_mut())?;
        if let Some((landmarks, presence)) = fitted {
            return Ok(Some((rank, Face { detection: *detection, landmarks, presence })));
        }
    }
    Ok(None)
}

/// Faces that are small in the photo, best first: the far detector on overlapping squares of half
/// the longer side, upright.
fn closer(photo: &Pyramid, models: &mut FaceModels) -> Result<Vec<Detection>, FaceError> {
    let (width, height) = (photo.base().width() as f32, photo.base().height() as f32);
    let side = width.max(height) / 2.0;
    let scale = side / Anchors::FAR.input_side as f32;
    let mut found = Vec::new();
    for y in starts(height, side) {
        for x in starts(width, side) {
            let to_photo = Similarity::new(scale, 0.0, Point::new(x, y));
            found.extend(detect(photo, &to_photo, models.far.as_mut(), Anchors::FAR)?);
        }
    }
    Ok(merged(found))
}

/// Where squares of `side` begin that cover `length` with an overlap of half and more; one in the
/// middle where a square is longer.
fn starts(length: f32, side: f32) -> impl Iterator<Item = f32> {
    let room = length - side;
    let steps = (room / (side / 2.0)).ceil().max(0.0) as u32;
    (0..=steps).map(move |i| if steps == 0 { room / 2.0 } else { room * i as f32 / steps as f32 })
}

/// Faces in the quarter turn whose best face is the most certain, best first.
fn best_turn(photo: &Pyramid, models: &mut FaceModels) -> Result<Vec<Detection>, FaceError> {
    let mut best: Vec<Detection> = Vec::new();
    for turn in QuarterTurn::ALL {
        let found = detect_whole(photo, models.far.as_mut(), Anchors::FAR, turn)?;
        let score = |faces: &[Detection]| faces.first().map_or(0.0, |d| d.score);
        if score(&found) > score(&best) {
            best = found;
        }
        if score(&best) >= CERTAIN {
            break;
        }
    }
    Ok(best)
}

/// Runs a detector over the whole photo turned by `turn`.
fn detect_whole(
    photo: &Pyramid,
    network: &mut dyn Network,
    anchors: Anchors,
    turn: QuarterTurn,
) -> Result<Vec<Detection>, FaceError> {
    let (width, height) = (photo.base().width(), photo.base().height());
    detect(photo, &letterbox(anchors.input_side, width, height, turn), network, anchors)
}

/// Runs a detector over the square of the photo that `to_photo` maps its input to; results are in
/// the photo's frame, best first.
fn detect(
    photo: &Pyramid,
    to_photo: &Similarity,
    network: &mut dyn Network,
    anchors: Anchors,
) -> Result<Vec<Detection>, FaceError> {
    let input = warp_to_tensor(photo, to_photo, anchors.input_side, anchors.input_side, &INPUT);
    let output = network.run(input.view().into_dyn())?;
    let [boxes, scores] = output.as_slice() else {
        return Err(FaceError::Output { model: "face detector", expected: "boxes and scores" });
    };
    let found = detections(&boxes.view(), &scores.view(), anchors);
    Ok(found.into_iter().map(|d| in_photo(d, to_photo)).collect())
}

/// A detection of the input's frame in the photo's frame; the box stays axis-aligned.
fn in_photo(detection: Detection, to_photo: &Similarity) -> Detection {
    let Rect { x, y, width, height } = detection.face;
    let corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)];
    let corners = corners.map(|(x, y)| to_photo.apply(Point::new(x, y)));
    Detection {
        face: Rect::around(corners).unwrap_or(detection.face),
        keypoints: detection.keypoints.map(|p| to_photo.apply(p)),
        score: detection.score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_cover_the_length() {
        let of = |length, side| starts(length, side).collect::<Vec<_>>();
        assert_eq!(of(1280.0, 640.0), [0.0, 320.0, 640.0]);
        assert_eq!(of(720.0, 640.0), [0.0, 80.0]);
        assert_eq!(of(640.0, 640.0), [0.0]);
        assert_eq!(of(500.0, 640.0), [-70.0]);
    }
}
