//! Rule 11 of `decide`: whether a live person made the frames that speak for the case.

use super::challenge::{StepJudgement, is_passed};
use super::checks::Accepts;
use super::codes::Code;
use super::judgement::{Effect, Finding, LivenessJudgement, Observed, Outcome, Requirement};
use super::{Gate, Policy};
use crate::case::SampleRole;
use crate::evidence::{Assessment, Measure, Measured, Reason};
use crate::score::Finite;

/// What is asked of the frames' liveness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LivenessRules {
    /// Of the mean over the frames; `None` where it is recorded and not judged.
    pub(super) score: Option<Gate>,
    /// What becomes of a case where it is judged and could not be assessed.
    pub(super) not_assessed: NotAssessed,
}

/// What becomes of a case for a check that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAssessed {
    /// It fails.
    Fails,
    /// A person looks.
    GoesToReview,
    /// It is noted.
    IsNoted,
}

impl NotAssessed {
    pub(super) const ALL: [Self; 3] = [Self::Fails, Self::GoesToReview, Self::IsNoted];

    /// The word in a policy.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Fails => "fail",
            Self::GoesToReview => "review",
            Self::IsNoted => "pass",
        }
    }

    fn effect(self) -> Effect {
        match self {
            Self::Fails => Effect::Fail,
            Self::GoesToReview => Effect::Review,
            Self::IsNoted => Effect::Noted,
        }
    }
}

impl Policy {
    /// The mean score of `frames`; without a value where one of them has none.
    pub(super) fn liveness_of(&self, assessment: &Assessment, frames: &[SampleRole]) -> LivenessJudgement {
        LivenessJudgement {
            score: mean_score(assessment, frames),
            threshold: self.liveness.score.map(|gate| gate.fail),
            frames: frames.to_vec(),
        }
    }

    /// What is to be said of it. Nothing of a case without a frame: that is the finding. A challenge
    /// whose every step was met stands in for a score that is missing: such a case need not go to a
    /// person.
    pub(super) fn liveness_finding(
        &self,
        judged: &LivenessJudgement,
        challenge: &[StepJudgement],
    ) -> Option<Finding> {
        let gate = self.liveness.score.filter(|_| !judged.frames.is_empty())?;
        let at_least =
            |bound| Requirement { accepts: Accepts::AtLeast, bound, unit: Measure::Liveness.unit() };
        let finding = |code, outcome, effect, observed, required| Finding {
            code,
            sample: None,
            measure: Some(Measure::Liveness),
            outcome,
            effect,
            observed: Some(observed),
            required: Some(required),
        };
        let score = match judged.score {
            Measured::Value(score) => score,
            Measured::FailureToAssess(reason) => {
                let effect = match self.liveness.not_assessed {
                    NotAssessed::GoesToReview if is_passed(challenge) => Effect::Noted,
                    other => other.effect(),
                };
                let required = at_least(gate.fail);
                let observed = Observed::Reason(reason);
                return Some(finding(
                    Code::LivenessNotAssessed,
                    Outcome::NotAssessed,
                    effect,
                    observed,
                    required,
                ));
            }
        };
        let broken = |requirement: &Requirement| !requirement.is_met_by(score.get());
        let fail = Some(at_least(gate.fail)).filter(broken);
        let review = gate.review.map(at_least).filter(broken);
        let (code, effect, required) = match (fail, review) {
            (Some(fail), _) => (Code::LivenessAttack, Effect::Fail, fail),
            (None, Some(review)) => (Code::LivenessUncertain, Effect::Review, review),
            (None, None) => return None,
        };
        Some(finding(code, Outcome::NotMet, effect, Observed::Value(score), required))
    }
}

fn mean_score(assessment: &Assessment, frames: &[SampleRole]) -> Measured<Finite> {
    let mut sum = 0.0;
    for role in frames {
        let photo = assessment.photos.iter().find(|photo| photo.role == *role);
        match photo.and_then(|photo| photo.readings.get(&Measure::Liveness)) {
            Some(Measured::Value(score)) => sum += score.get(),
            Some(Measured::FailureToAssess(reason)) => return Measured::FailureToAssess(*reason),
            None => return Measured::FailureToAssess(Reason::NoModel),
        }
    }
    Measured::number(sum / frames.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Spoiled as _, good_case};
    use super::*;
    use crate::case::SampleRole::Selfie;
    use crate::policy::{Decision, POLICY_SCHEMA, VerificationStatus};

    fn policy(body: &str) -> Policy {
        Policy::parse(&format!("schema = \"{POLICY_SCHEMA}\"\n[liveness]\n{body}\n")).expect("a valid policy")
    }

    fn scored(scores: &[f64]) -> Assessment {
        let case = good_case(scores.len() as u8, 0.2);
        (1..).zip(scores).fold(case, |case, (n, score)| case.with(Selfie(n), Measure::Liveness, *score))
    }

    #[test]
    fn the_mean_over_the_frames_is_judged() {
        let policy = policy("score = { fail_below = 0.25, review_below = 0.5 }");
        for (scores, decision, code) in [
            (vec![0.2], Decision::Fail, Some(Code::LivenessAttack)),
            (vec![0.25], Decision::Review, Some(Code::LivenessUncertain)),
            (vec![0.5], Decision::Pass, None),
            (vec![0.0, 0.5, 1.0], Decision::Pass, None),
            (vec![0.0, 0.0, 0.5], Decision::Fail, Some(Code::LivenessAttack)),
        ] {
            let judgement = policy.decide(&scored(&scores));
            assert_eq!(judgement.decision, decision, "{scores:?}");
            assert_eq!(judgement.findings.first().map(|f| f.code), code);
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let score = judgement.liveness.score.value().map(Finite::get);
            assert!(score.is_some_and(|s| (s - mean).abs() < 1e-12));
        }
        let attack = policy.decide(&scored(&[0.1]));
        assert_eq!(attack.status, VerificationStatus::Rejected);
    }

    #[test]
    fn an_attack_is_told_without_a_portrait_to_compare_with_too() {
        let faceless = scored(&[0.01, 0.02]).faceless(SampleRole::Front);
        let judgement = Policy::shipped().decide(&faceless);
        let codes: Vec<Code> = judgement.findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, [Code::CardFaceNone, Code::LivenessAttack]);
    }

    #[test]
    fn what_the_policy_says_becomes_of_what_was_not_assessed() {
        for (word, decision) in
            [("fail", Decision::Fail), ("review", Decision::Review), ("pass", Decision::Pass)]
        {
            let policy = policy(&format!("not_assessed = '{word}'"));
            for reason in [Reason::NoModel, Reason::NotFinite, Reason::TooLittleToMeasure] {
                let case = good_case(3, 0.2).unmeasured(Selfie(2), Measure::Liveness, reason);
                let judgement = policy.decide(&case);
                assert_eq!(judgement.decision, decision, "{word} {reason}");
                assert_eq!(judgement.findings[0].code, Code::LivenessNotAssessed);
                assert_eq!(judgement.findings[0].observed, Some(Observed::Reason(reason)));
            }
            let lacking = good_case(1, 0.2).lacking(Selfie(1), Measure::Liveness);
            assert_eq!(policy.decide(&lacking).decision, decision);
        }
        let off = policy("score = 'off'\nnot_assessed = 'fail'");
        let case = good_case(1, 0.2).unmeasured(Selfie(1), Measure::Liveness, Reason::NoModel);
        assert_eq!(off.decide(&case).decision, Decision::Pass);
    }

    #[test]
    fn a_challenge_that_was_passed_stands_in_for_a_missing_score_and_not_for_a_bad_one() {
        use crate::case::ChallengeAction::TurnLeft;
        let asked = |yaw| {
            Assessment { challenge: vec![TurnLeft], ..good_case(3, 0.2) }.with(Selfie(3), Measure::Yaw, yaw)
        };
        let passed = [22.0, -22.0]
            .map(asked)
            .into_iter()
            .find(|case| Policy::shipped().decide(case).challenge_is_passed());
        let passed = passed.expect("one of the two is to the left");
        let unscored = passed.clone().unmeasured(Selfie(1), Measure::Liveness, Reason::NoModel);
        let missed = asked(0.0).unmeasured(Selfie(1), Measure::Liveness, Reason::NoModel);
        assert_eq!(Policy::shipped().decide(&unscored).decision, Decision::Pass);
        assert_ne!(Policy::shipped().decide(&missed).decision, Decision::Pass);
        assert_eq!(policy("not_assessed = 'fail'").decide(&unscored).decision, Decision::Fail);
        let attack = (1..=3).fold(passed, |case, n| case.with(Selfie(n), Measure::Liveness, 0.1));
        assert_eq!(Policy::shipped().decide(&attack).decision, Decision::Fail);
    }

    #[test]
    fn frames_that_do_not_count_do_not_count_here() {
        let policy = Policy::shipped();
        let turned = scored(&[0.9, 0.0, 0.9]).with(Selfie(2), Measure::Yaw, 80.0);
        assert_eq!(policy.decide(&turned).decision, Decision::Pass);
        assert_eq!(policy.decide(&turned).liveness.frames, [Selfie(1), Selfie(3)]);
    }
}
