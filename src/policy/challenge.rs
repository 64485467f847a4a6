//! Whether the frames show what the user was asked to do: step by step, in the order asked.
//!
//! Everything follows from the readings of the frames, so that a stored assessment can be judged
//! again under other thresholds. A step is looked for behind the frame that showed the one before
//! it. What a step looks like is told against the same person's other frames: eyes against the
//! most open they were, the head against the frame that looks straightest into the camera.

use super::Policy;
use super::checks::Accepts;
use super::codes::Code;
use super::judgement::{Effect, Finding, Observed, Outcome, Requirement};
use crate::case::{ChallengeAction, SampleKind, SampleRole};
use crate::evidence::{Assessment, Measure, PhotoAssessment};
use crate::score::Finite;

/// How far each action must go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChallengeRules {
    /// Fall of the eyes' openness from the most open ones of the frames, at least.
    pub(super) blink_drop: f64,
    /// Openness of eyes that look closed, at most.
    pub(super) blink_openness: f64,
    /// Growth of the gap between the lips, or of the dark in it, over the least of the frames, at least.
    pub(super) mouth_gap: f64,
    /// Degrees that a turn goes from the straightest frame, at least.
    pub(super) turn_deg: f64,
    /// Degrees that a nod goes from the straightest frame, at least.
    pub(super) nod_deg: f64,
    /// Whether frames are as others see the person, or as a mirror does.
    pub(super) view: FrameView,
}

/// How a camera app stores its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameView {
    /// As others see the person.
    Plain,
    /// As a mirror does.
    Mirrored,
}

/// One step of a challenge, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct StepJudgement {
    /// What was asked.
    pub action: ChallengeAction,
    /// Met, not met, or not assessed where no frame shows a face.
    pub outcome: Outcome,
    /// The first frame that shows it, behind the step before.
    pub frame: Option<SampleRole>,
    /// How far it went there; of a step that was not met, the furthest of all frames behind the
    /// step before.
    pub observed: Option<Finite>,
    /// How far it must go.
    pub required: Requirement,
}

/// What a frame says of the face in it, whether or not it is good enough for a comparison.
struct Moment {
    role: SampleRole,
    eye_openness: f64,
    mouth_gap: f64,
    mouth_void: f64,
    yaw_deg: f64,
    pitch_deg: f64,
}

/// Whether a challenge was asked for and every step of it was met.
pub(super) fn is_passed(steps: &[StepJudgement]) -> bool {
    !steps.is_empty() && steps.iter().all(|step| step.outcome == Outcome::Met)
}

impl Policy {
    /// The steps that the case asks for, judged in their order; empty where it asks for none.
    pub fn challenge_steps(&self, assessment: &Assessment) -> Vec<StepJudgement> {
        let moments: Vec<Moment> = assessment.photos.iter().filter_map(moment).collect();
        let straight = moments.iter().min_by(|a, b| {
            let turn = |m: &Moment| m.yaw_deg.abs() + m.pitch_deg.abs();
            turn(a).total_cmp(&turn(b))
        });
        let widest = moments.iter().map(|m| m.eye_openness).fold(f64::MIN, f64::max);
        let least = |of: fn(&Moment) -> f64| moments.iter().map(of).fold(f64::MAX, f64::min);
        let (least_gap, least_void) = (least(|m| m.mouth_gap), least(|m| m.mouth_void));
        let mut from = 0;
        let steps = assessment.challenge.iter().map(|&action| {
            let required = self.challenge.requirement(action);
            let Some(straight) = straight else {
                let (outcome, frame, observed) = (Outcome::NotAssessed, None, None);
                return StepJudgement { action, outcome, frame, observed, required };
            };
            let left = match self.challenge.view {
                FrameView::Plain => 1.0,
                FrameView::Mirrored => -1.0,
            };
            let amount = |m: &Moment| match action {
                ChallengeAction::Blink if self.challenge.shows_a_blink(m, straight) => {
                    widest - m.eye_openness
                }
                ChallengeAction::Blink => 0.0,
                // The mesh often lays a lip across a wide open mouth.
                ChallengeAction::OpenMouth => (m.mouth_gap - least_gap).max(m.mouth_void - least_void),
                // The person's left is on the picture's right.
                ChallengeAction::TurnLeft => left * (m.yaw_deg - straight.yaw_deg),
                ChallengeAction::TurnRight => -left * (m.yaw_deg - straight.yaw_deg),
                ChallengeAction::Nod => (m.pitch_deg - straight.pitch_deg).abs(),
            };
            let behind = &moments[from.min(moments.len())..];
            let seen = behind.iter().position(|m| required.is_met_by(amount(m)));
            let furthest = behind.iter().map(amount).reduce(f64::max);
            let shown = seen.map(|place| &behind[place]);
            let step = StepJudgement {
                action,
                outcome: if shown.is_some() { Outcome::Met } else { Outcome::NotMet },
                frame: shown.map(|m| m.role),
                observed: shown.map(amount).or(furthest).and_then(Finite::new),
                required,
            };
            from += seen.map_or(0, |place| place + 1);
            step
        });
        steps.collect()
    }

    /// A finding for each step that was not met.
    pub(super) fn challenge_findings(steps: &[StepJudgement]) -> impl Iterator<Item = Finding> {
        steps.iter().filter(|step| step.outcome != Outcome::Met).map(|step| Finding {
            code: code(step.action),
            sample: None,
            measure: None,
            outcome: step.outcome,
            effect: Effect::Fail,
            observed: step.observed.map(Observed::Value),
            required: Some(step.required),
        })
    }
}

impl ChallengeRules {
    /// Eyes that look closed, in a head that does not nod: a nod covers eyes as a blink does.
    fn shows_a_blink(&self, moment: &Moment, straight: &Moment) -> bool {
        moment.eye_openness <= self.blink_openness
            && (moment.pitch_deg - straight.pitch_deg).abs() < self.nod_deg
    }

    fn requirement(&self, action: ChallengeAction) -> Requirement {
        let (bound, unit) = match action {
            ChallengeAction::Blink => (self.blink_drop, ""),
            ChallengeAction::OpenMouth => (self.mouth_gap, ""),
            ChallengeAction::TurnLeft | ChallengeAction::TurnRight => (self.turn_deg, "deg"),
            ChallengeAction::Nod => (self.nod_deg, "deg"),
        };
        Requirement { accepts: Accepts::AtLeast, bound, unit }
    }
}

fn code(action: ChallengeAction) -> Code {
    match action {
        ChallengeAction::Blink => Code::ChallengeBlink,
        ChallengeAction::OpenMouth => Code::ChallengeOpenMouth,
        ChallengeAction::TurnLeft => Code::ChallengeTurnLeft,
        ChallengeAction::TurnRight => Code::ChallengeTurnRight,
        ChallengeAction::Nod => Code::ChallengeNod,
    }
}

fn moment(photo: &PhotoAssessment) -> Option<Moment> {
    if photo.role.kind() != SampleKind::Selfie {
        return None;
    }
    let value = |measure: Measure| Some(photo.readings.get(&measure)?.value()?.get());
    Some(Moment {
        role: photo.role,
        eye_openness: value(Measure::EyeOpenness)?,
        mouth_gap: value(Measure::MouthGap)?,
        mouth_void: value(Measure::MouthVoid).unwrap_or(0.0),
        yaw_deg: value(Measure::Yaw)?,
        pitch_deg: value(Measure::Pitch)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole::Selfie;
    use crate::evidence::Reason;
    use crate::policy::testing::{Spoiled as _, good_case};
    use crate::policy::{Decision, VerificationStatus};
    use ChallengeAction::{Blink, Nod, OpenMouth, TurnLeft, TurnRight};

    fn asked(frames: u8, challenge: &[ChallengeAction]) -> Assessment {
        Assessment { challenge: challenge.to_vec(), ..good_case(frames, 0.2) }
    }

    fn frames(case: &Assessment) -> Vec<Option<SampleRole>> {
        Policy::shipped().challenge_steps(case).iter().map(|step| step.frame).collect()
    }

    #[test]
    fn each_action_is_seen_in_the_frame_that_shows_it() {
        let case = asked(6, &[Blink, OpenMouth, TurnLeft, TurnRight, Nod])
            .with(Selfie(2), Measure::EyeOpenness, -0.6)
            .with(Selfie(3), Measure::MouthGap, 0.4)
            .with(Selfie(4), Measure::Yaw, 21.0)
            .with(Selfie(5), Measure::Yaw, -24.0)
            .with(Selfie(6), Measure::Pitch, -16.0);
        assert_eq!(frames(&case), [2, 3, 4, 5, 6].map(|n| Some(Selfie(n))));
        let judgement = Policy::shipped().decide(&case);
        assert_eq!(judgement.decision, Decision::Pass, "{:?}", judgement.findings);
    }

    #[test]
    fn the_order_counts_and_a_frame_shows_one_step() {
        let turned = |challenge: &[ChallengeAction]| {
            asked(4, challenge).with(Selfie(2), Measure::Yaw, 22.0).with(Selfie(3), Measure::Yaw, -22.0)
        };
        assert_eq!(frames(&turned(&[TurnLeft, TurnRight])), [Some(Selfie(2)), Some(Selfie(3))]);
        assert_eq!(frames(&turned(&[TurnRight, TurnLeft])), [Some(Selfie(3)), None]);
        assert_eq!(frames(&turned(&[TurnLeft, TurnLeft])), [Some(Selfie(2)), None]);
        let missed = Policy::shipped().decide(&turned(&[TurnRight, TurnLeft]));
        assert_eq!((missed.decision, missed.status), (Decision::Fail, VerificationStatus::Retake));
        assert_eq!(missed.findings[0].code, Code::ChallengeTurnLeft);
    }

    #[test]
    fn narrow_eyes_blink_like_wide_ones_and_a_still_does_nothing() {
        let narrow = [1, 2, 3].into_iter().fold(asked(3, &[Blink]), |case, n| {
            case.with(Selfie(n), Measure::EyeOpenness, if n == 2 { -0.2 } else { 0.25 })
        });
        assert_eq!(frames(&narrow), [Some(Selfie(2))]);
        let nodding = narrow.clone().with(Selfie(2), Measure::Pitch, 20.0);
        assert_eq!(frames(&nodding), [None]);
        let smiling = asked(3, &[Blink]).with(Selfie(2), Measure::EyeOpenness, 0.3);
        assert_eq!(frames(&smiling), [None]);
        let all = asked(3, &ChallengeAction::ALL);
        assert_eq!(frames(&all), [None; 5]);
        assert_eq!(frames(&asked(3, &[])), []);
    }

    #[test]
    fn without_a_face_nothing_is_assessed() {
        let faceless = asked(1, &[Nod]).faceless(Selfie(1));
        let steps = Policy::shipped().challenge_steps(&faceless);
        assert_eq!((steps[0].outcome, steps[0].frame), (Outcome::NotAssessed, None));
        let unmeasured = asked(2, &[Nod]).unmeasured(Selfie(2), Measure::Pitch, Reason::TooLittleToMeasure);
        assert_eq!(Policy::shipped().challenge_steps(&unmeasured)[0].outcome, Outcome::NotMet);
    }

    #[test]
    fn mirrored_frames_turn_the_other_way() {
        let text = "schema = 'realname.policy/1'\n[challenge]\nframes_are = 'mirrored'\n";
        let mirrored = Policy::parse(text).expect("a valid policy");
        let case = asked(2, &[TurnLeft]).with(Selfie(2), Measure::Yaw, -22.0);
        assert_eq!(mirrored.challenge_steps(&case)[0].frame, Some(Selfie(2)));
        assert_eq!(frames(&case), [None]);
    }
}
