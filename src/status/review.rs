//! What a person decides of a case that the pipeline sent to one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ways in which a review can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// What the pipeline was unsure of is as it has to be: its steps pass.
    Approve,
    /// It is not, and no other photo mends that.
    Reject,
    /// Other photos are asked for: a new attempt.
    Retake,
}

impl ReviewDecision {
    /// Every decision, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Approve, Self::Reject, Self::Retake];

    /// The name used in records, in events and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retake => "retake",
        }
    }

    /// The decision of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.id() == text)
    }
}
