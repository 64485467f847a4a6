//! What is submitted: a case whose photos are named by their sha256. Form `realname.submission/1`.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::case::{ChallengeAction, Claims, Date, Method, SampleRole};
use crate::photos::PhotoId;

/// The form that this version writes and reads.
pub const SUBMISSION_SCHEMA: &str = "realname.submission/1";

/// A photo of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRef {
    /// Which photo of the case.
    pub role: SampleRole,
    /// What it is stored under.
    pub id: PhotoId,
}

/// A case as it waits in a queue. Its claims are personal data: [`Debug`](fmt::Debug) masks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The submitter's name for the case.
    pub case_id: String,
    /// How the user proves who they are.
    pub method: Method,
    /// What the user typed.
    pub claims: Claims,
    /// The photos, in the order of their roles.
    pub photos: Vec<PhotoRef>,
    /// What the user was asked to do in the frames, in order.
    pub challenge: Vec<ChallengeAction>,
    /// The day on which to judge, where the case names one.
    pub decided_on: Option<Date>,
    /// The day in China on which it was submitted: judges where the case names no day, so that a
    /// later try decides the same. No part of the content.
    pub submitted_on: Option<Date>,
}

/// A stored submission is not of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a submission of the form {SUBMISSION_SCHEMA}")]
pub struct SubmissionError;

impl Submission {
    /// A case by its name alone, without claims and photos: where what it holds lies elsewhere.
    pub fn of_name(case_id: String) -> Self {
        Self {
            case_id,
            method: Method::IdCard,
            claims: Claims::default(),
            photos: Vec::new(),
            challenge: Vec::new(),
            decided_on: None,
            submitted_on: None,
        }
    }

    /// Sha256 of everything that bears on the verdict, in hex: the same content has the same.
    pub fn content_sha256(&self) -> String {
        let content = SubmissionDocument { submitted_on: None, ..SubmissionDocument::from(self) };
        let json = serde_json::to_vec(&content).expect("plain data with string keys always serialises");
        Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The day on which to judge.
    pub fn judged_on(&self) -> Option<Date> {
        self.decided_on.or(self.submitted_on)
    }
}

/// A submission as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmissionDocument {
    schema: String,
    case_id: String,
    method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_number: Option<String>,
    photos: Vec<(String, PhotoId)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    challenge: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    submitted_on: Option<String>,
}

/// Shows nothing that a user typed.
impl fmt::Debug for SubmissionDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubmissionDocument({}, {} photos)", self.case_id, self.photos.len())
    }
}

impl From<&Submission> for SubmissionDocument {
    fn from(submission: &Submission) -> Self {
        let photos = submission.photos.iter().map(|photo| (photo.role.to_string(), photo.id.clone()));
        Self {
            schema: SUBMISSION_SCHEMA.to_owned(),
            case_id: submission.case_id.clone(),
            method: submission.method.id().to_owned(),
            name: submission.claims.name.clone(),
            id_number: submission.claims.id_number.clone(),
            photos: photos.collect(),
            challenge: submission.challenge.iter().map(|action| action.id().to_owned()).collect(),
            decided_on: submission.decided_on.map(|day| day.to_string()),
            submitted_on: submission.submitted_on.map(|day| day.to_string()),
        }
    }
}

impl TryFrom<&SubmissionDocument> for Submission {
    type Error = SubmissionError;

    fn try_from(document: &SubmissionDocument) -> Result<Self, SubmissionError> {
        let day = |text: &Option<String>| {
            text.as_deref().map(str::parse::<Date>).transpose().map_err(|_| SubmissionError)
        };
        let photo = |(role, id): &(String, PhotoId)| {
            let role = SampleRole::parse(role).ok_or(SubmissionError)?;
            Ok(PhotoRef { role, id: id.clone() })
        };
        let action = |id: &String| ChallengeAction::parse(id).ok_or(SubmissionError);
        if document.schema != SUBMISSION_SCHEMA || document.method != Method::IdCard.id() {
            return Err(SubmissionError);
        }
        Ok(Self {
            case_id: document.case_id.clone(),
            method: Method::IdCard,
            claims: Claims { name: document.name.clone(), id_number: document.id_number.clone() },
            photos: document.photos.iter().map(photo).collect::<Result<_, _>>()?,
            challenge: document.challenge.iter().map(action).collect::<Result<_, _>>()?,
            decided_on: day(&document.decided_on)?,
            submitted_on: day(&document.submitted_on)?,
        })
    }
}
