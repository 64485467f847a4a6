//! What is told of a case, form `realname.status/1`: no claim, no photo, no measure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::entry::{Entry, QueueState};
use crate::report::{DecisionDocument, StatusDocument};
use crate::status::{RecordMethod, RequiredSteps, ReviewDecision, Step, StepState};

/// The form that this version writes.
pub const STATUS_SCHEMA: &str = "realname.status/1";

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseStatusDocument {
    /// Always `realname.status/1`.
    #[schemars(regex(pattern = r"^realname\.status/1$"))]
    pub schema: String,
    /// The submitter's name for the case.
    pub case_id: String,
    /// Where the verification stands as a whole.
    pub status: StatusDocument,
    /// Where it counts: `queued`, `processing` or `dead`, or the status itself.
    pub queue: String,
    /// Why it was set aside, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the person proves who they are.
    pub method: RecordMethod,
    /// The steps that have to pass.
    pub required: RequiredSteps,
    /// Every step of the method.
    pub steps: BTreeMap<Step, StepState>,
    /// Every attempt, oldest first.
    pub attempts: Vec<AttemptDocument>,
    /// When it last changed, UTC.
    pub updated_at: String,
}

/// An attempt and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptDocument {
    /// Counted from 1.
    pub number: u32,
    /// When it was submitted, UTC.
    pub submitted_at: String,
    /// How often the machine failed it.
    pub faults: u32,
    /// The latest reasons of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fault_reasons: Vec<String>,
    /// How many workers were lost with it in hand.
    pub losses: u32,
    /// The verdict's decision.
    pub decision: Option<DecisionDocument>,
    /// The verdict's codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Sha256 of the policy that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// When the verdict was recorded, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Which worker recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// What a person decided, where the verdict left that to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDocument>,
}

/// A person's decision. What they noted is for those who review, and not told here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDocument {
    /// What they decided.
    pub decision: ReviewDecision,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who.
    pub reviewer: String,
    /// When, UTC.
    pub decided_at: String,
}

impl From<&Entry> for CaseStatusDocument {
    fn from(entry: &Entry) -> Self {
        let attempts = entry.attempts.iter().map(|attempt| {
            let verdict = attempt.verdict.as_ref();
            AttemptDocument {
                number: attempt.number,
                submitted_at: utc_text(attempt.submitted_ms),
                faults: attempt.faults,
                fault_reasons: attempt.fault_reasons.clone(),
                losses: attempt.losses,
                decision: verdict.map(|verdict| verdict.decision),
                codes: verdict.map(|verdict| verdict.codes.clone()).unwrap_or_default(),
                policy: verdict.map(|verdict| verdict.policy.clone()),
                decided_at: verdict.map(|verdict| utc_text(verdict.recorded_ms)),
                worker: verdict.map(|verdict| verdict.worker.clone()),
                review: attempt.review.as_ref().map(|note| ReviewDocument {
                    decision: note.decision,
                    reason: note.reason.clone(),
                    reviewer: note.reviewer.clone(),
                    decided_at: utc_text(note.decided_ms),
                }),
            }
        });
        let reason = match &entry.state {
            QueueState::Dead { reason } => Some(reason.clone()),
            QueueState::Idle | QueueState::Queued { .. } | QueueState::Claimed { .. } => None,
        };
        Self {
            schema: STATUS_SCHEMA.to_owned(),
            case_id: entry.case_id.clone(),
            status: entry.record.status().into(),
            queue: entry.bucket().id().to_owned(),
            reason,
            method: entry.record.method(),
            required: entry.record.required().clone(),
            steps: entry.record.steps().clone(),
            attempts: attempts.collect(),
            updated_at: utc_text(entry.updated_ms),
        }
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; a moment that no calendar has is shown as its number.
pub fn utc_text(ms: u64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| ms.to_string())
}

/// The schema of a case's status, form `realname.status/1`.
pub fn status_schema() -> serde_json::Value {
    schemars::schema_for!(CaseStatusDocument).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc() {
        assert_eq!(utc_text(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc_text(1_763_000_000_123), "2025-11-13T02:13:20.123Z");
        assert_eq!(utc_text(u64::MAX), u64::MAX.to_string());
    }

    #[test]
    fn the_schema_is_as_published() {
        insta::assert_json_snapshot!("status_schema", status_schema());
    }
}
