//! Turns a face into an embedding and compares two of them.

use super::FaceError;
use super::landmarks::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::imaging::{ChannelOrder, Layout, Normalisation, Pyramid, TensorFormat, warp_to_tensor};
use crate::inference::{self, Dimension, ModelSpec, Network};
use crate::score::CosineDistance;

/// How a face is cut out for an embedding model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddingFormat {
    /// Side of the aligned crop in pixels.
    pub side_px: u32,
    /// What its pixels become.
    pub tensor: TensorFormat,
    /// Eyes, nose tip and mouth corners in the crop.
    pub template: [Point; 5],
}

impl EmbeddingFormat {
    /// That of the default model: trained on the ArcFace template and on red, green, blue as
    /// `(x - 127.5) / 128`.
    pub const DEFAULT: Self = Self {
        side_px: 112,
        tensor: TensorFormat {
            layout: Layout::Nchw,
            order: ChannelOrder::Rgb,
            normalisation: Normalisation { mean: 127.5, scale: 1.0 / 128.0 },
        },
        template: [
            Point::new(38.2946, 51.6963),
            Point::new(73.5318, 51.5014),
            Point::new(56.0252, 71.7366),
            Point::new(41.5493, 92.3655),
            Point::new(70.7299, 92.2041),
        ],
    };

    /// That of the model of this description; what it leaves out is as in the default one.
    pub fn of(spec: &ModelSpec) -> Self {
        let input = &spec.input;
        let side_px = match input.shape.last() {
            Some(Dimension::Fixed(side)) => u32::try_from(*side).unwrap_or(Self::DEFAULT.side_px),
            Some(Dimension::Free(_)) | None => Self::DEFAULT.side_px,
        };
        let order = match input.channels {
            inference::ChannelOrder::Bgr => ChannelOrder::Bgr,
            inference::ChannelOrder::Rgb | inference::ChannelOrder::Grey => ChannelOrder::Rgb,
        };
        let normalisation = Normalisation { mean: input.mean, scale: 1.0 / input.deviation };
        Self {
            side_px,
            tensor: TensorFormat { layout: Layout::Nchw, order, normalisation },
            template: spec.template.map_or(Self::DEFAULT.template, |t| t.map(|[x, y]| Point::new(x, y))),
        }
    }
}

/// A face as a unit vector. Biometric data: it is never stored, and `Debug` hides it.
#[derive(Clone, PartialEq)]
pub struct FaceEmbedding(Vec<f32>);

impl std::fmt::Debug for FaceEmbedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceEmbedding({} values)", self.0.len())
    }
}

impl FaceEmbedding {
    /// Scales `values` to unit length. `None` for a vector that is zero or not finite.
    pub fn new(values: &[f32]) -> Option<Self> {
        let norm = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let usable = norm.is_finite() && norm > 1e-6;
        usable.then(|| Self(values.iter().map(|v| (f64::from(*v) / norm) as f32).collect()))
    }

    /// The template of several frames: the normalised mean of their embeddings. `None` without
    /// frames, or where they cancel out or differ in length.
    pub fn mean<'a>(frames: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut frames = frames.into_iter();
        let mut sum = frames.next()?.0.clone();
        for frame in frames {
            if frame.0.len() != sum.len() {
                return None;
            }
            sum.iter_mut().zip(&frame.0).for_each(|(sum, value)| *sum += value);
        }
        Self::new(&sum)
    }

    /// Cosine of the angle between two embeddings of one model.
    pub fn cosine(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    /// Cosine distance to another embedding of the same model; `None` if their lengths differ.
    pub fn distance(&self, other: &Self) -> Option<CosineDistance> {
        (self.0.len() == other.0.len()).then(|| CosineDistance::new(1.0 - self.cosine(other))).flatten()
    }
}

/// The embedding of the face with these `landmarks` (in the frame of `photo`); `None` where the
/// landmarks coincide or the model's output is not a direction.
///
/// # Errors
/// The machine's fault only.
pub fn embedding(
    photo: &Pyramid,
    landmarks: &Landmarks,
    format: &EmbeddingFormat,
    network: &mut dyn Network,
) -> Result<Option<FaceEmbedding>, FaceError> {
    let Some(to_photo) = Similarity::fit(&format.template, &landmarks.five_points()) else { return Ok(None) };
    let input = warp_to_tensor(photo, &to_photo, format.side_px, format.side_px, &format.tensor);
    let output = network.run(input.view().into_dyn())?;
    let [values] = output.as_slice() else {
        return Err(FaceError::Output { model: "face embedding", expected: "one vector" });
    };
    let values: Vec<f32> = values.iter().copied().collect();
    Ok(FaceEmbedding::new(&values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_has_the_default_format() {
        let spec = inference::Manifest::built_in().model(inference::names::FACE_EMBEDDING);
        assert_eq!(EmbeddingFormat::of(spec.expect("it is there")), EmbeddingFormat::DEFAULT);
    }

    #[test]
    fn distance_is_zero_to_itself_and_two_to_its_opposite() {
        let a = FaceEmbedding::new(&[3.0, 4.0]).expect("not zero");
        let b = FaceEmbedding::new(&[-3.0, -4.0]).expect("not zero");
        let shorter = FaceEmbedding::new(&[1.0]).expect("not zero");
        let distance = |x: &FaceEmbedding, y: &FaceEmbedding| x.distance(y).map(CosineDistance::get);
        assert!(distance(&a, &a).is_some_and(|d| d < 1e-6));
        assert!(distance(&a, &b).is_some_and(|d| d > 2.0 - 1e-6));
        assert_eq!(distance(&a, &shorter), None);
        assert_eq!(FaceEmbedding::mean([&a, &b]), None, "they cancel out");
        assert_eq!(FaceEmbedding::mean([&a, &shorter]), None);
        assert_eq!(FaceEmbedding::mean([&a, &a]), Some(a.clone()));
        assert_eq!(FaceEmbedding::new(&[0.0, 0.0]), None);
        assert_eq!(FaceEmbedding::new(&[f32::NAN, 1.0]), None);
        assert_eq!(format!("{a:?}"), "FaceEmbedding(2 values)");
    }
}
