//! What stands in the bucket and in the work stream.

use serde::{Deserialize, Serialize};

use crate::queue::change::Change;
use crate::queue::entry::Entry;
use crate::queue::submission::{Submission, SubmissionDocument};
use crate::status::RequiredSteps;

/// A revision of an entry, with the change that made it, if that is one to tell of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Value {
    pub(super) entry: Entry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<Change>,
}

impl Value {
    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data with string keys always serialises")
    }

    /// The error says where, and quotes nothing: an entry holds what a user typed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes)
            .map_err(|error| format!("line {}, column {}", error.line(), error.column()))
    }
}

/// What is to be done. Holds a whole submission, so that the message alone is enough.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum WorkMessage {
    /// An attempt was submitted.
    Submitted { submission: Box<SubmissionDocument>, required: RequiredSteps },
    /// An attempt that was set aside is to be tried again.
    Requeued { case_id: String, attempt: u32 },
}

impl WorkMessage {
    pub(super) fn submitted(submission: &Submission, required: &RequiredSteps) -> Self {
        Self::Submitted {
            submission: Box::new(SubmissionDocument::from(submission)),
            required: required.clone(),
        }
    }

    pub(super) fn requeued(case_id: &str, attempt: u32) -> Self {
        Self::Requeued { case_id: case_id.to_owned(), attempt }
    }

    pub(super) fn case_id(&self) -> &str {
        match self {
            Self::Submitted { submission, .. } => submission.case_id(),
            Self::Requeued { case_id, .. } => case_id,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data with string keys always serialises")
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
