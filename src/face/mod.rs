//! Faces: finding them, measuring them, turning them into embeddings.
//!
//! `detect` finds faces in a photo, `mesh` fits 468 points to one, `measures` holds one file per
//! measure, `embed` makes the vector that comparison uses, `cover` tells covered faces, `liveness` a
//! person from a picture of one. Nothing here knows a threshold of the
//! policy; the operating points of the models themselves stand beside them with their source.

mod aligned;
mod blaze;
mod cover;
mod detect;
mod embed;
mod landmarks;
mod liveness;
pub mod measures;
mod mesh;
mod pose;

pub use aligned::AlignedFace;
pub use blaze::Detection;
pub use cover::covered_score;
pub use detect::{Face, face_within, selfie_faces};
pub use embed::{EmbeddingFormat, FaceEmbedding, embedding};
pub use landmarks::{Landmarks, Point3};
pub use liveness::{LIVENESS_MODELS, MiniFasNet, PresentationAttackDetector};
pub use pose::Pose;

use crate::inference::{InferenceError, Network, names};

/// Names of the models in the manifest, in the order of [`FaceModels`]'s fields; in the place of
/// the embedding another can be.
pub const MODELS: [&str; 5] = [
    names::FACE_DETECTOR_NEAR,
    names::FACE_DETECTOR_FAR,
    names::FACE_MESH,
    names::FACE_EMBEDDING,
    names::FACE_COVER,
];

/// The networks that one thread needs to look at faces. Each input is 1 x 3 x side x side (NCHW),
/// red, green, blue.
pub struct FaceModels {
    /// Face detector for selfies, side 128: boxes 1 x 896 x 16 and scores 1 x 896 x 1.
    pub near: Box<dyn Network>,
    /// Face detector for small faces, side 192: boxes 1 x 2304 x 16 and scores 1 x 2304 x 1.
    pub far: Box<dyn Network>,
    /// Face mesh, side 192: 1 x 1404 coordinates and 1 x 1 face flag.
    pub mesh: Box<dyn Network>,
    /// Face embedding: from a crop of `embedding_format` to one vector.
    pub embedding: Box<dyn Network>,
    /// Covered face, side 80: 1 x 5 logits, the first for a bare face.
    pub cover: Box<dyn Network>,
    /// How a face is cut out for it.
    pub embedding_format: EmbeddingFormat,
    /// Presentation attack detection, where its models are installed.
    pub liveness: Option<Box<dyn PresentationAttackDetector>>,
}

/// A model could not be run, or answered something that it never should: the machine's fault.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The runtime refused.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The model's output is not what its manifest entry says.
    #[error("the {model} model did not give {expected}; run `realname models verify`")]
    Output {
        /// Which model.
        model: &'static str,
        /// What it should have given.
        expected: &'static str,
    },
}
