//! Whether something covers the face: our own small network on the aligned face.

use super::landmarks::Landmarks;
use super::{FaceError, FaceModels};
use crate::geometry::{Point, Similarity};
use crate::imaging::{ChannelOrder, Layout, Normalisation, Pyramid, TensorFormat, warp_to_tensor};

/// Side of the model's input in pixels.
const INPUT_SIDE: u32 = 80;

/// The eyes in the model's input (`fixtures/generator/src/face/training.rs`).
const EYES: [Point; 2] = [Point::new(27.0, 32.0), Point::new(53.0, 32.0)];

/// The model was trained on red, green, blue from 0 to 1.
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::ZERO_TO_ONE,
};

/// Classes of the model; the first is a bare face.
const CLASSES: usize = 5;

/// Probability, 0 to 1, that a mask, dark glasses, a hand or a hat covers part of the face with
/// these `landmarks` (in the frame of `photo`); `None` where the eyes coincide.
///
/// # Errors
/// The machine's fault only.
pub fn covered_score(
    photo: &Pyramid,
    landmarks: &Landmarks,
    models: &mut FaceModels,
) -> Result<Option<f64>, FaceError> {
    let eyes = [landmarks.image_left_eye(), landmarks.image_right_eye()];
    let Some(to_photo) = Similarity::fit(&EYES, &eyes) else { return Ok(None) };
    let input = warp_to_tensor(photo, &to_photo, INPUT_SIDE, INPUT_SIDE, &INPUT);
    let output = models.cover.run(input.view().into_dyn())?;
    let logits: Vec<f64> = output.iter().flatten().map(|logit| f64::from(*logit)).collect();
    if logits.len() != CLASSES {
        return Err(FaceError::Output { model: "face cover", expected: "five logits" });
    }
    let greatest = logits.iter().copied().fold(f64::MIN, f64::max);
    let weights: Vec<f64> = logits.iter().map(|logit| (logit - greatest).exp()).collect();
    Ok(Some(1.0 - weights[0] / weights.iter().sum::<f64>()))
}
