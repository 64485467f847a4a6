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

/// Where the box of a mesh lies beside the box of the near detector: this many times as large, and
/// its middle higher by this share of the detector's box. Means over London, LFW and ORL (580
/// photos; deviations of 0.04 and 0.03).
const MESH_OF_DETECTION: (f32, f32) = (1.05, 0.045);

/// How far the crop that a mesh asks for may lie beside the crop it was fitted in: the ratio of their
/// sizes, the distance of their middles as a share of the crop's side, and the angle between them. Within this the
/// points move by about a hundredth of the inter-eye distance with another fit; it takes in nine in
/// ten faces.
const SETTLED: (f32, f32, f32) = (1.1, 0.05, 0.1);

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
/// A face that lies otherwise in its crop than the detector's box promised is fitted again, in the
/// crop that the first mesh asks for; the mesh then hardly depends on how well the detector placed its
/// box.
///
/// # Errors
/// The machine's fault only.
pub(super) fn mesh(
    photo: &Pyramid,
    face: &Rect,
    eyes: (Point, Point),
    network: &mut dyn Network,
) -> Result<Option<(Landmarks, f32)>, FaceError> {
    let Some(crop) = Crop::of_detection(face, eyes) else { return Ok(None) };
    let Some((landmarks, presence)) = fit(photo, &crop, network)? else { return Ok(None) };
    match Crop::of_mesh(&landmarks) {
        Some(wanted) if wanted.is_settled_in(&crop) => Ok(Some((landmarks, presence))),
        Some(wanted) => fit(photo, &wanted, network),
        None => Ok(None),
    }
}

/// A square of the photo, turned so that the eyes lie level.
struct Crop {
    middle: Point,
    side_px: f32,
    angle_rad: f32,
}

impl Crop {
    fn of_detection(face: &Rect, eyes: (Point, Point)) -> Option<Self> {
        let (larger, higher) = MESH_OF_DETECTION;
        let angle_rad = angle_of(eyes);
        let (up, side) = (higher * face.width.max(face.height), face.width.max(face.height) * larger);
        let middle = face.center();
        let middle = Point::new(middle.x + up * angle_rad.sin(), middle.y - up * angle_rad.cos());
        Self::usable(middle, CROP_FACTOR * side, angle_rad)
    }

    fn of_mesh(landmarks: &Landmarks) -> Option<Self> {
        let face = Rect::around(landmarks.points().iter().map(|p| p.flat()))?;
        let angle_rad = angle_of((landmarks.image_left_eye(), landmarks.image_right_eye()));
        Self::usable(face.center(), CROP_FACTOR * face.width.max(face.height), angle_rad)
    }

    fn usable(middle: Point, side_px: f32, angle_rad: f32) -> Option<Self> {
        let usable = side_px > 0.0 && side_px.is_finite() && angle_rad.is_finite();
        usable.then_some(Self { middle, side_px, angle_rad })
    }

    fn is_settled_in(&self, other: &Self) -> bool {
        let (ratio_max, away_max, turn_max_rad) = SETTLED;
        let ratio = self.side_px / other.side_px;
        let turn = (self.angle_rad - other.angle_rad).sin_cos();
        ratio.max(1.0 / ratio) < ratio_max
            && self.middle.distance(other.middle) < away_max * other.side_px
            && turn.0.atan2(turn.1).abs() < turn_max_rad
    }
}

fn angle_of((left, right): (Point, Point)) -> f32 {
    (right.y - left.y).atan2(right.x - left.x)
}

fn fit(
    photo: &Pyramid,
    crop: &Crop,
    network: &mut dyn Network,
) -> Result<Option<(Landmarks, f32)>, FaceError> {
    let scale = crop.side_px / INPUT_SIDE as f32;
    let to_photo = Similarity::square_crop(INPUT_SIDE as f32, crop.middle, scale, crop.angle_rad);
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
