//! What stands beside the verdict in a bundle, form `realname.bundle/1`, and what is told of a
//! replay, form `realname.replay/1`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::difference::Difference;
use crate::case::{Case, Sample};

/// The form of a bundle that this version writes and reads.
pub const BUNDLE_SCHEMA: &str = "realname.bundle/1";

/// The form of a replay's result.
pub const REPLAY_SCHEMA: &str = "realname.replay/1";

/// Which case a bundle is of. Holds nothing that a user typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleDocument {
    /// Always `realname.bundle/1`.
    pub schema: String,
    /// The submitter's name for the case.
    pub case_id: String,
    /// How the user proves who they are.
    pub method: String,
    /// What the user was asked to do in the frames.
    pub challenge: Vec<String>,
    /// The photos, in the order of their roles.
    pub photos: Vec<PhotoDocument>,
}

/// A photo by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoDocument {
    /// Which photo of the case.
    pub sample: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Their sha256, lower-case hex.
    pub sha256: String,
}

impl From<&Sample> for PhotoDocument {
    fn from(sample: &Sample) -> Self {
        Self {
            sample: sample.role.to_string(),
            bytes: sample.bytes.len() as u64,
            sha256: Sha256::digest(&sample.bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl From<&Case> for BundleDocument {
    fn from(case: &Case) -> Self {
        Self {
            schema: BUNDLE_SCHEMA.to_owned(),
            case_id: case.case_id.clone(),
            method: case.method.id().to_owned(),
            challenge: case.challenge.iter().map(|action| action.id().to_owned()).collect(),
            photos: case.samples.iter().map(PhotoDocument::from).collect(),
        }
    }
}

/// How a replay went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayDocument {
    /// Always `realname.replay/1`.
    pub schema: &'static str,
    /// The case.
    pub case_id: String,
    /// Whether the same verdict came out.
    pub same: bool,
    /// Whether the photos were measured again, or only what was stored of them decided again.
    pub measured_again: bool,
    /// The first difference; null where there is none.
    pub difference: Option<DifferenceDocument>,
}

/// What differs, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferenceDocument {
    /// `version`, `runtime`, `model`, `policy`, `case`, `photo` or `result`.
    pub part: &'static str,
    /// Which of them.
    pub name: String,
    /// What the verdict was made with, or says.
    pub recorded: Option<String>,
    /// What it is here.
    pub here: Option<String>,
}

impl ReplayDocument {
    /// The result of a replay.
    pub fn new(case_id: &str, measured_again: bool, difference: Option<&Difference>) -> Self {
        Self {
            schema: REPLAY_SCHEMA,
            case_id: case_id.to_owned(),
            same: difference.is_none(),
            measured_again,
            difference: difference.map(|difference| DifferenceDocument {
                part: difference.part.id(),
                name: difference.part.name().to_owned(),
                recorded: difference.recorded.clone(),
                here: difference.here.clone(),
            }),
        }
    }
}
