//! From an [`Assessment`](crate::evidence::Assessment) to a [`Judgement`]: the only place with
//! thresholds.
//!
//! Pure: reads no file and no clock and runs no model, so that a stored assessment can be decided
//! again under another policy. `codes` is the registry of what can be found, `checks` the list of
//! what is gated, `default.toml` the shipped numbers; `parse` and `value` read policies;
//! `decide` holds the rules and applies one: `photo` photo by photo, `sides` to the card's pair,
//! `liveness` to the frames, `together` to the frames beside each other, `challenge` to what they were
//! asked to show.

mod bounds;
mod challenge;
mod checks;
mod codes;
mod decide;
#[cfg(test)]
mod findings;
mod judgement;
mod liveness;
mod parse;
mod photo;
#[cfg(test)]
mod properties;
mod sides;
#[cfg(test)]
pub(crate) mod testing;
mod together;
mod value;

use std::collections::BTreeMap;

use crate::case::SampleKind;
use crate::evidence::Measure;
use crate::score::Calibration;

pub use bounds::Bounds;
pub use challenge::StepJudgement;
pub use checks::{Accepts, CHECKS, Check, Subject};
pub use codes::{Code, CodeEntry, Elsewhere, Fault, Language, sample_name};
pub use judgement::{
    Decision, Effect, Finding, Judgement, LivenessJudgement, MatchJudgement, Observed, Outcome, Requirement,
    Verdict, VerificationStatus,
};
pub use parse::{POLICY_SCHEMA, PolicyError};

/// The shipped policy with its comments, `default.toml`.
pub const SHIPPED_TOML: &str = include_str!("default.toml");

/// The numbers that turn measures into a verdict. A value in hand is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    case: CaseRules,
    /// The gates that are on.
    gates: BTreeMap<(SampleKind, Measure), Gate>,
    usable_frames_min: usize,
    comparison: ComparisonRules,
    frames: together::FrameRules,
    challenge: challenge::ChallengeRules,
    liveness: liveness::LivenessRules,
}

impl Policy {
    /// The smallest mean liveness score that does not fail; `None` where it is not judged.
    pub fn liveness_threshold(&self) -> Option<f64> {
        self.liveness.score.map(|gate| gate.fail)
    }

    /// The distances that the rates asked for come to with a model's calibration; `None` where it
    /// does not reach them.
    pub fn limits(&self, calibration: &Calibration) -> Option<MatchLimits> {
        let ComparisonRules { fmr, review_fmr, .. } = self.comparison;
        let distance = calibration.distance_at(fmr)?;
        let review_distance = review_fmr.map(|fmr| calibration.distance_at(fmr));
        Some(MatchLimits {
            fmr,
            distance,
            review_distance: review_distance.map_or(Some(None), |d| d.map(Some))?,
        })
    }
}

/// What must be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CaseRules {
    front: Presence,
    back: Presence,
    /// 1 to [`SELFIES_MAX`](crate::case::SELFIES_MAX).
    selfies_min: usize,
}

/// Whether a photo must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
}

/// Where a measure fails, and where it goes to a person. Which side is good is the check's.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gate {
    fail: f64,
    /// On the good side of `fail`.
    review: Option<f64>,
}

/// How faces are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ComparisonRules {
    /// 1 to [`SELFIES_MAX`](crate::case::SELFIES_MAX).
    frames_max: usize,
    /// The false-match rate at which two faces are taken for the same person.
    fmr: f64,
    /// The higher rate up to which a person looks.
    review_fmr: Option<f64>,
}

/// The limits of a policy as distances of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchLimits {
    /// The false-match rate that the policy asks for.
    pub fmr: f64,
    /// The largest distance at which two faces are taken for the same person: that of `fmr`.
    pub distance: f64,
    /// The larger distance up to which a person looks, where there is such a band.
    pub review_distance: Option<f64>,
}
