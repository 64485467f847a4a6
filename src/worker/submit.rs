//! From a case on disk into a queue: its photos first, then the submission that names them, so that
//! no worker finds a case without its photos.

use std::path::Path;

use crate::case::{CaseError, CaseFolder, Date, PhotoPaths, SampleRole, read_photos};
use crate::photos::{PhotoError, PhotoStore};
use crate::queue::{PhotoRef, Queue, QueueError, Submission, Submitted};
use crate::status::RequiredSteps;

/// Why a case did not get into the queue.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The case cannot be read.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A photo cannot be stored.
    #[error(transparent)]
    Photos(#[from] PhotoError),
    /// The queue does not take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl SubmitError {
    /// Whose word it is, for logs: the message itself may name files, and a file's name may be a
    /// person's.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Case(_) => "case",
            Self::Photos(_) => "photos",
            Self::Queue(_) => "queue",
        }
    }
}

/// What holds for every case that is submitted.
#[derive(Debug, Clone)]
pub struct SubmitSettings {
    /// Bytes read of one photo, and one more, by which an oversized one is known.
    pub photo_bytes_max: u64,
    /// The steps that a new case has to pass.
    pub required: RequiredSteps,
    /// The day in China: judges cases that name no day.
    pub today: Option<Date>,
}

/// Stores the photos of the case at `path`, one after the other, and submits it.
///
/// # Errors
/// The case cannot be read, or the store or the queue does not take it. Photos that were stored
/// stay under the case, and are not stored again by the next try.
pub fn submit_case(
    path: &Path,
    photos: &PhotoStore,
    queue: &dyn Queue,
    settings: &SubmitSettings,
) -> Result<(String, Submitted), SubmitError> {
    let case = CaseFolder::open(path)?;
    let PhotoPaths { front, back, selfies } = &case.photos;
    let of_card = [(SampleRole::Front, front), (SampleRole::Back, back)];
    let of_card = of_card.into_iter().filter_map(|(role, path)| Some((role, path.as_ref()?)));
    let frames = (1..).zip(selfies).map(|(n, path)| (SampleRole::Selfie(n), path));
    let mut stored = Vec::new();
    for (role, path) in of_card.chain(frames) {
        // Read as any one photo is, so that only one is held at a time.
        let one = PhotoPaths { front: Some(path.clone()), ..PhotoPaths::default() };
        for sample in read_photos(&one, settings.photo_bytes_max)? {
            stored.push(PhotoRef { role, id: photos.put(&case.case_id, sample.bytes)? });
        }
    }
    let submission = Submission {
        case_id: case.case_id.clone(),
        method: case.method,
        claims: case.claims,
        photos: stored,
        challenge: case.challenge,
        decided_on: case.decided_on,
        submitted_on: settings.today,
    };
    let submitted = queue.submit(&submission, &settings.required)?;
    Ok((case.case_id, submitted))
}
