//! Where a worker gets a submission's case from, with its photos: from a place for photos
//! (`photo_reader`), or from the folder it lies in.

use std::collections::HashMap;
use std::path::Path;

use super::folders::CaseEntry;
use super::photo_reader::Patience;
use super::service_events::FaultKind;
use crate::case::{Case, read_case};
use crate::queue::{Release, Submission};

/// A place that cases are in.
pub(super) trait CaseSource: Sync {
    /// The case of a submission, with at most `photo_bytes_max` + 1 bytes of each photo; or how to give
    /// it back.
    fn case(
        &self,
        submission: &Submission,
        photo_bytes_max: u64,
        patience: &dyn Patience,
    ) -> Result<Case, (FaultKind, Release)>;
}

/// Cases in the folders they lie in. What is submitted of them is their name: what a user typed is read
/// with the photos, so that none of it gets into the queue.
pub(super) struct InFolders<'a>(HashMap<&'a str, &'a Path>);

impl<'a> InFolders<'a> {
    /// These cases, but for those that cannot be read.
    pub(super) fn of(cases: &[&'a CaseEntry]) -> Self {
        let readable = cases.iter().filter_map(|case| Some((case.id()?, case.folder.as_path())));
        Self(readable.collect())
    }

    /// Whether the case is among them.
    pub(super) fn holds(&self, case_id: &str) -> bool {
        self.0.contains_key(case_id)
    }
}

impl CaseSource for InFolders<'_> {
    fn case(
        &self,
        submission: &Submission,
        photo_bytes_max: u64,
        _: &dyn Patience,
    ) -> Result<Case, (FaultKind, Release)> {
        let fault = |reason| (FaultKind::Photos, Release::Fault { reason });
        let folder = self.0.get(submission.case_id.as_str());
        let folder = folder.ok_or_else(|| fault("it is none of the batch".to_owned()))?;
        let case = read_case(folder, photo_bytes_max).map_err(|error| fault(error.to_string()))?;
        if case.case_id != submission.case_id {
            return Err(fault("its case.json was changed during the run".to_owned()));
        }
        Ok(case)
    }
}
