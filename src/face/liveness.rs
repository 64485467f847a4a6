//! Passive presentation attack detection: whether a frame shows a live person or a picture of one.
//!
//! Behind a small trait, so that another detector, or a fake, can take its place. Says nothing of
//! when a score is too low: the policy does.
//!
//! The convention of the box, which moves the scores and is therefore fixed here: a frame is scored
//! on the near detector's box (a square from the brows to the chin), scaled about its middle by 2.7
//! for MiniFASNet V2 and by 4 for V1SE, shrunk where that is more than the photo and shifted to lie
//! in it, cut off to whole pixels and resized as in training (`imaging::plain_resized`).

use super::{Detection, FaceError};
use crate::evidence::{Measured, Reason};
use crate::geometry::Rect;
use crate::imaging::{Area, ChannelOrder, Layout, Normalisation, Rgb, TensorFormat, plain_resized};
use crate::inference::{Network, names};
use crate::score::Finite;

/// Names in the manifest of the networks of [`MiniFasNet`], in the order of its fields.
pub const LIVENESS_MODELS: [&str; 2] = [names::FACE_PAD_V2, names::FACE_PAD_V1SE];

/// Side of both networks' input in pixels.
const INPUT_SIDE: u32 = 80;

/// Both were trained on blue, green, red from 0 to 255.
const INPUT: TensorFormat =
    TensorFormat { layout: Layout::Nchw, order: ChannelOrder::Bgr, normalisation: Normalisation::IDENTITY };

/// By how much each network's crop is larger than the box (upstream, in the checkpoints' names).
const V2_SCALE: f32 = 2.7;
const V1SE_SCALE: f32 = 4.0;

/// The class of a live face among the three outputs (upstream `test.py`).
const LIVE: usize = 1;

/// Tells live faces from pictures of faces.
pub trait PresentationAttackDetector: Send {
    /// How sure it is, 0 to 1, that the frame shows a live person with this face, in the frame of
    /// `photo`. Only asked where a face was found: what shows no face has no score that means
    /// anything.
    ///
    /// # Errors
    /// The machine's fault only.
    fn liveness(&mut self, photo: &Rgb, face: &Detection) -> Result<Measured<Finite>, FaceError>;
}

/// Silent-Face-Anti-Spoofing's pair of networks: the mean of both probabilities of a live face.
pub struct MiniFasNet {
    /// MiniFASNet V2: 1 x 3 x 80 x 80 to probabilities 1 x 3.
    pub v2: Box<dyn Network>,
    /// MiniFASNet V1SE: the same.
    pub v1se: Box<dyn Network>,
}

impl PresentationAttackDetector for MiniFasNet {
    fn liveness(&mut self, photo: &Rgb, face: &Detection) -> Result<Measured<Finite>, FaceError> {
        let mut sum = 0.0;
        for (network, scale) in [(&mut self.v2, V2_SCALE), (&mut self.v1se, V1SE_SCALE)] {
            let Some(area) = surroundings(photo, &face.face, scale) else {
                return Ok(Measured::FailureToAssess(Reason::TooLittleToMeasure));
            };
            let input = plain_resized(photo, area, INPUT_SIDE, INPUT_SIDE, &INPUT);
            let output = network.run(input.view().into_dyn())?;
            let live = match output.as_slice() {
                [probabilities] if probabilities.len() == 3 => probabilities.iter().nth(LIVE),
                _ => None,
            };
            sum += live.ok_or(FaceError::Output { model: "liveness", expected: "three probabilities" })?;
        }
        Ok(Measured::number(sum / 2.0))
    }
}

/// The box times `scale` about its middle, no larger than the photo, shifted to lie in it, in whole
/// pixels; `None` for a box without extent.
fn surroundings(photo: &Rgb, face: &Rect, scale: f32) -> Option<Area> {
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let scale = scale.min((width - 1.0) / face.width).min((height - 1.0) / face.height);
    let usable = face.width > 0.0 && face.height > 0.0 && scale.is_finite() && scale > 0.0;
    if !usable {
        return None;
    }
    let center = face.center();
    let span = |middle: f32, extent: f32, side: f32| {
        let begin = (middle - extent / 2.0).min(side - extent).max(0.0);
        (begin as u32, (begin + extent).min(side) as u32)
    };
    let (left, right) = span(center.x, face.width * scale, width);
    let (upper, lower) = span(center.y, face.height * scale, height);
    Area::within(photo, left, upper, right, lower)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, ArrayViewD, IxDyn};

    use super::*;
    use crate::geometry::Point;
    use crate::inference::FakeNetwork;

    fn detection(x: f32, y: f32, width: f32, height: f32) -> Detection {
        Detection { face: Rect { x, y, width, height }, keypoints: [Point::default(); 6], score: 0.9 }
    }

    fn answering(probabilities: [f32; 3]) -> Box<dyn Network> {
        let answer = move |_: ArrayViewD<'_, f32>| {
            vec![ArrayD::from_shape_vec(IxDyn(&[1, 3]), probabilities.to_vec()).expect("three numbers")]
        };
        Box::new(FakeNetwork(answer))
    }

    #[test]
    fn crops_stay_in_the_photo_and_keep_their_size_where_they_can() {
        let photo = Rgb::filled(200, 100, [0; 3]);
        let rows = [
            // In the middle: twice the box.
            ((90.0, 40.0, 20.0, 20.0), 2.0, Area::within(&photo, 80, 30, 120, 70)),
            // At a border: shifted.
            ((0.0, 40.0, 20.0, 20.0), 2.0, Area::within(&photo, 0, 30, 40, 70)),
            ((190.0, 90.0, 20.0, 20.0), 2.0, Area::within(&photo, 160, 60, 200, 100)),
            // Larger than the photo: shrunk to one pixel less than its height.
            ((80.0, 20.0, 60.0, 60.0), 2.7, Area::within(&photo, 60, 0, 159, 99)),
            ((80.0, 20.0, 0.0, 60.0), 2.7, None),
            ((f32::NAN, 20.0, f32::NAN, 60.0), 2.7, None),
        ];
        for ((x, y, width, height), scale, expected) in rows {
            assert_eq!(surroundings(&photo, &Rect { x, y, width, height }, scale), expected, "{x} {y}");
        }
    }

    #[test]
    fn the_score_is_the_mean_probability_of_a_live_face() {
        let photo = Rgb::filled(64, 64, [9; 3]);
        let mut detector = MiniFasNet { v2: answering([0.1, 0.8, 0.1]), v1se: answering([0.5, 0.25, 0.25]) };
        let score = detector.liveness(&photo, &detection(20.0, 20.0, 20.0, 20.0)).expect("no failure");
        assert!(score.value().is_some_and(|s| (s.get() - 0.525).abs() < 1e-6), "{score:?}");
        let none = detector.liveness(&photo, &detection(20.0, 20.0, 0.0, 0.0)).expect("no failure");
        assert_eq!(none, Measured::FailureToAssess(Reason::TooLittleToMeasure));
        let mut broken = MiniFasNet { v2: answering([f32::NAN; 3]), v1se: answering([0.0, 1.0, 0.0]) };
        let score = broken.liveness(&photo, &detection(20.0, 20.0, 20.0, 20.0)).expect("no failure");
        assert_eq!(score, Measured::FailureToAssess(Reason::NotFinite));
    }
}
