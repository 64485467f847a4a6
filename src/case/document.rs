//! `case.json`, form `realname.case/1`: what is stored, apart from what the program works with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Case, ChallengeAction, Claims, Method, SampleRole};

/// The form this version reads.
pub const CASE_SCHEMA: &str = "realname.case/1";

/// A case as it stands in `case.json`. Photos are file names beside it, without a path.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDocument {
    /// Always `realname.case/1`.
    #[schemars(regex(pattern = r"^realname\.case/1$"))]
    pub schema: String,
    /// The submitter's name for the case; the name of the folder where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    /// How the user proves who they are.
    #[serde(default)]
    pub method: MethodDocument,
    /// What the user typed.
    #[serde(default)]
    pub claims: ClaimsDocument,
    /// File name of the photo of the card's portrait side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<String>,
    /// File name of the photo of the card's emblem side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    /// File names of the selfie frames, in the order in which they were taken; at most 16.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub selfies: Vec<String>,
    /// What the user was asked to do in the selfie frames, in this order; at most 8 actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub challenge: Vec<ChallengeDocument>,
    /// The day on which validity and age are judged, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub decided_on: Option<String>,
}

impl CaseDocument {
    /// A case whose photos are stored beside it under their roles: `front`, `selfie-1`.
    pub fn of(case: &Case) -> Self {
        let named = |wanted: &dyn Fn(SampleRole) -> bool| -> Vec<String> {
            let roles = case.samples.iter().map(|sample| sample.role).filter(|role| wanted(*role));
            roles.map(|role| role.to_string()).collect()
        };
        Self {
            schema: CASE_SCHEMA.to_owned(),
            case_id: Some(case.case_id.clone()),
            method: case.method.into(),
            claims: ClaimsDocument {
                name: case.claims.name.clone(),
                id_number: case.claims.id_number.clone(),
            },
            front: named(&|role| role == SampleRole::Front).pop(),
            back: named(&|role| role == SampleRole::Back).pop(),
            selfies: named(&|role| matches!(role, SampleRole::Selfie(_))),
            challenge: case.challenge.iter().map(|action| (*action).into()).collect(),
            decided_on: case.decided_on.map(|day| day.to_string()),
        }
    }
}

/// The method's name in a case file.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodDocument {
    /// Resident ID card, both sides, and selfie frames.
    #[default]
    IdCard,
}

/// The name of something that the user was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeDocument {
    /// Close both eyes for a moment.
    Blink,
    /// Open the mouth.
    OpenMouth,
    /// Turn the head to one's own left.
    TurnLeft,
    /// Turn the head to one's own right.
    TurnRight,
    /// Lower or raise the head.
    Nod,
}

impl From<ChallengeDocument> for ChallengeAction {
    fn from(document: ChallengeDocument) -> Self {
        match document {
            ChallengeDocument::Blink => Self::Blink,
            ChallengeDocument::OpenMouth => Self::OpenMouth,
            ChallengeDocument::TurnLeft => Self::TurnLeft,
            ChallengeDocument::TurnRight => Self::TurnRight,
            ChallengeDocument::Nod => Self::Nod,
        }
    }
}

impl From<ChallengeAction> for ChallengeDocument {
    fn from(action: ChallengeAction) -> Self {
        match action {
            ChallengeAction::Blink => Self::Blink,
            ChallengeAction::OpenMouth => Self::OpenMouth,
            ChallengeAction::TurnLeft => Self::TurnLeft,
            ChallengeAction::TurnRight => Self::TurnRight,
            ChallengeAction::Nod => Self::Nod,
        }
    }
}

impl From<Method> for MethodDocument {
    fn from(method: Method) -> Self {
        match method {
            Method::IdCard => Self::IdCard,
        }
    }
}

impl From<MethodDocument> for Method {
    fn from(document: MethodDocument) -> Self {
        match document {
            MethodDocument::IdCard => Self::IdCard,
        }
    }
}

/// What the user typed, as stored.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimsDocument {
    /// The name as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The ID number as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
}

/// Masked, like [`Claims`].
impl std::fmt::Debug for ClaimsDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Claims::from(self.clone()).fmt(f)
    }
}

impl From<ClaimsDocument> for Claims {
    fn from(document: ClaimsDocument) -> Self {
        Self { name: document.name, id_number: document.id_number }
    }
}
