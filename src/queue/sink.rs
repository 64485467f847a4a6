//! How far somebody who is told of changes has been told: kept in the queue itself, so that whoever
//! goes on telling them knows where.

use serde::{Deserialize, Serialize};

/// Characters of a sink's name.
const NAME_CHARS_MAX: usize = 64;

/// Who is told, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkName(String);

/// The text names no sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no sink: 1 to {NAME_CHARS_MAX} of a-z, A-Z, 0-9, `_` and `-`")]
pub struct SinkNameError(String);

impl SinkName {
    /// Reads a name.
    ///
    /// # Errors
    /// It holds something else, or is too long.
    pub fn parse(text: &str) -> Result<Self, SinkNameError> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let valid = (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_name);
        valid.then(|| Self(text.to_owned())).ok_or_else(|| SinkNameError(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far a sink has been told, and by whom. Replaced only as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkState {
    /// Every change up to this number was told, or stands below.
    pub told: u64,
    /// Changes that were not taken yet while others went on, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Parked>,
    /// How many changes were given up, since nobody took them in any try.
    #[serde(default)]
    pub given_up: u64,
    /// Who tells; empty where nobody does.
    #[serde(default)]
    pub holder: String,
    /// A sign of life of whoever tells: grows.
    #[serde(default)]
    pub beat: u64,
}

/// A change that a sink has not taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parked {
    /// The change.
    pub number: u64,
    /// How often it was tried.
    pub tries: u32,
}
