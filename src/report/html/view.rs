//! What a case page shows, as plain data: the verdict as it is stored, and as much beside it as is
//! known: the measures with their bounds from an assessment, pictures and fields from the photos.

use crate::assess::Seen;
use crate::case::{Claims, SampleRole};
use crate::evidence::{Assessment, Intake, Measure, Measured, PhotoAssessment};
use crate::policy::{Bounds, Effect, Policy, Verdict};
use crate::report::json::{Timing, VerdictDocument};
use crate::score::Finite;

use super::fields::{FieldRow, field_rows};
use super::pictures::{PhotoPicture, photo_picture};

/// How much of what belongs to a person a report holds. What it does not hold is not in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// No picture, nothing that was read or typed, and no number that follows from it: fit to be
    /// shown to people who may not know who the case is about.
    Redacted,
    /// Values with most of each hidden; pictures with the card's print painted over. Faces are
    /// covered until they are clicked.
    Masked,
    /// Everything; covered until it is clicked.
    Unmasked,
}

/// A case as a page shows it.
#[derive(Debug, Clone)]
pub struct CaseView {
    /// The verdict as it is stored.
    pub verdict: VerdictDocument,
    /// How much of the person is in here.
    pub privacy: Privacy,
    /// The photos in the order of the case; empty where only the verdict is known.
    pub photos: Vec<PhotoView>,
}

/// One photo.
#[derive(Debug, Clone)]
pub struct PhotoView {
    /// Which photo.
    pub role: SampleRole,
    /// How its bytes became pixels.
    pub intake: Intake,
    /// Everything that was measured on it.
    pub measures: Vec<MeasureRow>,
    /// The picture and what was seen in it.
    pub picture: Option<PhotoPicture>,
    /// What the card says.
    pub fields: Vec<FieldRow>,
}

/// One measure and what the policy asks of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureRow {
    /// Which.
    pub measure: Measure,
    /// Its value, or why there is none.
    pub reading: Measured<Finite>,
    /// The policy's bounds; `None` for a measure that is only reported.
    pub bounds: Option<Bounds>,
    /// What the verdict makes of it; `None` for nothing.
    pub effect: Option<Effect>,
}

impl CaseView {
    /// From a verdict as it is stored: everything but measures, pictures and fields.
    pub fn of_document(verdict: VerdictDocument, privacy: Privacy) -> Self {
        Self { verdict, privacy, photos: Vec::new() }
    }

    /// From a verdict in hand and the policy that decided it: with every measure.
    pub fn of_verdict(verdict: &Verdict, policy: &Policy, privacy: Privacy) -> Self {
        let document = VerdictDocument::new(verdict, Timing::Timed);
        let photos = photos(&verdict.assessment, verdict, policy);
        Self { verdict: document, privacy, photos }
    }

    /// Adds what was seen in one photo: its picture and what the card says, beside `claims`. Does
    /// nothing for a photo that the verdict does not know, and under [`Privacy::Redacted`].
    pub fn see(&mut self, assessment: &PhotoAssessment, seen: &Seen, claims: &Claims) {
        let privacy = self.privacy;
        let photo = self.photos.iter_mut().find(|photo| photo.role == assessment.role);
        let (Some(photo), false) = (photo, privacy == Privacy::Redacted) else { return };
        photo.picture = Some(photo_picture(photo.role.kind(), seen, privacy));
        photo.fields = seen.card.as_ref().map(|card| field_rows(card, claims, privacy)).unwrap_or_default();
    }
}

fn photos(assessment: &Assessment, verdict: &Verdict, policy: &Policy) -> Vec<PhotoView> {
    let findings = &verdict.judgement.findings;
    let effect = |role: SampleRole, measure: Measure| {
        let of_it = |f: &&crate::policy::Finding| f.sample == Some(role) && f.measure == Some(measure);
        findings.iter().find(of_it).map(|finding| finding.effect)
    };
    let photo = |photo: &PhotoAssessment| PhotoView {
        role: photo.role,
        intake: photo.intake.clone(),
        measures: photo
            .readings
            .iter()
            .map(|(measure, reading)| MeasureRow {
                measure: *measure,
                reading: *reading,
                bounds: policy.bounds(photo.role.kind(), *measure),
                effect: effect(photo.role, *measure),
            })
            .collect(),
        picture: None,
        fields: Vec::new(),
    };
    assessment.photos.iter().map(photo).collect()
}
