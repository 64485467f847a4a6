//! The rules by which an assessment is decided.
//!
//! 1. Findings hold what was not met or not assessed, all at once. One that fails, fails the
//!    case; else one for review sends it to a person; else it passes.
//! 2. A photo that must be there and is not yields `photo.missing`. A photo that was refused at
//!    intake yields its `photo.*` finding alone.
//! 3. What is not there is found once, and nothing is said of what would be part of it: without a
//!    card nothing about the card, on another card or the other side of one nothing about print and
//!    portrait, without a face nothing about the face. What was not found at all is missing
//!    whatever gates are off; what was found and fails the gate of its own score is missing too.
//!    Two photos of the card with one side each that belongs on the other, or with the same side,
//!    yield one finding that says so.
//! 4. A measure that is gated and has no value yields `check.not_assessed` and fails, unless what
//!    was found on the same photo explains it: what is not there explains every measure of it; any
//!    gate that failed explains too little to measure and print that was not read. Where the case
//!    claims nothing, measures against a claim are passed over. That the number could not be
//!    compared with the small print beside it is noted.
//! 5. Print that cannot be read (`document.*_unreadable`) is explained by whatever else is wrong
//!    with how the photo was taken. What follows from the print is then not judged.
//! 6. A photo must be good before it counts against document or person: while something on it is to
//!    be mended by another photo, its findings of the faults document, identity and presentation
//!    are noted.
//! 7. A frame is usable when it has pixels and nothing on it fails. Once enough frames are usable,
//!    what fails on the others is noted; once enough have no finding at all, so is what goes to
//!    review.
//! 8. The best usable frames by frame quality are compared with the card. Of equals, the earlier.
//! 9. The limit is the distance at which the model's calibration has the false-match rate asked for.
//!    A distance over it goes to a person up to that of the rate for review, and fails for the
//!    person's identity beyond. While the front or the selfies have something to mend first, it is
//!    noted: a bad photo must not reject a person.
//! 10. Without a distance, or with one of a model that is not calibrated for the rates asked for,
//!     the case fails: by the finding that explains it (no portrait, no usable
//!     frame), else by `match.not_assessed`.
//! 11. Liveness is the mean over the compared frames, or over the best usable ones where none could
//!     be compared. Where one of them has no score, the policy says what becomes of the case. A
//!     challenge whose every step was met stands in for a missing score.
//! 12. The faces of the usable frames, and of those that show a step of the challenge, are one
//!     person's. No picture is sent twice. Of each kind, the worst pair of frames is the finding.
//! 13. Every step of a challenge is seen in a frame of its own, in the order asked; that frame need
//!     not be usable, for it shows closed eyes or a turned head.
//!
//! A stricter policy never turns a fail into a pass as long as the same frames are usable. It
//! may drop a frame, and then the mean over the others can lie nearer to the card.

use super::checks::{Accepts, Check, Subject};
use super::codes::Code;
use super::judgement::{Effect, Finding, Judgement, MatchJudgement, Observed, Outcome, Requirement};
use super::photo::PhotoJudgement;
use super::sides::name_the_pair;
use super::{MatchLimits, Policy, Presence};
use crate::case::{SampleKind, SampleRole};
use crate::evidence::{Assessment, Intake, Measure, Measured, PhotoAssessment, Reason};
use crate::score::{CosineDistance, Finite};

impl Policy {
    /// Decides a case. Depends on nothing but the assessment and this policy.
    pub fn decide(&self, assessment: &Assessment) -> Judgement {
        let mut photos: Vec<PhotoJudgement> =
            assessment.photos.iter().map(|photo| self.judged_photo(photo)).collect();
        let is_front = |photo: &&PhotoJudgement| photo.role.kind() == SampleKind::Front;
        let mend_front = photos.iter().filter(is_front).any(PhotoJudgement::is_to_be_mended);
        let no_portrait = photos.iter().filter(is_front).any(|photo| photo.absent.contains(&Subject::Face));
        let of_the_pair = name_the_pair(&mut photos);
        let mut findings: Vec<Finding> = photos.into_iter().flat_map(|photo| photo.findings).collect();
        findings.extend(of_the_pair);

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
        let missing = self.missing(&assessment.photos);
        let front_missing = missing.iter().any(|f| is_of(f, SampleKind::Front));
        findings.extend(missing);

        let challenge = self.challenge_steps(assessment);
        findings.extend(Self::challenge_findings(&challenge));
        let mut looked_at = usable.clone();
        looked_at.extend(challenge.iter().filter_map(|step| step.frame));
        findings.extend(self.frames_findings(assessment, &looked_at));

        let mend_first = !enough_usable || mend_front || front_missing;
        let explained = !enough_usable || no_portrait || front_missing;
        let comparison = self.compared(assessment, &usable);
        let speaking = if comparison.frames.is_empty() {
            self.best(assessment, usable.clone())
        } else {
            comparison.frames.clone()
        };
        let liveness = self.liveness_of(assessment, &speaking);
        findings.extend(self.liveness_finding(&liveness, &challenge));
        findings.extend(match comparison.distance {
            Some(distance) => match comparison.limits {
                Some(limits) => distance_finding(limits, distance, mend_first),
                None => Some(no_comparison_finding(Some(Reason::NotCalibrated))),
            },
            None if explained => None,
            None => Some(no_comparison_finding(why_no_distance(assessment))),
        });
        findings.sort_by_key(|f| (f.sample.is_none(), f.sample, f.code, f.measure));
        Judgement::new(findings, comparison, liveness, usable, challenge)
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

    /// Rule 8.
    fn compared(&self, assessment: &Assessment, usable: &[SampleRole]) -> MatchJudgement {
        let probes = &assessment.comparison.probes;
        let comparable = |role: &SampleRole| {
            probes.iter().any(|probe| probe.role == *role && probe.distance.value().is_some())
        };
        let frames = self.best(assessment, usable.iter().copied().filter(comparable).collect());
        let chosen: Vec<usize> =
            (0..probes.len()).filter(|index| frames.contains(&probes[*index].role)).collect();
        let embedding = assessment.provenance.embedding.as_ref();
        let calibration = embedding.and_then(|embedding| embedding.calibration.as_ref());
        let distance = assessment.comparison.mean_distance(&chosen);
        MatchJudgement {
            distance,
            distance_fmr: distance.and_then(|distance| calibration?.fmr_at(distance.get())),
            limits: calibration.and_then(|calibration| self.limits(calibration)),
            model: embedding.map(|embedding| embedding.model.clone()),
            frames,
        }
    }

    /// The best of `frames` by frame quality, at most as many as are compared, in their order.
    fn best(&self, assessment: &Assessment, mut frames: Vec<SampleRole>) -> Vec<SampleRole> {
        let quality = |role: &SampleRole| {
            let photo = assessment.photos.iter().find(|photo| photo.role == *role);
            let reading = photo.and_then(|photo| photo.readings.get(&Measure::FrameQuality));
            reading.and_then(|reading| reading.value()).map_or(f64::NEG_INFINITY, Finite::get)
        };
        frames.sort_by(|a, b| quality(b).total_cmp(&quality(a)).then(a.cmp(b)));
        frames.truncate(self.comparison.frames_max);
        frames.sort_unstable();
        frames
    }
}

/// Rule 9.
fn distance_finding(limits: MatchLimits, distance: CosineDistance, mend_first: bool) -> Option<Finding> {
    let broken = |bound: &f64| distance.get() > *bound;
    let accepted = Some(limits.distance).filter(broken)?;
    let (code, effect, bound) = match limits.review_distance.filter(|bound| !broken(bound)) {
        Some(_) => (Code::MatchUncertain, Effect::Review, accepted),
        None => (Code::MatchBelowThreshold, Effect::Fail, limits.review_distance.unwrap_or(accepted)),
    };
    Some(Finding {
        code,
        sample: None,
        measure: None,
        outcome: Outcome::NotMet,
        effect: if mend_first { Effect::Noted } else { effect },
        observed: Finite::new(distance.get()).map(Observed::Value),
        required: Some(Requirement { accepts: Accepts::AtMost, bound, unit: "" }),
    })
}

/// Rule 10, where nothing explains it.
fn no_comparison_finding(reason: Option<Reason>) -> Finding {
    Finding {
        code: Code::MatchNotAssessed,
        sample: None,
        measure: None,
        outcome: Outcome::NotAssessed,
        effect: Effect::Fail,
        observed: reason.map(Observed::Reason),
        required: None,
    }
}

fn why_no_distance(assessment: &Assessment) -> Option<Reason> {
    assessment.comparison.probes.iter().find_map(|probe| match probe.distance {
        Measured::Value(_) => None,
        Measured::FailureToAssess(reason) => Some(reason),
    })
}

pub(super) fn requirement(check: &Check, bound: f64) -> Requirement {
    Requirement { accepts: check.accepts, bound, unit: check.measure.unit() }
}

/// A finding about a photo as a whole.
pub(super) fn of_the_photo(code: Code, role: SampleRole, observed: Option<Observed>) -> Finding {
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

/// The selfie frames that have pixels and of which `flaw` does not hold.
fn frames_without(photos: &[PhotoAssessment], flaw: impl Fn(SampleRole) -> bool) -> Vec<SampleRole> {
    let has_pixels = |photo: &&PhotoAssessment| matches!(photo.intake, Intake::Decoded { .. });
    let frames = photos.iter().filter(has_pixels).map(|photo| photo.role);
    frames.filter(|role| role.kind() == SampleKind::Selfie && !flaw(*role)).collect()
}

fn is_of(finding: &Finding, kind: SampleKind) -> bool {
    finding.sample.is_some_and(|role| role.kind() == kind)
}
