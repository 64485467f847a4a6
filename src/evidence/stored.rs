//! An assessment on disk, form `realname.assessment/1`: written once, decided as often as needed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Assessment, Comparison, Embedding, FramePair, Intake, IntakeFault, Measure, Measured, PhotoAssessment,
    Probe, Provenance, Readings, Reason,
};
use crate::case::{ChallengeAction, Method, SampleKind, SampleRole};
use crate::score::{Calibration, CosineDistance, Finite};

/// The form this version writes and reads.
pub const ASSESSMENT_SCHEMA: &str = "realname.assessment/1";

/// Why a stored assessment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It was written by a version with another form, or is something else.
    #[error("schema `{0}` is not `{ASSESSMENT_SCHEMA}`")]
    Schema(String),
    /// A name in it means nothing to this version.
    #[error("unknown {what} `{name}`")]
    Unknown {
        /// What the name should be.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A number in it is outside its range, or a table in it has the wrong shape.
    #[error("{what} is out of range or has the wrong shape")]
    Range {
        /// What is wrong.
        what: String,
    },
}

/// The stored form of an [`Assessment`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredAssessment {
    schema: String,
    case_id: String,
    method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_on: Option<String>,
    photos: Vec<StoredPhoto>,
    comparison: StoredComparison,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    frame_pairs: Vec<StoredFramePair>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    challenge: Vec<String>,
    provenance: StoredProvenance,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPhoto {
    sample: String,
    intake: StoredIntake,
    readings: BTreeMap<String, StoredNumber>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum StoredIntake {
    Decoded { format: String, width_px: u32, height_px: u32, scale: f32 },
    Refused { fault: String, detail: String },
}

/// A number, or `{"not_assessed": reason}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum StoredNumber {
    Value(f64),
    NotAssessed { not_assessed: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredComparison {
    probes: Vec<StoredProbe>,
    cosines: Vec<Vec<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProbe {
    sample: String,
    distance: StoredNumber,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFramePair {
    first: String,
    second: String,
    picture_difference: StoredNumber,
    face_motion_ied: StoredNumber,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProvenance {
    version: String,
    models: BTreeMap<String, String>,
    runtime: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedding: Option<StoredEmbedding>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEmbedding {
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
}

impl From<&Assessment> for StoredAssessment {
    fn from(assessment: &Assessment) -> Self {
        Self {
            schema: ASSESSMENT_SCHEMA.to_owned(),
            case_id: assessment.case_id.clone(),
            method: assessment.method.id().to_owned(),
            decided_on: assessment.decided_on.map(|d| d.to_string()),
            photos: assessment.photos.iter().map(StoredPhoto::from).collect(),
            comparison: StoredComparison {
                probes: assessment.comparison.probes.iter().map(StoredProbe::from).collect(),
                cosines: assessment.comparison.cosines.clone(),
            },
            frame_pairs: assessment.frame_pairs.iter().map(StoredFramePair::from).collect(),
            challenge: assessment.challenge.iter().map(|action| action.id().to_owned()).collect(),
            provenance: StoredProvenance {
                version: assessment.provenance.version.clone(),
                models: assessment.provenance.models.clone(),
                runtime: assessment.provenance.runtime.clone(),
                embedding: assessment.provenance.embedding.clone().map(|embedding| StoredEmbedding {
                    model: embedding.model,
                    calibration: embedding.calibration,
                }),
            },
        }
    }
}

impl From<&PhotoAssessment> for StoredPhoto {
    fn from(photo: &PhotoAssessment) -> Self {
        let intake = match &photo.intake {
            Intake::Decoded { format, width_px, height_px, scale } => StoredIntake::Decoded {
                format: format.clone(),
                width_px: *width_px,
                height_px: *height_px,
                scale: *scale,
            },
            Intake::Refused { fault, detail } => {
                StoredIntake::Refused { fault: fault.id().to_owned(), detail: detail.clone() }
            }
        };
        let readings = photo.readings.iter().map(|(m, v)| (m.id().to_owned(), v.map(Finite::get).into()));
        Self { sample: photo.role.to_string(), intake, readings: readings.collect() }
    }
}

impl From<&Probe> for StoredProbe {
    fn from(probe: &Probe) -> Self {
        Self { sample: probe.role.to_string(), distance: probe.distance.map(CosineDistance::get).into() }
    }
}

impl From<&FramePair> for StoredFramePair {
    fn from(pair: &FramePair) -> Self {
        Self {
            first: pair.first.to_string(),
            second: pair.second.to_string(),
            picture_difference: pair.picture_difference.map(Finite::get).into(),
            face_motion_ied: pair.face_motion_ied.map(Finite::get).into(),
        }
    }
}

impl From<Measured<f64>> for StoredNumber {
    fn from(measured: Measured<f64>) -> Self {
        match measured {
            Measured::Value(value) => Self::Value(value),
            Measured::FailureToAssess(reason) => Self::NotAssessed { not_assessed: reason.id().to_owned() },
        }
    }
}

impl TryFrom<StoredAssessment> for Assessment {
    type Error = StoredError;

    /// Refuses what no assessment of a case can look like. That the numbers are those which were
    /// measured it cannot tell: a stored assessment is trusted like a verdict.
    fn try_from(stored: StoredAssessment) -> Result<Self, StoredError> {
        if stored.schema != ASSESSMENT_SCHEMA {
            return Err(StoredError::Schema(stored.schema));
        }
        let method = [Method::IdCard].into_iter().find(|m| m.id() == stored.method);
        let decided_on = stored.decided_on.map(|text| text.parse().map_err(|_| unknown("date", &text)));
        let photos: Vec<PhotoAssessment> = stored.photos.into_iter().map(photo).collect::<Result<_, _>>()?;
        if !photos.is_sorted_by(|a, b| a.role < b.role) {
            return Err(out_of_range("photos"));
        }
        let selfies = photos.iter().map(|photo| photo.role).filter(|role| role.kind() == SampleKind::Selfie);
        let selfies: Vec<SampleRole> = selfies.collect();
        let action = |name: String| ChallengeAction::parse(&name).ok_or_else(|| unknown("action", &name));
        let challenge = stored.challenge.into_iter().map(action).collect::<Result<_, _>>()?;
        Ok(Self {
            case_id: stored.case_id,
            method: method.ok_or_else(|| unknown("method", &stored.method))?,
            decided_on: decided_on.transpose()?,
            comparison: comparison(stored.comparison, &selfies)?,
            frame_pairs: frame_pairs(stored.frame_pairs, &selfies)?,
            challenge,
            photos,
            provenance: Provenance {
                version: stored.provenance.version,
                models: stored.provenance.models,
                runtime: stored.provenance.runtime,
                embedding: stored
                    .provenance
                    .embedding
                    .map(|stored| Embedding { model: stored.model, calibration: stored.calibration }),
            },
        })
    }
}

fn unknown(what: &'static str, name: &str) -> StoredError {
    StoredError::Unknown { what, name: name.to_owned() }
}

fn out_of_range(what: &str) -> StoredError {
    StoredError::Range { what: what.to_owned() }
}

fn role(name: &str) -> Result<SampleRole, StoredError> {
    SampleRole::parse(name).ok_or_else(|| unknown("sample", name))
}

fn photo(stored: StoredPhoto) -> Result<PhotoAssessment, StoredError> {
    let role = role(&stored.sample)?;
    let intake = match stored.intake {
        StoredIntake::Decoded { format, width_px, height_px, scale } => {
            if width_px == 0 || height_px == 0 || !(scale > 0.0 && scale <= 1.0) {
                return Err(out_of_range("intake"));
            }
            Intake::Decoded { format, width_px, height_px, scale }
        }
        StoredIntake::Refused { fault, detail } => {
            let known = IntakeFault::ALL.into_iter().find(|f| f.id() == fault);
            Intake::Refused { fault: known.ok_or_else(|| unknown("fault", &fault))?, detail }
        }
    };
    let mut readings = Readings::new();
    for (name, number) in stored.readings {
        let measure = Measure::parse(&name).ok_or_else(|| unknown("measure", &name))?;
        readings.insert(measure, measured(number, &name, Finite::new)?);
    }
    Ok(PhotoAssessment { role, intake, readings })
}

fn measured<T>(
    stored: StoredNumber,
    name: &str,
    in_range: impl Fn(f64) -> Option<T>,
) -> Result<Measured<T>, StoredError> {
    match stored {
        StoredNumber::Value(value) => {
            let value = in_range(value).ok_or_else(|| StoredError::Range { what: name.to_owned() })?;
            Ok(Measured::Value(value))
        }
        StoredNumber::NotAssessed { not_assessed } => {
            let reason = Reason::ALL.into_iter().find(|r| r.id() == not_assessed);
            Ok(Measured::FailureToAssess(reason.ok_or_else(|| unknown("reason", &not_assessed))?))
        }
    }
}

/// The scores between the card and the frames `selfies`, and among these: one probe for each frame
/// in its order, cosines that are symmetric and 1 (with a face) or 0 (without) on the diagonal.
fn comparison(stored: StoredComparison, selfies: &[SampleRole]) -> Result<Comparison, StoredError> {
    const ROUNDING: f64 = 1e-4;
    let probes = stored.probes.into_iter().map(|probe| {
        let distance = measured(probe.distance, "distance", CosineDistance::new)?;
        Ok(Probe { role: role(&probe.sample)?, distance })
    });
    let probes: Vec<Probe> = probes.collect::<Result<_, StoredError>>()?;
    if !probes.iter().map(|probe| probe.role).eq(selfies.iter().copied()) {
        return Err(out_of_range("comparison.probes"));
    }
    let (n, cosines) = (probes.len(), stored.cosines);
    let square = cosines.len() == n && cosines.iter().all(|row| row.len() == n);
    let cosine = |i: usize, j: usize| {
        let (here, there) = (cosines[i][j], cosines[j][i]);
        let in_place = i != j || here.abs() <= ROUNDING || (here - 1.0).abs() <= ROUNDING;
        here.abs() <= 1.0 + ROUNDING && (here - there).abs() <= ROUNDING && in_place
    };
    let sound = square && (0..n).all(|i| (0..n).all(|j| cosine(i, j)));
    if !sound {
        return Err(out_of_range("comparison.cosines"));
    }
    Ok(Comparison { probes, cosines })
}

/// Each two of the frames `selfies` at most once, the earlier first.
fn frame_pairs(stored: Vec<StoredFramePair>, selfies: &[SampleRole]) -> Result<Vec<FramePair>, StoredError> {
    let pair = |stored: StoredFramePair| {
        let (first, second) = (role(&stored.first)?, role(&stored.second)?);
        if !(selfies.contains(&first) && selfies.contains(&second) && first < second) {
            return Err(out_of_range("frame_pairs"));
        }
        let difference = |value: f64| Finite::new(value).filter(|v| v.get() >= 0.0);
        Ok(FramePair {
            first,
            second,
            picture_difference: measured(stored.picture_difference, "picture_difference", difference)?,
            face_motion_ied: measured(stored.face_motion_ied, "face_motion_ied", difference)?,
        })
    };
    let pairs: Vec<FramePair> = stored.into_iter().map(pair).collect::<Result<_, _>>()?;
    if pairs.is_sorted_by(|a, b| (a.first, a.second) < (b.first, b.second)) {
        Ok(pairs)
    } else {
        Err(out_of_range("frame_pairs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_assessment() -> Assessment {
        let value = Measured::number(1.25);
        let refused = Intake::Refused { fault: IntakeFault::Truncated, detail: "ends early".to_owned() };
        let decoded =
            Intake::Decoded { format: "jpeg".to_owned(), width_px: 4000, height_px: 3000, scale: 0.5 };
        let failed = Measured::FailureToAssess(Reason::NoFace);
        let distance = Measured::Value(CosineDistance::new(0.31).expect("in range"));
        Assessment {
            case_id: "c-1".to_owned(),
            method: Method::IdCard,
            decided_on: "2026-11-20".parse().ok(),
            photos: vec![
                PhotoAssessment { role: SampleRole::Front, intake: refused, readings: Readings::new() },
                PhotoAssessment {
                    role: SampleRole::Selfie(1),
                    intake: decoded,
                    readings: Readings::from([(Measure::EdgeSpread, value), (Measure::Yaw, failed)]),
                },
            ],
            comparison: Comparison {
                probes: vec![Probe { role: SampleRole::Selfie(1), distance }],
                cosines: vec![vec![1.0]],
            },
            frame_pairs: Vec::new(),
            challenge: vec![ChallengeAction::Blink],
            provenance: Provenance { version: "0".to_owned(), ..Provenance::default() },
        }
    }

    #[test]
    fn an_assessment_survives_being_stored() {
        let before = an_assessment();
        let json = serde_json::to_string(&StoredAssessment::from(&before)).expect("plain data");
        let stored: StoredAssessment = serde_json::from_str(&json).expect("what was just written");
        assert_eq!(Assessment::try_from(stored).expect("what was just written"), before);
    }

    #[test]
    fn another_form_an_unknown_measure_and_a_wrong_shape_are_refused() {
        let json = serde_json::to_string(&StoredAssessment::from(&an_assessment())).expect("plain data");
        for (from, to) in [
            ("assessment/1", "assessment/2"),
            ("yaw_deg", "yaw_rad"),
            ("[[1.0]]", "[[1.0, 0.5]]"),
            ("0.31", "3.1"),
            ("no_face", "no_nose"),
            ("truncated", "cut"),
            ("blink", "wink"),
            ("[[1.0]]", "[[-1.0]]"),
            ("[[1.0]]", "[[null]]"),
            ("\"scale\":0.5", "\"scale\":-1"),
            ("\"probes\":[{\"sample\":\"selfie-1\"", "\"probes\":[{\"sample\":\"selfie-2\""),
            ("{\"sample\":\"front\"", "{\"sample\":\"selfie-1\""),
        ] {
            assert!(json.contains(from), "{from}");
            let read = serde_json::from_str::<StoredAssessment>(&json.replace(from, to));
            assert!(!read.is_ok_and(|stored| Assessment::try_from(stored).is_ok()), "{to}");
        }
    }
}
