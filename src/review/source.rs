//! Where the cases of a desk come from: a folder, or a queue. Both are listed into the same table; a
//! queue is asked for what changed since.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::DeskError;
use super::table::{CASES_MAX, CaseRecord, Place};
use crate::case::{Case, CaseFolder, Claims, Sample, read_case};
use crate::photos::PhotoStore;
use crate::policy::VerificationStatus;
use crate::queue::{Entry, Page, Queue, Review};
use crate::replay::Recorded;
use crate::status::ReviewDecision;
use crate::worker::{FoldersError, case_folders};

/// Entries and changes asked for at once.
const QUEUE_PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Changes read before one list is shown; the rest is for the next.
const CHANGES_MAX: usize = 20_000;

/// Where cases come from.
pub enum Source {
    /// A folder with a sub-folder for each case.
    Folder(PathBuf),
    /// A queue and its photos.
    Queue(QueueSource),
}

/// A queue and its photos.
pub struct QueueSource {
    queue: Arc<dyn Queue>,
    photos: PhotoStore,
    last_change: Mutex<u64>,
}

impl QueueSource {
    /// A queue whose photos are in `photos`.
    pub fn new(queue: Arc<dyn Queue>, photos: PhotoStore) -> Self {
        Self { queue, photos, last_change: Mutex::new(0) }
    }

    /// Every case that has an attempt.
    pub(super) fn all(&self) -> Result<Vec<CaseRecord>, DeskError> {
        // First the number, then the entries: what changes in between is read twice, not missed.
        let last = self.queue.last_change()?;
        *self.last_change.lock().unwrap_or_else(PoisonError::into_inner) = last;
        let mut records = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = Page { bucket: None, after: after.as_deref(), max: QUEUE_PAGE };
            let entries = self.queue.entries(page)?;
            let Some(entry) = entries.last() else { return Ok(records) };
            after = Some(entry.case_id.clone());
            records.extend(entries.iter().filter_map(record));
            if records.len() > CASES_MAX {
                return Err(DeskError::Limit(format!("the queue holds more than {CASES_MAX} cases")));
            }
        }
    }

    /// The cases that changed since the last call, as they are now.
    pub(super) fn changed(&self) -> Result<Vec<CaseRecord>, DeskError> {
        let mut last = self.last_change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<String> = Vec::new();
        for _ in 0..CHANGES_MAX / QUEUE_PAGE.get() {
            let changes = self.queue.changes(*last, QUEUE_PAGE)?;
            let Some(change) = changes.last() else { break };
            *last = change.number;
            ids.extend(changes.into_iter().map(|change| change.case_id));
        }
        drop(last);
        ids.sort();
        ids.dedup();
        let entries = ids.iter().map(|case_id| self.queue.entry(case_id));
        entries.filter_map(|entry| Ok(record(&entry.transpose()?.ok()?)).transpose()).collect()
    }

    pub(super) fn one(&self, case_id: &str) -> Result<Option<CaseRecord>, DeskError> {
        Ok(self.queue.entry(case_id)?.as_ref().and_then(record))
    }

    fn submitted(&self, case_id: &str) -> Result<crate::queue::Submission, DeskError> {
        let entry = self.queue.entry(case_id)?.ok_or(DeskError::NotFound)?;
        let submission = entry.current().and_then(|attempt| attempt.submission());
        submission.ok_or_else(|| DeskError::Gone(format!("case `{case_id}`: its photos were purged")))
    }

    fn case(&self, case_id: &str, bytes_max: u64) -> Result<Case, DeskError> {
        let submission = self.submitted(case_id)?;
        let samples = submission.photos.iter().map(|photo| {
            // One byte more, by which an oversized photo is known.
            let bytes = self.photos.get(case_id, &photo.id, bytes_max.saturating_add(1))?;
            Ok(Sample { role: photo.role, bytes })
        });
        let samples = samples.collect::<Result<Vec<_>, DeskError>>()?;
        let decided_on = submission.judged_on();
        Ok(Case {
            case_id: submission.case_id,
            method: submission.method,
            claims: submission.claims,
            samples,
            challenge: submission.challenge,
            decided_on,
        })
    }

    pub(super) fn review(
        &self,
        record: &CaseRecord,
        decision: ReviewDecision,
        who: &str,
        note: &str,
    ) -> Result<(), DeskError> {
        let refused = |error: crate::queue::ReviewError| DeskError::Refused(error.to_string());
        let review = Review::new(&record.case_id, record.attempt, decision, who).map_err(refused)?;
        let review = review.with_note(note).map_err(refused)?;
        Ok(self.queue.review(&review)?)
    }
}

/// A case of the queue; `None` where no photo was sent yet.
fn record(entry: &Entry) -> Option<CaseRecord> {
    let attempt = entry.current()?;
    let document = attempt.verdict.as_ref().and_then(|verdict| verdict.document.as_deref());
    let verdict = document.and_then(|document| Recorded::from_verdict(document).ok());
    Some(CaseRecord {
        attempt: attempt.number,
        verdict: verdict.map(|recorded| Arc::new(recorded.verdict)),
        status: Some(entry.record.status()),
        ..CaseRecord::new(entry.case_id.clone(), Place::Queue)
    })
}

/// The cases in a folder; none in one that holds none yet.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<CaseRecord>, DeskError> {
    let found = match case_folders(folder) {
        Ok(found) => found.cases,
        Err(FoldersError::Empty { .. }) => Vec::new(),
        Err(error @ FoldersError::Io { .. }) => return Err(DeskError::Limit(error.to_string())),
    };
    if found.len() > CASES_MAX {
        return Err(DeskError::Limit(format!("{}: more than {CASES_MAX} cases", folder.display())));
    }
    let record = |entry: crate::worker::CaseEntry| {
        let record = CaseRecord::new(entry.name(), Place::Folder(entry.folder));
        CaseRecord { fault: entry.fault, ..record }
    };
    Ok(found.into_iter().map(record).collect())
}

impl Source {
    /// A case with its photos.
    pub(super) fn case(&self, record: &CaseRecord, bytes_max: u64) -> Result<Case, DeskError> {
        match (&record.place, self) {
            (Place::Folder(folder), _) => {
                read_case(folder, bytes_max).map_err(|error| DeskError::Gone(error.to_string()))
            }
            (Place::Queue, Self::Queue(queue)) => queue.case(&record.case_id, bytes_max),
            (Place::Queue, Self::Folder(_)) => Err(DeskError::NotFound),
        }
    }

    /// What the user typed.
    pub(super) fn claims(&self, record: &CaseRecord) -> Result<Claims, DeskError> {
        match (&record.place, self) {
            (Place::Folder(folder), _) => {
                let opened = CaseFolder::open(folder).map_err(|error| DeskError::Gone(error.to_string()))?;
                Ok(opened.claims)
            }
            (Place::Queue, Self::Queue(queue)) => Ok(queue.submitted(&record.case_id)?.claims),
            (Place::Queue, Self::Folder(_)) => Err(DeskError::NotFound),
        }
    }
}

/// Where a person's decision leaves a case that no queue holds.
pub(super) fn status_after(decision: ReviewDecision) -> VerificationStatus {
    match decision {
        ReviewDecision::Approve => VerificationStatus::Verified,
        ReviewDecision::Reject => VerificationStatus::Rejected,
        ReviewDecision::Retake => VerificationStatus::Retake,
    }
}
