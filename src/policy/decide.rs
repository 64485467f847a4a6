//! The rules by which an assessment is decided.
//!
//! 1. Findings hold what was not met or not assessed, all at once. One that fails, fails the
//!    case; else one for review sends it to a person; else it passes.
//! 2. A photo that must be there and is not yields `photo.missing`. A photo that was refused at
//!    intake yields its `photo.*` finding alone.
//! 3. A photo without a face yields `face.none` or `card.face_none`, and nothing else about the
//!    face, whatever gates are off. A face whose score fails its gate is no face.
//! 4. A measure that is gated and has no value yields `check.not_assessed` and fails, unless what
//!    was found on the same photo explains it: no face explains measures of the face; any gate
//!    that failed explains too little to measure.
//! 5. A frame is usable when it has pixels and nothing on it fails. Once enough frames are usable,
//!    what fails on the others is noted; once enough have no finding at all, so is what goes to
//!    review.
//! 6. The best usable frames by frame quality are compared with the card. Of equals, the earlier.
//! 7. A distance over the limit fails for the person's identity. While the front or the selfies
//!    have something to mend first, it is noted: a bad photo must not reject a person.
//! 8. Without a distance the case fails: by the finding that explains it (no portrait, no usable
//!    frame), else by `match.not_assessed`.
//!
//! A stricter policy never turns a fail into a pass as long as the same frames are compared. It
//! may drop a frame, and then the mean over the others can lie nearer to the card.

use super::checks::{Accepts, Check, Subject, no_face_code};
use super::codes::Code;
use super::judgement::{Effect, Finding, Judgement, MatchJudgement, Observed, Outcome, Requirement};
use super::{Gate, Policy, Presence};
use crate::case::{SampleKind, SampleRole};
use crate::evidence::{
    Assessment, Intake, IntakeFault, Measure, Measured, PhotoAssessment, Readings, Reason,
};
use crate::score::{CosineDistance, Finite};

impl Policy {
    /// Decides a case. Depends on nothing but the assessment and this policy.
    pub fn decide(&self, assessment: &Assessment) -> Judgement {
        let mut findings: Vec<Finding> =
            assessment.photos.iter().flat_map(|photo| self.photo_findings(photo)).collect();
        let usable = frames_without(&assessment.photos, |role| {
            findings.iter().any(|f| f.sample == Some(role) && f.effect == Effect::Fail)
        });
        let spotless =
            frames_without(&assessment.photos, |role| findings.iter().any(|f| f.sample == Some(role)));
        let enough_usable = usable.len() >= self.usable_frames_min;
        let enough_spotless = spotless.len() >= self.usable_frames_min;
        for finding in findings.iter_mut().filter(|f| is_of(f, SampleKind::Selfie)) {
            finding.effect = match finding.effect {
                Effect::Fail if enough_usable => Effect::Noted,
                Effect::Review if enough_spotless => Effect::Noted,
                unchanged @ (Effect::Fail | Effect::Review | Effect::Noted) => unchanged,
            };
        }
        findings.extend(self.missing(&assessment.photos));

        let front_fails = |f: &Finding| is_of(f, SampleKind::Front) && f.effect == Effect::Fail;
        let mend_first = !enough_usable || findings.iter().any(front_fails);
        // What fails a photo as a whole, rather than one of its measures, leaves no portrait.
        let no_portrait =
            |f: &Finding| front_fails(f) && (f.measure.is_none() || f.code == Code::CardFaceNone);
        let explained = !enough_usable || findings.iter().any(no_portrait);

        let comparison = self.compared(assessment, &usable);
        findings.extend(match comparison.distance {
            Some(distance) => self.distance_finding(distance, mend_first),
            None if explained => None,
            None => Some(self.no_distance_finding(assessment)),
        });
        findings.sort_by_key(|f| (f.sample.is_none(), f.sample, f.code, f.measure));
        Judgement::new(findings, comparison)
    }

    /// Rule 2: photos that must be there and are not.
    fn missing(&self, photos: &[PhotoAssessment]) -> Vec<Finding> {
        let absent = |role: &SampleRole| photos.iter().all(|photo| photo.role != *role);
        let card = [(SampleRole::Front, self.case.front), (SampleRole::Back, self.case.back)];
        let card = card.into_iter().filter(|(_, presence)| *presence == Presence::Required);
        let sent = photos.iter().filter(|photo| photo.role.kind() == SampleKind::Selfie).count();
        let lacking = self.case.selfies_min.saturating_sub(sent);
        let selfies = (1..=u8::MAX).map(SampleRole::Selfie).filter(absent).take(lacking);
        let missing = card.map(|(role, _)| role).filter(absent).chain(selfies);
        missing.map(|role| of_the_photo(Code::PhotoMissing, role, None)).collect()
    }

    /// What is wrong with one photo, as if it were the only one of its kind.
    fn photo_findings(&self, photo: &PhotoAssessment) -> Vec<Finding> {
        match &photo.intake {
            Intake::Refused { fault, detail } => {
                let observed = Observed::Detail(detail.clone());
                vec![of_the_photo(intake_code(*fault), photo.role, Some(observed))]
            }
            Intake::Decoded { .. } => self.reading_findings(photo.role, &photo.readings),
        }
    }

    /// Rules 3 and 4.
    fn reading_findings(&self, role: SampleRole, readings: &Readings) -> Vec<Finding> {
        let mut judged = Vec::new();
        let mut without_value = Vec::new();
        for check in Check::of(role.kind()) {
            let Some(gate) = self.gates.get(&(check.kind, check.measure)) else { continue };
            match readings.get(&check.measure) {
                Some(Measured::Value(value)) => {
                    judged.extend(gate.judged(check, role, *value).map(|finding| (check, finding)));
                }
                Some(Measured::FailureToAssess(reason)) => without_value.push((check, Some(*reason))),
                None => without_value.push((check, None)),
            }
        }

        let no_face = no_face_code(role.kind());
        let none_found = readings.values().any(|r| *r == Measured::FailureToAssess(Reason::NoFace));
        let doubtful = |f: &Finding| Some(f.code) == no_face && f.effect == Effect::Fail;
        let mut face_is_absent = judged.iter().any(|(_, finding)| doubtful(finding));
        if face_is_absent {
            judged.retain(|(check, finding)| check.subject == Subject::Photo || doubtful(finding));
        }
        let mut findings: Vec<Finding> = Vec::new();
        if let Some(code) = no_face.filter(|_| none_found) {
            face_is_absent = true;
            judged.retain(|(check, _)| check.subject == Subject::Photo);
            findings.push(of_the_photo(code, role, Some(Observed::Reason(Reason::NoFace))));
        }
        findings.extend(judged.into_iter().map(|(_, finding)| finding));

        let something_fails = findings.iter().any(|f| f.effect == Effect::Fail);
        without_value.retain(|(check, reason)| {
            let no_face_explains = face_is_absent && check.subject == Subject::Face;
            let failure_explains = something_fails && *reason == Some(Reason::TooLittleToMeasure);
            !no_face_explains && !failure_explains
        });
        findings
            .extend(without_value.into_iter().map(|(check, reason)| self.not_assessed(check, role, reason)));
        findings
    }

    fn not_assessed(&self, check: &Check, role: SampleRole, reason: Option<Reason>) -> Finding {
        let gate = self.gates.get(&(check.kind, check.measure));
        Finding {
            code: Code::CheckNotAssessed,
            sample: Some(role),
            measure: Some(check.measure),
            outcome: Outcome::NotAssessed,
            effect: Effect::Fail,
            observed: reason.map(Observed::Reason),
            required: gate.map(|gate| requirement(check, gate.fail)),
        }
    }

    /// Rule 6.
    fn compared(&self, assessment: &Assessment, usable: &[SampleRole]) -> MatchJudgement {
        let probes = &assessment.comparison.probes;
        let quality = |index: &usize| {
            let photo = assessment.photos.iter().find(|photo| photo.role == probes[*index].role);
            let reading = photo.and_then(|photo| photo.readings.get(&Measure::FrameQuality));
            reading.and_then(|reading| reading.value()).map_or(f64::NEG_INFINITY, Finite::get)
        };
        let comparable = |index: &usize| {
            usable.contains(&probes[*index].role) && probes[*index].distance.value().is_some()
        };
        let mut chosen: Vec<usize> = (0..probes.len()).filter(comparable).collect();
        chosen.sort_by(|a, b| quality(b).total_cmp(&quality(a)));
        chosen.truncate(self.comparison.frames_max);
        chosen.sort_unstable();
        MatchJudgement {
            distance: assessment.comparison.mean_distance(&chosen),
            threshold: self.comparison.distance_max,
            frames: chosen.into_iter().map(|index| probes[index].role).collect(),
            fmr: None,
        }
    }

    /// Rule 7.
    fn distance_finding(&self, distance: CosineDistance, mend_first: bool) -> Option<Finding> {
        let at_most = |bound| Requirement { accepts: Accepts::AtMost, bound, unit: "" };
        let broken = |requirement: &Requirement| !requirement.is_met_by(distance.get());
        let limit = Some(at_most(self.comparison.distance_max)).filter(broken);
        let review = self.comparison.review_above.map(at_most).filter(broken);
        let (code, effect, required) = match (limit, review) {
            (Some(limit), _) => (Code::MatchBelowThreshold, Effect::Fail, limit),
            (None, Some(review)) => (Code::MatchUncertain, Effect::Review, review),
            (None, None) => return None,
        };
        Some(Finding {
            code,
            sample: None,
            measure: None,
            outcome: Outcome::NotMet,
            effect: if mend_first { Effect::Noted } else { effect },
            observed: Finite::new(distance.get()).map(Observed::Value),
            required: Some(required),
        })
    }

    /// Rule 8, where nothing explains it.
    fn no_distance_finding(&self, assessment: &Assessment) -> Finding {
        let reason = assessment.comparison.probes.iter().find_map(|probe| match probe.distance {
            Measured::Value(_) => None,
            Measured::FailureToAssess(reason) => Some(reason),
        });
        let bound = self.comparison.distance_max;
        Finding {
            code: Code::MatchNotAssessed,
            sample: None,
            measure: None,
            outcome: Outcome::NotAssessed,
            effect: Effect::Fail,
            observed: reason.map(Observed::Reason),
            required: Some(Requirement { accepts: Accepts::AtMost, bound, unit: "" }),
        }
    }
}

impl Gate {
    /// What a value amounts to; `None` when it is good.
    fn judged(&self, check: &Check, role: SampleRole, value: Finite) -> Option<Finding> {
        let broken = |requirement: &Requirement| !requirement.is_met_by(value.get());
        let fail = Some(requirement(check, self.fail)).filter(broken);
        let review = self.review.map(|bound| requirement(check, bound)).filter(broken);
        let (effect, required) = match (fail, review) {
            (Some(fail), _) => (Effect::Fail, fail),
            (None, Some(review)) => (Effect::Review, review),
            (None, None) => return None,
        };
        Some(Finding {
            code: check.code,
            sample: Some(role),
            measure: Some(check.measure),
            outcome: Outcome::NotMet,
            effect,
            observed: Some(Observed::Value(value)),
            required: Some(required),
        })
    }
}

fn requirement(check: &Check, bound: f64) -> Requirement {
    Requirement { accepts: check.accepts, bound, unit: check.measure.unit() }
}

/// A finding about a photo as a whole.
fn of_the_photo(code: Code, role: SampleRole, observed: Option<Observed>) -> Finding {
    Finding {
        code,
        sample: Some(role),
        measure: None,
        outcome: Outcome::NotMet,
        effect: Effect::Fail,
        observed,
        required: None,
    }
}

fn intake_code(fault: IntakeFault) -> Code {
    match fault {
        IntakeFault::NotAnImage => Code::PhotoNotAnImage,
        IntakeFault::FormatUnsupported => Code::PhotoFormatUnsupported,
        IntakeFault::TooManyBytes | IntakeFault::TooLarge => Code::PhotoTooLarge,
        IntakeFault::Truncated => Code::PhotoTruncated,
        IntakeFault::Corrupt => Code::PhotoCorrupt,
    }
}

/// The selfie frames that have pixels and of which `flaw` does not hold.
fn frames_without(photos: &[PhotoAssessment], flaw: impl Fn(SampleRole) -> bool) -> Vec<SampleRole> {
    let has_pixels = |photo: &&PhotoAssessment| matches!(photo.intake, Intake::Decoded { .. });
    let frames = photos.iter().filter(has_pixels).map(|photo| photo.role);
    frames.filter(|role| role.kind() == SampleKind::Selfie && !flaw(*role)).collect()
}

fn is_of(finding: &Finding, kind: SampleKind) -> bool {
    finding.sample.is_some_and(|role| role.kind() == kind)
}
