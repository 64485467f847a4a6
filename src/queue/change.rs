//! What happened to a case, as others are told: codes and decisions, no personal data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{DecisionDocument, StatusDocument};
use crate::status::{ReviewDecision, Step, StepResult};

/// A change of one case. Numbered in the order in which changes were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its number in the queue, from 1, growing; not every number need be there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u64,
    /// Its number among the changes of its case, from 1, without gaps.
    #[serde(default)]
    pub sequence: u64,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// The case.
    pub case_id: String,
    /// The attempt that the case is at.
    pub attempt: u32,
    /// What happened.
    pub kind: ChangeKind,
    /// Where the case stands after it.
    pub status: StatusDocument,
    /// The verdict's decision, where the change is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionDocument>,
    /// The verdict's codes, or the reason of a step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// The step that was set, where the change is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// How it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
    /// What a person decided, where the change is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDecision>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What happened to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Photos were sent.
    Submitted,
    /// The attempt has its verdict.
    Verdict,
    /// A step was set by another service or a person.
    Step,
    /// A person decided the case that the pipeline sent to one.
    Review,
    /// The case was set aside: the machine could not check it.
    Dead,
    /// A case that was set aside is in the queue again.
    Requeued,
    /// Photos and fields are gone.
    Purged,
}

impl ChangeKind {
    /// The name used in events.
    pub fn id(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Verdict => "verdict",
            Self::Step => "step",
            Self::Review => "review",
            Self::Dead => "dead",
            Self::Requeued => "requeued",
            Self::Purged => "purged",
        }
    }
}
