//! What is wrong with one photo, as if it were the only one of its kind: rules 2 to 5 of `decide`.

use std::collections::BTreeSet;

use super::Policy;
use super::checks::{Check, Subject};
use super::codes::{Code, Fault};
use super::decide::{of_the_photo, requirement};
use super::judgement::{Effect, Finding, Observed, Outcome, Requirement};
use crate::case::{SampleKind, SampleRole};
use crate::evidence::{Intake, IntakeFault, Measure, Measured, PhotoAssessment, Readings, Reason};
use crate::score::Finite;

/// One photo, judged by itself.
pub(super) struct PhotoJudgement {
    /// The photo.
    pub(super) role: SampleRole,
    /// Everything that was not met or not assessed on it.
    pub(super) findings: Vec<Finding>,
    /// What it does not show.
    pub(super) absent: BTreeSet<Subject>,
}

impl PhotoJudgement {
    /// Whether something on it fails that another photo may mend.
    pub(super) fn is_to_be_mended(&self) -> bool {
        self.findings.iter().any(|finding| fails(finding) && finding.code.fault().mended_by_another_photo())
    }
}

/// A gated measure and what is wrong with its value.
type Judged = (&'static Check, Finding);

/// A gated measure without a value, and why.
type Unmeasured = (&'static Check, Option<Reason>);

impl Policy {
    /// What is wrong with one photo, as if it were alone. A case can take some of it back: an
    /// unusable frame beside usable ones, two sides that are only swapped.
    pub fn photo_findings(&self, photo: &PhotoAssessment) -> Vec<Finding> {
        self.judged_photo(photo).findings
    }

    /// Judges one photo by itself.
    pub(super) fn judged_photo(&self, photo: &PhotoAssessment) -> PhotoJudgement {
        let role = photo.role;
        match &photo.intake {
            Intake::Refused { fault, detail } => {
                let observed = Observed::Detail(detail.clone());
                let findings = vec![of_the_photo(intake_code(*fault), role, Some(observed))];
                PhotoJudgement { role, findings, absent: Subject::ALL.into() }
            }
            Intake::Decoded { .. } => self.judged_readings(role, &photo.readings),
        }
    }

    fn judged_readings(&self, role: SampleRole, readings: &Readings) -> PhotoJudgement {
        let (mut judged, mut unmeasured) = self.gated(role, readings);
        let mut findings = Vec::new();
        let mut absent = BTreeSet::new();
        for subject in Subject::ALL {
            let Some(shown) = shown_by(subject, role.kind()) else { continue };
            if subject.part_of(role.kind()).is_some_and(|whole| absent.contains(&whole)) {
                absent.insert(subject);
                continue;
            }
            let not_found = subject.not_found().filter(|reason| is_reason_of_any(readings, *reason));
            if let Some(reason) = not_found {
                judged.retain(|(check, _)| check.measure != shown.measure);
                unmeasured.retain(|(check, _)| check.measure != shown.measure);
                findings.push(of_the_photo(shown.code, role, Some(Observed::Reason(reason))));
            }
            let doubtful = |(check, finding): &Judged| check.measure == shown.measure && fails(finding);
            if not_found.is_some() || judged.iter().any(doubtful) {
                absent.insert(subject);
            }
        }
        judged.retain(|(check, _)| !absent.contains(&check.subject));
        unmeasured.retain(|(check, _)| !absent.contains(&check.subject));
        drop_unreadable_where_explained(&mut judged, &findings);
        findings.extend(judged.into_iter().map(|(_, finding)| finding));

        let something_fails = findings.iter().any(fails);
        unmeasured.retain(|(_, reason)| {
            let explicable = matches!(reason, Some(Reason::TooLittleToMeasure | Reason::NotRead));
            !(something_fails && explicable)
        });
        findings.extend(unmeasured.into_iter().map(|(check, reason)| self.not_assessed(check, role, reason)));
        note_what_a_better_photo_may_clear(&mut findings);
        PhotoJudgement { role, findings, absent }
    }

    /// The gated measures of a photo: those with a value that is not good, and those without one.
    fn gated(&self, role: SampleRole, readings: &Readings) -> (Vec<Judged>, Vec<Unmeasured>) {
        let (mut judged, mut unmeasured) = (Vec::new(), Vec::new());
        for check in Check::of(role.kind()) {
            let Some(gate) = self.gates.get(&(check.kind, check.measure)) else { continue };
            match readings.get(&check.measure) {
                Some(Measured::Value(value)) => {
                    judged.extend(gate.judged(check, role, *value).map(|finding| (check, finding)));
                }
                Some(Measured::FailureToAssess(Reason::NotClaimed)) if serves_a_claim(check.measure) => {}
                Some(Measured::FailureToAssess(reason)) => unmeasured.push((check, Some(*reason))),
                None => unmeasured.push((check, None)),
            }
        }
        (judged, unmeasured)
    }

    fn not_assessed(&self, check: &Check, role: SampleRole, reason: Option<Reason>) -> Finding {
        let gate = self.gates.get(&(check.kind, check.measure));
        let only_agreement = reason == Some(Reason::NotRead) && is_agreement(check.measure);
        Finding {
            code: Code::CheckNotAssessed,
            sample: Some(role),
            measure: Some(check.measure),
            outcome: Outcome::NotAssessed,
            effect: if only_agreement { Effect::Noted } else { Effect::Fail },
            observed: reason.map(Observed::Reason),
            required: gate.map(|gate| requirement(check, gate.fail)),
        }
    }
}

impl super::Gate {
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

/// The check of a kind of photo whose gate says whether `subject` is there; `None` where that is
/// not looked for.
fn shown_by(subject: Subject, kind: SampleKind) -> Option<&'static Check> {
    let measure = subject.shown_by()?;
    Check::of(kind).find(|check| check.measure == measure)
}

fn is_reason_of_any(readings: &Readings, reason: Reason) -> bool {
    readings.values().any(|reading| *reading == Measured::FailureToAssess(reason))
}

/// Rule 5: print that cannot be read needs no finding of its own on a photo that was taken badly.
fn drop_unreadable_where_explained(judged: &mut Vec<Judged>, findings: &[Finding]) {
    let badly_taken = |finding: &Finding| fails(finding) && finding.code.fault() == Fault::Capture;
    let explained = findings.iter().any(badly_taken) || judged.iter().any(|(_, f)| badly_taken(f));
    let shows_print =
        |check: &Check| Subject::ALL.into_iter().any(|s| s.is_read() && s.shown_by() == Some(check.measure));
    judged.retain(|(check, _)| !(explained && shows_print(check)));
}

/// Rule 6: while there is something to mend on a photo, what it says of document, person and
/// presentation is noted.
fn note_what_a_better_photo_may_clear(findings: &mut [Finding]) {
    let mended = |finding: &Finding| finding.code.fault().mended_by_another_photo();
    if findings.iter().any(|finding| fails(finding) && mended(finding)) {
        findings.iter_mut().filter(|f| !mended(f)).for_each(|f| f.effect = Effect::Noted);
    }
}

/// Measures that are taken for a claim: where nothing is claimed there is nothing to be wrong.
fn serves_a_claim(measure: Measure) -> bool {
    matches!(
        measure,
        Measure::NumberClaimDifferences | Measure::NameClaimDifferences | Measure::NameConfidence
    )
}

/// Whether two printed things agree. The one beside the number is small print: not to have read it
/// fails nothing.
fn is_agreement(measure: Measure) -> bool {
    matches!(measure, Measure::NumberBirthMismatch | Measure::NumberSexMismatch)
}

fn fails(finding: &Finding) -> bool {
    finding.effect == Effect::Fail
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
