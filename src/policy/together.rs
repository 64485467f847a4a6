//! What the selfie frames say together: one person, several pictures, a face that moves.

use super::checks::Accepts;
use super::codes::Code;
use super::judgement::{Effect, Finding, Observed, Outcome, Requirement};
use super::{Gate, Policy};
use crate::case::SampleRole;
use crate::evidence::Assessment;
use crate::score::Finite;

/// The gates on frames beside each other; `None` where one is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FrameRules {
    /// Cosine distance between the faces of two frames, at most.
    pub(super) person_distance: Option<Gate>,
    /// Difference of two whole pictures, at least.
    pub(super) picture_difference: Option<Gate>,
    /// The greatest motion of the face between any two frames, at least.
    pub(super) face_motion_ied: Option<Gate>,
}

impl Policy {
    /// What is wrong between the frames. `looked_at` are those whose faces count: the usable ones
    /// and those that show a step of the challenge. One finding of a kind: the worst pair's.
    pub(super) fn frames_findings(&self, assessment: &Assessment, looked_at: &[SampleRole]) -> Vec<Finding> {
        let comparison = &assessment.comparison;
        let faces: Vec<usize> = (0..comparison.probes.len())
            .filter(|&i| looked_at.contains(&comparison.probes[i].role))
            // Without a face there is nothing to compare: the diagonal says so.
            .filter(|&i| comparison.cosines[i][i] > 0.5)
            .collect();
        let distances = faces
            .iter()
            .enumerate()
            .flat_map(|(place, &i)| faces[place + 1..].iter().map(move |&j| 1.0 - comparison.cosines[i][j]));
        let furthest = distances.max_by(f64::total_cmp);
        let pairs = &assessment.frame_pairs;
        let differences = pairs.iter().filter_map(|pair| pair.picture_difference.value());
        let nearest = differences.map(Finite::get).min_by(f64::total_cmp);
        let motions = pairs.iter().filter_map(|pair| pair.face_motion_ied.value());
        let most = motions.map(Finite::get).max_by(f64::total_cmp);
        let rules = &self.frames;
        let findings = [
            furthest.and_then(|distance| {
                finding(Code::FramesDifferentPeople, rules.person_distance, Accepts::AtMost, distance)
            }),
            nearest.and_then(|difference| {
                let (code, gate) = (Code::FramesDuplicated, rules.picture_difference);
                finding(code, gate, Accepts::AtLeast, difference)
            }),
            most.and_then(|motion| {
                finding(Code::FramesWithoutMotion, rules.face_motion_ied, Accepts::AtLeast, motion)
            }),
        ];
        findings.into_iter().flatten().collect()
    }
}

fn finding(code: Code, gate: Option<Gate>, accepts: Accepts, value: f64) -> Option<Finding> {
    let gate = gate?;
    let broken = |bound: f64| {
        let requirement = Requirement { accepts, bound, unit: "" };
        (!requirement.is_met_by(value)).then_some(requirement)
    };
    let (effect, required) = match (broken(gate.fail), gate.review.and_then(broken)) {
        (Some(required), _) => (Effect::Fail, required),
        (None, Some(required)) => (Effect::Review, required),
        (None, None) => return None,
    };
    let observed = Finite::new(value).map(Observed::Value);
    Some(Finding {
        code,
        sample: None,
        measure: None,
        outcome: Outcome::NotMet,
        effect,
        observed,
        required: Some(required),
    })
}
