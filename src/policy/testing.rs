//! Assessments for tests: a good case, and ways to spoil it.

use super::{Check, Subject};
use crate::case::{Method, SampleKind, SampleRole};
use crate::evidence::{
    Assessment, Comparison, Embedding, Intake, IntakeFault, Measure, Measured, PhotoAssessment, Probe,
    Provenance, Readings, Reason,
};
use crate::score::CosineDistance;

/// A value that every shipped gate lets through.
pub(crate) fn good_value(measure: Measure) -> f64 {
    match measure {
        Measure::ShortSide => 1080.0,
        Measure::EdgeSpread => 0.8,
        Measure::LightEnd => 220.0,
        Measure::OverExposed | Measure::SecondFace => 0.02,
        Measure::FaceScore => 0.93,
        Measure::InterEyeDistance => 120.0,
        Measure::NearEyeToBorder => 2.0,
        Measure::Yaw => -4.0,
        Measure::Pitch => 6.0,
        Measure::Roll => 1.5,
        Measure::EyesOpen => 0.045,
        Measure::EyeOpenness => 0.7,
        Measure::FaceSharpness => 0.5,
        Measure::FaceWeakestDetail => -1.0,
        Measure::FaceUnderExposed | Measure::FaceOverExposed => 0.01,
        Measure::LeftRightLight => 0.3,
        Measure::CardScore | Measure::IdCardScore | Measure::ExpectedSide => 0.98,
        Measure::NumberConfidence | Measure::NameConfidence | Measure::ValidityConfidence => 0.95,
        Measure::CardMargin => 0.08,
        Measure::CardResolution => 14.0,
        Measure::CardTilt => 9.0,
        Measure::FieldBlur | Measure::FieldMotion => 0.7,
        Measure::CardBackground => 215.0,
        Measure::UnevenLight => 0.1,
        Measure::CardChroma => 30.0,
        Measure::Screen => 11.0,
        Measure::ScreenRipple => 0.4,
        Measure::NumberValid => 1.0,
        Measure::Age => 40.0,
        Measure::SinceValidFrom => 2000.0,
        Measure::UntilValidTo => 5000.0,
        Measure::SecondCard
        | Measure::CardOutside
        | Measure::CardCovered
        | Measure::CardAspect
        | Measure::CardOverExposed
        | Measure::CardGlare
        | Measure::FieldGlare
        | Measure::PortraitGlare
        | Measure::NumberRepaired
        | Measure::NumberBirthMismatch
        | Measure::NumberSexMismatch
        | Measure::NumberClaimDifferences
        | Measure::NameClaimDifferences => 0.0,
        Measure::MouthGap
        | Measure::MouthVoid
        | Measure::FaceOutside
        | Measure::FaceCovered
        | Measure::LuminanceVariance => 0.02,
        Measure::IlluminationUniformity => 0.7,
        Measure::LuminanceMean | Measure::HeadSize => 0.3,
        Measure::DynamicRange => 6.0,
        Measure::NaturalColour => 1.0,
        Measure::LightColour => 0.0,
        Measure::BackgroundGradient => 40.0,
        Measure::Liveness => 0.97,
        Measure::FrameQuality => 80.0,
    }
}

/// A photo on which every measure of its kind is good.
pub(crate) fn good_photo(role: SampleRole) -> PhotoAssessment {
    let (width_px, height_px) = if role.kind() == SampleKind::Selfie { (1080, 1920) } else { (4000, 3000) };
    PhotoAssessment {
        role,
        intake: Intake::Decoded { format: "jpeg".to_owned(), width_px, height_px, scale: 0.5 },
        readings: Measure::of(role.kind()).map(|m| (m, Measured::number(good_value(m)))).collect(),
    }
}

/// A genuine case with `selfies` frames, each at `distance` from the card.
pub(crate) fn good_case(selfies: u8, distance: f64) -> Assessment {
    let frames: Vec<SampleRole> = (1..=selfies).map(SampleRole::Selfie).collect();
    let roles = [SampleRole::Front, SampleRole::Back].into_iter().chain(frames.iter().copied());
    let probe = |&role| Probe { role, distance: distance_of(distance) };
    Assessment {
        case_id: "c-001".to_owned(),
        method: Method::IdCard,
        decided_on: None,
        photos: roles.map(good_photo).collect(),
        comparison: Comparison {
            probes: frames.iter().map(probe).collect(),
            cosines: vec![vec![1.0; frames.len()]; frames.len()],
        },
        frame_pairs: Vec::new(),
        challenge: Vec::new(),
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            models: [("embedding".to_owned(), "5e".repeat(32)), ("mesh".to_owned(), "3a".repeat(32))].into(),
            runtime: "onnxruntime 1.31.0".to_owned(),
            embedding: Some(embedding()),
        },
    }
}

/// A model whose distances of 0.1, 0.2, 0.3, 0.4 and 0.5 stand for rates of 1e-6, 1e-5, ..., 1e-2.
pub(crate) fn embedding() -> Embedding {
    let point = |decade: i32| {
        let fmr = 10f64.powi(decade - 7);
        format!("{{ distance = 0.{decade}, fmr = {fmr:e}, low = 0.0, high = 1.0 }}")
    };
    let points = (1..=5).map(point).collect::<Vec<_>>().join(", ");
    let calibration = format!(
        "template = 'one'\nset = 'made up'\nsubjects = 2\nimpostor_pairs = 1\n\
         extrapolated_below = 0.0\npoints = [{points}]"
    );
    Embedding { model: "embedding".to_owned(), calibration: toml::from_str(&calibration).ok() }
}

/// A measured distance; NaN is a failure to assess.
pub(crate) fn distance_of(value: f64) -> Measured<CosineDistance> {
    CosineDistance::new(value).map_or(Measured::FailureToAssess(Reason::NotFinite), Measured::Value)
}

/// Ways to spoil a case, each for a chain.
pub(crate) trait Spoiled: Sized {
    /// With another value of a measure.
    fn with(self, role: SampleRole, measure: Measure, value: f64) -> Self;
    /// With a measure that could not be taken.
    fn unmeasured(self, role: SampleRole, measure: Measure, reason: Reason) -> Self;
    /// Without an entry for a measure.
    fn lacking(self, role: SampleRole, measure: Measure) -> Self;
    /// With no face found in a photo.
    fn faceless(self, role: SampleRole) -> Self;
    /// With no card found in a photo.
    fn cardless(self, role: SampleRole) -> Self;
    /// With the other side of the card on a photo.
    fn other_side(self, role: SampleRole) -> Self;
    /// With a photo whose bytes gave no pixels.
    fn refused(self, role: SampleRole, fault: IntakeFault, detail: &str) -> Self;
    /// Without a photo.
    fn without(self, role: SampleRole) -> Self;
    /// With another distance of a frame to the card; NaN for none.
    fn at_distance(self, role: SampleRole, distance: f64) -> Self;
}

impl Spoiled for Assessment {
    fn with(mut self, role: SampleRole, measure: Measure, value: f64) -> Self {
        photo(&mut self, role).readings.insert(measure, Measured::number(value));
        self
    }

    fn unmeasured(mut self, role: SampleRole, measure: Measure, reason: Reason) -> Self {
        photo(&mut self, role).readings.insert(measure, Measured::FailureToAssess(reason));
        self
    }

    fn lacking(mut self, role: SampleRole, measure: Measure) -> Self {
        photo(&mut self, role).readings.remove(&measure).expect("a measure of the photo");
        self
    }

    fn faceless(self, role: SampleRole) -> Self {
        let faceless = without_subjects(self, role, &[Subject::Face], Reason::NoFace);
        unmatched(faceless, role, Reason::NoFace)
    }

    fn cardless(self, role: SampleRole) -> Self {
        let subjects = &Subject::ALL[1..];
        unmatched(without_subjects(self, role, subjects, Reason::NoCard), role, Reason::NoCard)
    }

    fn other_side(self, role: SampleRole) -> Self {
        let print = [Subject::Number, Subject::Name, Subject::Validity, Subject::Face];
        let turned = without_subjects(self, role, &print, Reason::OtherPrint);
        unmatched(turned, role, Reason::OtherPrint).with(role, Measure::ExpectedSide, 0.01)
    }

    fn refused(mut self, role: SampleRole, fault: IntakeFault, detail: &str) -> Self {
        let photo = photo(&mut self, role);
        photo.intake = Intake::Refused { fault, detail: detail.to_owned() };
        photo.readings = Readings::new();
        unmatched(self, role, Reason::NoPixels)
    }

    fn without(mut self, role: SampleRole) -> Self {
        self.photos.retain(|photo| photo.role != role);
        if let Some(index) = self.comparison.probes.iter().position(|probe| probe.role == role) {
            self.comparison.probes.remove(index);
            self.comparison.cosines.remove(index);
            for row in &mut self.comparison.cosines {
                row.remove(index);
            }
        }
        unmatched(self, role, Reason::NoFace)
    }

    fn at_distance(mut self, role: SampleRole, distance: f64) -> Self {
        let probe = self.comparison.probes.iter_mut().find(|probe| probe.role == role);
        probe.expect("a frame of the case").distance = distance_of(distance);
        self
    }
}

fn photo(assessment: &mut Assessment, role: SampleRole) -> &mut PhotoAssessment {
    assessment.photos.iter_mut().find(|photo| photo.role == role).expect("a photo of the case")
}

/// Takes the values of everything away that looks at one of `subjects` or shows it.
fn without_subjects(
    mut assessment: Assessment,
    role: SampleRole,
    subjects: &[Subject],
    reason: Reason,
) -> Assessment {
    for check in Check::of(role.kind()) {
        let shows = |subject: &Subject| subject.shown_by() == Some(check.measure);
        if subjects.contains(&check.subject) || subjects.iter().any(shows) {
            photo(&mut assessment, role).readings.insert(check.measure, Measured::FailureToAssess(reason));
        }
    }
    assessment
}

/// Takes the distances away that a face in `role` would have given.
fn unmatched(mut assessment: Assessment, role: SampleRole, reason: Reason) -> Assessment {
    for probe in &mut assessment.comparison.probes {
        match role.kind() {
            SampleKind::Front => probe.distance = Measured::FailureToAssess(Reason::NoReference),
            SampleKind::Selfie if probe.role == role => probe.distance = Measured::FailureToAssess(reason),
            SampleKind::Selfie | SampleKind::Back => {}
        }
    }
    assessment
}
