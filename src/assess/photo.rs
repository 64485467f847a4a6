//! One photo: decoded once at the smallest scale that serves every reader, then measured.

use super::AssessError;
use super::card::{Question, SeenCard, look_at_card};
use super::models::ModelPool;
use super::selfie::{SelfieView, inter_eye_distance, or_too_little, selfie_readings};
use crate::capture;
use crate::case::{Sample, SampleKind};
use crate::evidence::{Intake, Measure, Measured, PhotoAssessment, Readings, Reason, Timings};
use crate::face::{
    Detection, Face, FaceEmbedding, FaceError, FaceModels, covered_score, embedding, face_within,
    selfie_faces,
};
use crate::imaging::{DecodeOptions, Limits, Photo, Pyramid, Rgb, decode, histogram, luma};
use crate::score::Finite;

/// Pixels that the longer side of a card photo keeps: a card over two thirds of the width then
/// has the 1012 pixels of a 300 dpi ID-1 picture, and its portrait some 35 between the eyes.
pub const FRONT_LONG_SIDE_MIN_PX: u32 = 1600;

/// Pixels that the longer side of a selfie keeps: the near detector sees faces from about a tenth
/// of the frame, and those then have the 35 pixels between the eyes that the embedding works with.
pub const SELFIE_LONG_SIDE_MIN_PX: u32 = 900;

/// What came of one photo.
pub struct PhotoWork {
    /// What was measured.
    pub assessment: PhotoAssessment,
    /// The face that stands for the photo, where there is one.
    pub embedding: Option<FaceEmbedding>,
    /// What the measures saw; `None` for a photo without pixels.
    pub seen: Option<Seen>,
    /// Time spent by stage.
    pub timings: Timings,
}

/// What the measures saw of a photo, for drawing. Everything is in the frame of the decoded
/// picture, `photo.rgb()`.
pub struct Seen {
    /// The decoded, upright picture.
    pub photo: Photo,
    /// Every detected face; the first is the one that was measured.
    pub faces: Vec<Detection>,
    /// The measured face.
    pub face: Option<Face>,
    /// The card, on a photo that is meant to show one.
    pub card: Option<SeenCard>,
}

/// Looks at one photo and measures everything that applies to its kind.
///
/// # Errors
/// The machine's fault only; whatever is wrong with the photo is in the assessment.
pub fn look_at(
    sample: &Sample,
    question: &Question<'_>,
    models: &ModelPool,
    limits: &Limits,
) -> Result<PhotoWork, AssessError> {
    let mut timings = Timings::default();
    let kind = sample.role.kind();
    let long_side_min_px = match kind {
        SampleKind::Front | SampleKind::Back => FRONT_LONG_SIDE_MIN_PX,
        SampleKind::Selfie => SELFIE_LONG_SIDE_MIN_PX,
    };
    let options = DecodeOptions { limits: *limits, long_side_min_px };
    let decoded = timings.timed("decode", || decode(&sample.bytes, &options));
    let photo = match decoded {
        Ok(photo) => photo,
        Err(fault) => {
            let readings = Measure::of(kind).map(|m| (m, Measured::FailureToAssess(Reason::NoPixels)));
            let assessment = PhotoAssessment {
                role: sample.role,
                intake: Intake::from(fault),
                readings: readings.collect(),
            };
            return Ok(PhotoWork { assessment, embedding: None, seen: None, timings });
        }
    };
    let intake = Intake::from(&photo);
    let scale = photo.scale();
    let mut readings = timings.timed("capture", || capture_readings(&photo, kind));
    let pyramid = photo.pyramid();

    let Looked { faces, face, embedding, card, covered } = models.with(|models| match kind {
        SampleKind::Front | SampleKind::Back => {
            let (card, measured) = look_at_card(&photo, kind, question, models, &mut timings)?;
            readings.extend(measured);
            let place =
                card.as_ref().filter(|_| kind == SampleKind::Front).and_then(SeenCard::portrait_place);
            let models = &mut models.face;
            let face = match place {
                Some(at) => timings
                    .timed("detect", || face_within(pyramid, at.center, at.side_px, at.angle_rad, models))?,
                None => None,
            };
            let embedding = embedded(pyramid, face.as_ref(), models, &mut timings)?;
            let faces = face.iter().map(|face| face.detection).collect();
            Ok(Looked { faces, face, embedding, card, covered: None })
        }
        SampleKind::Selfie => {
            let models = &mut models.face;
            let (faces, face) = timings.timed("detect", || selfie_faces(pyramid, models))?;
            let embedding = embedded(pyramid, face.as_ref(), models, &mut timings)?;
            let covered = match &face {
                Some(face) => timings.timed("measure", || covered_score(pyramid, &face.landmarks, models))?,
                None => None,
            };
            let liveness = timings.timed("liveness", || liveness(photo.rgb(), face.as_ref(), models))?;
            readings.insert(Measure::Liveness, liveness);
            Ok(Looked { faces, face, embedding, card: None, covered })
        }
    })?;
    timings.timed("measure", || match kind {
        SampleKind::Back => no_card(&mut readings, kind),
        SampleKind::Front => {
            if card.is_some() {
                portrait_readings(&mut readings, face.as_ref(), scale);
            }
            no_card(&mut readings, kind);
        }
        SampleKind::Selfie => {
            let view = SelfieView { photo: pyramid, scale, faces: &faces, face: face.as_ref(), covered };
            selfie_readings(&mut readings, &view);
        }
    });
    debug_assert!(Measure::of(kind).all(|m| readings.contains_key(&m)), "a measure of {kind:?} has no entry");
    let assessment = PhotoAssessment { role: sample.role, intake, readings };
    Ok(PhotoWork { assessment, embedding, seen: Some(Seen { photo, faces, face, card }), timings })
}

/// What was seen in a photo.
struct Looked {
    faces: Vec<Detection>,
    face: Option<Face>,
    embedding: Option<FaceEmbedding>,
    card: Option<SeenCard>,
    /// Probability that the face is covered; of selfies only.
    covered: Option<f64>,
}

fn embedded(
    pyramid: &Pyramid,
    face: Option<&Face>,
    models: &mut FaceModels,
    timings: &mut Timings,
) -> Result<Option<FaceEmbedding>, FaceError> {
    let Some(face) = face else { return Ok(None) };
    timings.timed("embed", || {
        embedding(pyramid, &face.landmarks, &models.embedding_format, models.embedding.as_mut())
    })
}

/// Where there is no face there is nothing to tell apart, and no face is the finding.
fn liveness(
    photo: &Rgb,
    face: Option<&Face>,
    models: &mut FaceModels,
) -> Result<Measured<Finite>, FaceError> {
    match (face, models.liveness.as_deref_mut()) {
        (None, _) => Ok(Measured::FailureToAssess(Reason::NoFace)),
        (Some(_), None) => Ok(Measured::FailureToAssess(Reason::NoModel)),
        (Some(face), Some(detector)) => detector.liveness(photo, &face.detection),
    }
}

fn capture_readings(photo: &Photo, kind: SampleKind) -> Readings {
    let short_side = photo.full_width().min(photo.full_height());
    let mut readings = Readings::from([(Measure::ShortSide, Measured::number(short_side))]);
    if kind == SampleKind::Selfie {
        let luma = luma(photo.rgb());
        let histogram = histogram(&luma);
        readings.extend([
            (Measure::EdgeSpread, or_too_little(capture::edge_spread_permille(&luma))),
            (Measure::LightEnd, Measured::number(capture::light_end_luma(&histogram))),
            (Measure::OverExposed, Measured::number(capture::over_exposed_share(&histogram))),
        ]);
    }
    readings
}

/// Gives every measure that has no entry yet the reason that no card was found.
fn no_card(readings: &mut Readings, kind: SampleKind) {
    for measure in Measure::of(kind) {
        readings.entry(measure).or_insert(Measured::FailureToAssess(Reason::NoCard));
    }
}

fn portrait_readings(readings: &mut Readings, face: Option<&Face>, scale: f32) {
    let from_face = |value: &dyn Fn(&Face) -> Measured<Finite>| {
        face.map_or(Measured::FailureToAssess(Reason::NoFace), value)
    };
    readings.insert(Measure::FaceScore, from_face(&|face| Measured::number(face.detection.score)));
    readings.insert(Measure::InterEyeDistance, from_face(&|face| inter_eye_distance(face, scale)));
}
