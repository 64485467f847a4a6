//! Finds faces in a photo: runs a detector on the whole picture and maps what it finds back.

use super::blaze::{Anchors, Detection, detections};
use super::landmarks::Landmarks;
use super::mesh::mesh;
use super::{FaceError, FaceModels, FaceNetwork};
use crate::geometry::{Point, Rect, Similarity};
use crate::imaging::{
    ChannelOrder, Layout, Normalisation, Pyramid, QuarterTurn, TensorFormat, letterbox, warp_to_tensor,
};

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

/// The faces of a selfie, the largest first, and the mesh of the largest.
///
/// The near detector looks first. Where it sees nothing, the far one looks in all four quarter
/// turns, so that a face too far away or a phone held sideways is told apart from no face.
///
/// # Errors
/// The machine's fault only.
pub fn selfie_faces(
    photo: &Pyramid,
    models: &mut FaceModels,
) -> Result<(Vec<Detection>, Option<Face>), FaceError> {
    let mut found = detect(photo, models.near.as_mut(), Anchors::NEAR, QuarterTurn::None)?;
    if found.is_empty() {
        found = best_turn(photo, models)?;
    }
    found.sort_by(|a, b| b.face.area().total_cmp(&a.face.area()));
    for (rank, detection) in found.iter().enumerate() {
        if let Some(face) = with_mesh(photo, *detection, models)? {
            let faces = found.split_off(rank);
            return Ok((faces, Some(face)));
        }
    }
    Ok((Vec::new(), None))
}

/// The portrait on a card somewhere in the photo, whichever way the card was held.
///
/// # Errors
/// The machine's fault only.
pub fn portrait_face(photo: &Pyramid, models: &mut FaceModels) -> Result<Option<Face>, FaceError> {
    for detection in best_turn(photo, models)? {
        if let Some(face) = with_mesh(photo, detection, models)? {
            return Ok(Some(face));
        }
    }
    Ok(None)
}

/// Faces in the quarter turn whose best face is the most certain, best first.
fn best_turn(photo: &Pyramid, models: &mut FaceModels) -> Result<Vec<Detection>, FaceError> {
    let mut best: Vec<Detection> = Vec::new();
    for turn in QuarterTurn::ALL {
        let found = detect(photo, models.far.as_mut(), Anchors::FAR, turn)?;
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

/// The detection with its mesh, or `None` where the mesh model says that this is no face.
fn with_mesh(
    photo: &Pyramid,
    detection: Detection,
    models: &mut FaceModels,
) -> Result<Option<Face>, FaceError> {
    let [left, right, ..] = detection.keypoints;
    let found = mesh(photo, &detection.face, (left, right), models.mesh.as_mut())?;
    Ok(found.map(|(landmarks, presence)| Face { detection, landmarks, presence }))
}

/// Runs a detector over the whole photo turned by `turn`; results are in the photo's frame, best
/// first.
fn detect(
    photo: &Pyramid,
    network: &mut dyn FaceNetwork,
    anchors: Anchors,
    turn: QuarterTurn,
) -> Result<Vec<Detection>, FaceError> {
    let (width, height) = (photo.base().width(), photo.base().height());
    let to_photo = letterbox(anchors.input_side, width, height, turn);
    let input = warp_to_tensor(photo, &to_photo, anchors.input_side, anchors.input_side, &INPUT);
    let output = network.run(input.view().into_dyn())?;
    let [boxes, scores] = output.as_slice() else {
        return Err(FaceError::Output { model: "face detector", expected: "boxes and scores" });
    };
    let found = detections(&boxes.view(), &scores.view(), anchors);
    Ok(found.into_iter().map(|d| in_photo(d, &to_photo)).collect())
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
