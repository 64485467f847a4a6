//! What a judgement says of the steps that the pipeline decides.
//!
//! A step passes only where the whole was assessed: by a verdict that passes, or by one that sends
//! the case to a person for another step's sake. By a verdict that fails, the steps that its
//! findings concern fail and the others stay pending, because nothing says that they were looked
//! at to the end.

use std::collections::BTreeMap;

use super::record::Pipeline;
use super::step::{Step, StepResult, StepState};
use crate::case::{SampleKind, SampleRole};
use crate::policy::{Code, Decision, Effect, Judgement, VerificationStatus};

/// The step that a finding concerns, by the registry's namespace of its code.
pub fn step_of(code: Code, sample: Option<SampleRole>) -> Step {
    let namespace = code.id().split('.').next().unwrap_or_default();
    match (namespace, sample.map(SampleRole::kind)) {
        ("claim", _) => Step::Identity,
        ("match" | "face" | "liveness", _) | ("photo" | "check", Some(SampleKind::Selfie)) => Step::Face,
        // Cards, documents, photos of the card, and whatever is about no photo at all.
        _ => Step::Document,
    }
}

/// Where a verdict leaves the pipeline's part of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineOutcome {
    pub(super) pipeline: Pipeline,
    pub(super) steps: BTreeMap<Step, StepState>,
}

impl From<&Judgement> for PipelineOutcome {
    fn from(judgement: &Judgement) -> Self {
        let (pipeline, unconcerned) = match (judgement.decision, judgement.status) {
            (Decision::Pass, _) => (Pipeline::Passed, StepResult::Passed),
            (Decision::Review, _) => (Pipeline::InReview, StepResult::Passed),
            (Decision::Fail, VerificationStatus::Retake) => (Pipeline::Retake, StepResult::Pending),
            (Decision::Fail, _) => (Pipeline::Rejected, StepResult::Pending),
        };
        let unconcerned = StepState { result: unconcerned, codes: Vec::new() };
        let mut steps: BTreeMap<Step, StepState> =
            Step::OF_PIPELINE.into_iter().map(|step| (step, unconcerned.clone())).collect();
        for finding in &judgement.findings {
            let result = match finding.effect {
                Effect::Fail => StepResult::Failed,
                Effect::Review => StepResult::Pending,
                Effect::Noted => continue,
            };
            let state = steps.entry(step_of(finding.code, finding.sample)).or_insert_with(StepState::pending);
            if result == StepResult::Failed || state.result != StepResult::Failed {
                state.result = result;
            }
            let code = finding.code.id();
            if !state.codes.iter().any(|seen| seen == code) {
                state.codes.push(code.to_owned());
            }
        }
        Self { pipeline, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Measure;
    use crate::policy::Policy;
    use crate::policy::testing::{Spoiled as _, good_case};

    fn outcome(assessment: &crate::evidence::Assessment) -> PipelineOutcome {
        PipelineOutcome::from(&Policy::shipped().decide(assessment))
    }

    #[test]
    fn every_code_concerns_a_step_of_the_pipeline() {
        for code in Code::ALL {
            for sample in [None, Some(SampleRole::Front), Some(SampleRole::Back), Some(SampleRole::Selfie(1))]
            {
                assert!(Step::OF_PIPELINE.contains(&step_of(*code, sample)), "{code:?}");
            }
            let namespace = code.id().split('.').next().expect("a first part");
            let known = ["photo", "card", "document", "claim", "face", "match", "liveness", "check"];
            assert!(known.contains(&namespace), "{namespace}: say which step its codes concern");
        }
    }

    #[test]
    fn a_pass_passes_every_step_and_a_failure_only_says_what_it_saw() {
        let passed = outcome(&good_case(2, 0.2));
        assert_eq!(passed.pipeline, Pipeline::Passed);
        assert!(passed.steps.values().all(|s| s.result == StepResult::Passed), "{passed:?}");

        let other_person = outcome(&good_case(2, 0.9));
        assert_eq!(other_person.pipeline, Pipeline::Rejected);
        assert_eq!(other_person.steps[&Step::Face].result, StepResult::Failed);
        assert_eq!(other_person.steps[&Step::Face].codes, ["match.below_threshold"]);
        assert_eq!(other_person.steps[&Step::Document].result, StepResult::Pending);

        let turned = good_case(1, 0.2).with(SampleRole::Selfie(1), Measure::Yaw, -60.0);
        let turned = outcome(&turned);
        assert_eq!(turned.pipeline, Pipeline::Retake);
        assert_eq!(turned.steps[&Step::Face].result, StepResult::Failed);
    }
}
