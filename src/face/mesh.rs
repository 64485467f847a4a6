//! Fits the 468-point face mesh to a detected face.

use super::FaceError;
use super::landmarks::{Landmarks, POINTS, Point3};
use crate::geometry::{Point, Rect, Similarity};
use crate::imaging::{ChannelOrder, Layout, Normalisation, Pyramid, TensorFormat, warp_to_tensor};
use crate::inference::Network;

/// Side of the mesh model's input in pixels.
const INPUT_SIDE: u32 = 192;

/// The crop is this much larger than the long side of the face's box (MediaPipe).
const CROP_FACTOR: f32 = 1.5;

/// The model was trained on red, green, blue from 0 to 1.
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::ZERO_TO_ONE,
};

/// Presence below which the crop shows no face: the operating point of the published graph
/// (MediaPipe `face_landmark`, `min_detection_confidence`).
const PRESENCE_MIN: f32 = 0.5;

/// The mesh of the face in the box `face` with the eyes at `eyes` (all in the photo's frame), and
/// the model's probability that this is a face. `None` where the model says it is not, or where
/// the box is degenerate.
///
/// The mesh is fitted twice: the first fit centres and turns the crop for the second, which is
/// then independent of how well the detector placed its box.
///
/// # Errors
/// The machine's fault only.
pub(super) fn mesh(
    photo: &Pyramid,
    face: &Rect,
    eyes: (Point, Point),
    network: &mut dyn Network,
) -> Result<Option<(Landmarks, f32)>, FaceError> {
    let Some(first) = fit(photo, face, eyes, network)? else { return Ok(None) };
    let (landmarks, _) = first;
    let eyes = (landmarks.image_left_eye(), landmarks.image_right_eye());
    let Some(face) = Rect::around(landmarks.points().iter().map(|p| p.flat())) else { return Ok(None) };
    fit(photo, &face, eyes, network)
}

fn fit(
    photo: &Pyramid,
    face: &Rect,
    (left, right): (Point, Point),
    network: &mut dyn Network,
) -> Result<Option<(Landmarks, f32)>, FaceError> {
    let angle_rad = (right.y - left.y).atan2(right.x - left.x);
    let scale = CROP_FACTOR * face.width.max(face.height) / INPUT_SIDE as f32;
    let usable = scale > 0.0 && scale.is_finite() && angle_rad.is_finite();
    if !usable {
        return Ok(None);
    }
    let to_photo = Similarity::square_crop(INPUT_SIDE as f32, face.center(), scale, angle_rad);
    let input = warp_to_tensor(photo, &to_photo, INPUT_SIDE, INPUT_SIDE, &INPUT);
    let output = network.run(input.view().into_dyn())?;
    let [points, flag] = output.as_slice() else {
        return Err(FaceError::Output { model: "face mesh", expected: "landmarks and face flag" });
    };
    let points: Vec<f32> = points.iter().copied().collect();
    if points.len() != 3 * POINTS {
        return Err(FaceError::Output { model: "face mesh", expected: "468 points of three numbers" });
    }
    let presence = flag.iter().next().map_or(0.0, |logit| 1.0 / (1.0 + (-logit).exp()));
    if presence.is_nan() || presence < PRESENCE_MIN {
        return Ok(None);
    }
    let in_photo = points.chunks_exact(3).map(|p| {
        let flat = to_photo.apply(Point::new(p[0], p[1]));
        Point3 { x: flat.x, y: flat.y, z: p[2] * scale }
    });
    Ok(Landmarks::new(in_photo.collect()).map(|landmarks| (landmarks, presence)))
}
