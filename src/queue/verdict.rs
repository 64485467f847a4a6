//! What is recorded of a verdict: the document, and what the record and the events need of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{Effect, Verdict};
use crate::report::{DecisionDocument, StatusDocument, Timing, verdict_json};
use crate::status::PipelineOutcome;

/// A verdict on its way into the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptVerdict {
    pub(super) note: VerdictNote,
    pub(super) outcome: PipelineOutcome,
}

impl From<&Verdict> for AttemptVerdict {
    fn from(verdict: &Verdict) -> Self {
        let judgement = &verdict.judgement;
        let mut codes: Vec<String> = Vec::new();
        for finding in judgement.findings.iter().filter(|finding| finding.effect != Effect::Noted) {
            let code = finding.code.id();
            if !codes.iter().any(|seen| seen == code) {
                codes.push(code.to_owned());
            }
        }
        let note = VerdictNote {
            decision: judgement.decision.into(),
            status: judgement.status.into(),
            codes,
            policy: verdict.policy_sha256.clone(),
            document: Some(verdict_json(verdict, Timing::Untimed)),
            recorded_ms: 0,
            worker: String::new(),
        };
        Self { note, outcome: PipelineOutcome::from(judgement) }
    }
}

/// A verdict as it stands in a case's entry. The document goes when the case is purged; the rest
/// stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictNote {
    /// Whether the attempt was accepted.
    pub decision: DecisionDocument,
    /// Where that left the pipeline's part.
    pub status: StatusDocument,
    /// Codes of the findings that bear on the decision.
    pub codes: Vec<String>,
    /// Sha256 of the policy that decided.
    pub policy: String,
    /// The verdict, form realname.verdict/1, as one line of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_ms: u64,
    /// Who recorded it.
    pub worker: String,
}
