//! What stands in the bucket and in the work stream.

use serde::{Deserialize, Serialize};

use crate::queue::change::Change;
use crate::queue::entry::Entry;

/// A revision of an entry, with the change that made it, if that is one to tell of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Value {
    /// Gone where the case was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<Entry>,
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

/// An attempt that is to be looked at. Names the case and nothing else: what was submitted stands in
/// the entry alone, where a purge finds it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkMessage {
    pub(super) case_id: String,
    pub(super) attempt: u32,
}

impl WorkMessage {
    pub(super) fn of(entry: &Entry) -> Self {
        Self { case_id: entry.case_id.clone(), attempt: entry.record.attempt() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data with string keys always serialises")
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
