//! From an [`Assessment`](crate::evidence::Assessment) to a [`Judgement`]: the only place with
//! thresholds.
//!
//! Pure: reads no file and no clock and runs no model, so that a stored assessment can be decided
//! again under another policy. `codes` is the registry of what can be found, `checks` the list of
//! what is gated, `default.toml` the shipped numbers; `parse` and `value` read policies;
//! `decide` holds the rules and applies one: `photo` photo by photo, `sides` to the card's pair,
//! `liveness` to the frames.

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
mod value;

use std::collections::BTreeMap;

use crate::case::SampleKind;
use crate::evidence::Measure;

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
    liveness: liveness::LivenessRules,
}

impl Policy {
    /// The largest cosine distance at which two faces are taken for the same person.
    pub fn distance_max(&self) -> f64 {
        self.comparison.distance_max
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
    /// 0 to 2.
    distance_max: f64,
    /// Below `distance_max`.
    review_above: Option<f64>,
}
