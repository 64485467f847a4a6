//! A case: the photos a user sent, what the user claimed, and the day on which to decide.
//!
//! Knows nothing of pixels, models or thresholds. `folder` and `document` read a case from disk;
//! `id_number` and `name` are the rules by which claims are compared.

mod challenge;
mod date;
mod document;
mod folder;
mod id_number;
mod name;

use std::fmt;

pub use challenge::{CHALLENGE_MAX, ChallengeAction};
pub use date::{Date, DateError};
pub use document::{CASE_SCHEMA, CaseDocument, ClaimsDocument};
pub(crate) use folder::without_values;
pub use folder::{CASE_ID_RULE, CaseError, CaseFolder, PhotoPaths, is_case_id, read_case, read_photos};
pub use id_number::{
    ID_NUMBER_LENGTH, IdNumber, IdNumberError, Sex, check_character, masked_id_number, normalised_id_number,
};
pub use name::{differences, masked_name, name_differences, normalised_name};

/// Selfie frames that one case may hold; more are refused when the case is read.
pub const SELFIES_MAX: usize = 16;

/// How the user proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Resident ID card, both sides, and selfie frames.
    IdCard,
}

impl Method {
    /// The name used in case files.
    pub fn id(self) -> &'static str {
        match self {
            Self::IdCard => "id_card",
        }
    }
}

/// Which photo of a case a sample is. Orders front, back, then the selfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SampleRole {
    /// The portrait side of the card (人像面).
    Front,
    /// The emblem side of the card (国徽面).
    Back,
    /// A selfie frame, counted from 1 in the order of the case.
    Selfie(u8),
}

impl SampleRole {
    /// The kind of photo, without the number of the frame.
    pub fn kind(self) -> SampleKind {
        match self {
            Self::Front => SampleKind::Front,
            Self::Back => SampleKind::Back,
            Self::Selfie(_) => SampleKind::Selfie,
        }
    }

    /// The role whose [`Display`](fmt::Display) form is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "front" => Some(Self::Front),
            "back" => Some(Self::Back),
            // Only what `Display` writes: `selfie-01` is no role.
            _ => {
                let role = Self::Selfie(text.strip_prefix("selfie-")?.parse().ok()?);
                let in_range = (1..=SELFIES_MAX).any(|n| role == Self::Selfie(n as u8));
                (in_range && role.to_string() == text).then_some(role)
            }
        }
    }
}

/// `front`, `back`, `selfie-1`, `selfie-2`, ...
impl fmt::Display for SampleRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Front => f.write_str("front"),
            Self::Back => f.write_str("back"),
            Self::Selfie(n) => write!(f, "selfie-{n}"),
        }
    }
}

/// What a photo is meant to show: decides which checks it goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SampleKind {
    /// The portrait side of the card.
    Front,
    /// The emblem side of the card.
    Back,
    /// A selfie frame.
    Selfie,
}

impl SampleKind {
    /// Every kind, in the order of [`SampleRole`].
    pub const ALL: [Self; 3] = [Self::Front, Self::Back, Self::Selfie];

    /// The name used in policies and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::Selfie => "selfie",
        }
    }
}

/// One photo as it was sent: encoded bytes, not yet looked at.
#[derive(Clone)]
pub struct Sample {
    /// Which photo this is.
    pub role: SampleRole,
    /// The bytes of the file, in whatever format the sender chose.
    pub bytes: Vec<u8>,
}

/// Shows the role and the length, never the picture.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sample({}, {} bytes)", self.role, self.bytes.len())
    }
}

/// What the user typed. Personal data: [`Debug`](fmt::Debug) masks it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The name as typed.
    pub name: Option<String>,
    /// The ID number as typed.
    pub id_number: Option<String>,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = |value: &Option<String>| value.as_ref().map_or("absent", |_| "***");
        write!(f, "Claims(name {}, id_number {})", masked(&self.name), masked(&self.id_number))
    }
}

/// Everything that belongs to one verification attempt.
#[derive(Debug, Clone)]
pub struct Case {
    /// The submitter's name for the case, unique in a queue or batch.
    pub case_id: String,
    /// How the user proves who they are.
    pub method: Method,
    /// What the user typed.
    pub claims: Claims,
    /// The photos that were sent, at most one for each role, in the order of their roles.
    pub samples: Vec<Sample>,
    /// What the user was asked to do in the selfie frames, in this order; empty for nothing.
    pub challenge: Vec<ChallengeAction>,
    /// The day on which validity and age are judged; an input, so that a rerun decides the same.
    pub decided_on: Option<Date>,
}
