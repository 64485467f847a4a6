//! From a case to its Assessment: every photo decoded once, looked at and measured, photo by
//! photo in parallel; then the faces compared.
//!
//! `photo` handles one photo, `card` the card in it, `selfie` the face in a frame, `frames` two
//! frames beside each other, `models` hands each thread its networks, and this file joins them.
//! Nothing here judges.

mod card;
mod frames;
mod models;
mod photo;
mod selfie;

use rayon::prelude::*;

use crate::card::CardError;
use crate::card::fields::FieldsWanted;
use crate::case::{Case, Date, SampleKind, SampleRole};
use crate::evidence::{Assessment, Comparison, Measured, Probe, Provenance, Reason, Timings};
use crate::face::{FaceEmbedding, FaceError};
use crate::imaging::Limits;
use crate::inference::InferenceError;

use frames::{FramePrint, frame_pairs};

pub use card::{Question, SeenCard, SeenFields};
pub use models::{ModelPool, PhotoModels};
pub use photo::{FRONT_LONG_SIDE_MIN_PX, PhotoWork, SELFIE_LONG_SIDE_MIN_PX, Seen, look_at};

/// A model could not be loaded or run: the machine's fault.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// One that looks at faces.
    #[error(transparent)]
    Face(#[from] FaceError),
    /// One that looks at cards.
    #[error(transparent)]
    Card(#[from] CardError),
    /// One that could not be loaded.
    #[error(transparent)]
    Inference(#[from] InferenceError),
}

/// Measures `case`, whose validity and age are judged on `decided_on`. The photos are spread over
/// the current rayon pool; the result depends on the case, that day and the models alone.
///
/// # Errors
/// The machine's fault only: a model that cannot be loaded or run.
pub fn assess(
    case: &Case,
    decided_on: Option<Date>,
    models: &ModelPool,
    limits: &Limits,
    provenance: &Provenance,
) -> Result<(Assessment, Timings), AssessError> {
    let question = Question { claims: &case.claims, decided_on, fields: FieldsWanted::Decision };
    let works: Vec<_> = case
        .samples
        .par_iter()
        .map(|sample| {
            let PhotoWork { assessment, embedding, timings, seen } =
                look_at(sample, &question, models, limits)?;
            let print = seen.as_ref().filter(|_| assessment.role.kind() == SampleKind::Selfie).map(|seen| {
                let landmarks = seen.face.as_ref().map(|face| &face.landmarks);
                FramePrint::of(seen.photo.pyramid(), landmarks)
            });
            drop(seen); // The pixels go before the next photo comes.
            Ok((assessment, embedding, print, timings))
        })
        .collect::<Result<_, AssessError>>()?;
    let mut timings = Timings::default();
    let mut photos = Vec::with_capacity(works.len());
    let mut faces = Vec::with_capacity(works.len());
    let mut prints = Vec::new();
    for (assessment, embedding, print, spent) in works {
        timings.merge(&spent);
        faces.push((assessment.role, embedding));
        prints.extend(print.map(|print| (assessment.role, print)));
        photos.push(assessment);
    }
    let assessment = Assessment {
        case_id: case.case_id.clone(),
        method: case.method,
        decided_on,
        photos,
        comparison: comparison(&faces),
        frame_pairs: frame_pairs(&prints),
        challenge: case.challenge.clone(),
        provenance: provenance.clone(),
    };
    Ok((assessment, timings))
}

fn comparison(faces: &[(SampleRole, Option<FaceEmbedding>)]) -> Comparison {
    let reference = faces.iter().find(|(role, _)| role.kind() == SampleKind::Front);
    let reference = reference.and_then(|(_, embedding)| embedding.as_ref());
    let frames: Vec<_> = faces.iter().filter(|(role, _)| role.kind() == SampleKind::Selfie).collect();
    let distance = |probe: &Option<FaceEmbedding>| match (reference, probe) {
        (None, _) => Measured::FailureToAssess(Reason::NoReference),
        (_, None) => Measured::FailureToAssess(Reason::NoFace),
        (Some(reference), Some(probe)) => {
            reference.distance(probe).map_or(Measured::FailureToAssess(Reason::NotFinite), Measured::Value)
        }
    };
    let cosine = |a: &Option<FaceEmbedding>, b: &Option<FaceEmbedding>| match (a, b) {
        (Some(a), Some(b)) => a.cosine(b),
        _ => 0.0,
    };
    Comparison {
        probes: frames.iter().map(|(role, probe)| Probe { role: *role, distance: distance(probe) }).collect(),
        cosines: frames.iter().map(|(_, a)| frames.iter().map(|(_, b)| cosine(a, b)).collect()).collect(),
    }
}
