//! A folder of cases, checked by a worker as those of any queue, with a verdict for each in the order of
//! the folders' names.
//!
//! Prints nothing, and reads no pixel: what checks a case is handed in. One bad case never stops
//! the run, and leaves no verdict, so that the next run tries it again. The queue is the run's own: it
//! lies beside the verdict file, says after a kill which cases were in hand, and goes when every case has
//! its verdict.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::apart::ApartError;
use super::assessment_file::AssessmentFile;
use super::brief::{Brief, Tally};
use super::expected::Agreement;
use super::folders::{CaseEntry, CaseFolders, FoldersError, case_folders};
use super::in_order::{Checked, News, work_in_order};
use super::service::ServeError;
use super::verdict_file::{VerdictFile, VerdictFileError};
use crate::case::Case;
use crate::evidence::Timings;
use crate::policy::Verdict;
use crate::queue::{QueueError, ThrowAwayQueue};
use crate::report::{ProvenanceDocument, Timing};

/// Why a batch ended before its cases did.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The folder is not a batch.
    #[error(transparent)]
    Folders(#[from] FoldersError),
    /// The verdicts cannot be kept.
    #[error(transparent)]
    Verdicts(#[from] VerdictFileError),
    /// The run's own queue cannot be used.
    #[error("the batch's own queue, {0}")]
    Queue(String),
    /// The caller could not tell what happened (a closed pipe, a full disk), or no thread started.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<QueueError> for BatchError {
    fn from(error: QueueError) -> Self {
        Self::Queue(error.to_string())
    }
}

impl From<ServeError> for BatchError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Queue(error) => error.into(),
            ServeError::Threads(error) => Self::Io(error),
        }
    }
}

/// How a batch is run.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Cases in flight at once; the bound on memory.
    pub in_flight: NonZeroUsize,
    /// Bytes read of one photo, and one more.
    pub photo_bytes_max: u64,
    /// Whether the verdicts say how long they took.
    pub timing: Timing,
    /// Set from outside to begin no further case.
    pub stop: &'a AtomicBool,
}

/// What became of a case, told in the order of the batch; and what is done with a suspect, told as it
/// is begun.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// It has a verdict, already in the verdict file where there is one.
    Verdict {
        /// The verdict as one line of JSON.
        line: &'a str,
        /// The same in short.
        brief: &'a Brief,
    },
    /// It was in hand when an earlier run was killed, and is checked in a process of its own now.
    Suspect {
        /// The case.
        case: &'a CaseEntry,
    },
    /// It has no verdict, for a reason that lies with the machine, or because checking it kills its
    /// process.
    Error {
        /// The case.
        case: &'a CaseEntry,
        /// What went wrong.
        message: &'a str,
    },
}

/// How a run went. Verdicts kept from an earlier run count in `tally` and `agreement`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Cases in the folder.
    pub cases: usize,
    /// Verdicts that stood in the file already.
    pub kept: usize,
    /// Cases tried by this run.
    pub tried: usize,
    /// Cases tried that got no verdict.
    pub errors: usize,
    /// Cases not begun, because the run was stopped.
    pub left: usize,
    /// Decisions and codes of all verdicts.
    pub tally: Tally,
    /// How they agree with the `expected.json` of their cases.
    pub agreement: Agreement,
    /// Milliseconds by stage, summed over the verdicts of this run.
    pub timings: Timings,
}

/// A folder of cases on its way to verdicts.
#[derive(Debug)]
pub struct Batch {
    cases: Vec<CaseEntry>,
    skipped: usize,
    kept: Vec<(usize, Brief)>,
    file: Option<VerdictFile>,
    assessments: Option<AssessmentFile>,
}

impl Batch {
    /// Lists the cases in `folder`; reads no photo.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no case.
    pub fn open(folder: &Path) -> Result<Self, FoldersError> {
        let CaseFolders { cases, skipped } = case_folders(folder)?;
        Ok(Self { cases, skipped, kept: Vec::new(), file: None, assessments: None })
    }

    /// Keeps the verdicts in `path`, and skips the cases whose verdicts stand there already.
    ///
    /// # Errors
    /// The file cannot be used, or holds something other than verdicts of these cases with the
    /// same `provenance`.
    pub fn keep_in(self, path: &Path, provenance: &ProvenanceDocument) -> Result<Self, VerdictFileError> {
        let (file, kept) = VerdictFile::open(path, &self.cases, provenance)?;
        Ok(Self { file: Some(file), kept, ..self })
    }

    /// Keeps what is measured in a file, too.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else.
    pub fn keep_assessments_in(self, path: &Path) -> io::Result<Self> {
        Ok(Self { assessments: Some(AssessmentFile::open(path)?), ..self })
    }

    /// How many cases have no verdict yet.
    pub fn to_do(&self) -> usize {
        self.cases.len() - self.kept.len()
    }

    /// How many verdicts stood in the file already.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// How many sub-folders were looked into and hold no case.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Checks every case that has no verdict yet. `tell` is called in the order of the
    /// batch.
    ///
    /// # Errors
    /// A verdict could not be written, the run's queue cannot be used, or `tell` failed. What was written
    /// before stays.
    pub fn run<E: fmt::Display>(
        self,
        settings: Settings<'_>,
        check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
        tell: impl FnMut(Told<'_>) -> io::Result<()>,
    ) -> Result<Report, BatchError> {
        let apart =
            |case: &Case| check(case).map_err(|error| ApartError::Fault { reason: error.to_string() });
        self.run_apart(settings, &check, apart, tell)
    }

    /// The same with another check for suspects: `apart` checks a case that an earlier run was lost with,
    /// in a process of its own ([`assessed_apart`](super::apart::assessed_apart)).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_apart<E: fmt::Display>(
        mut self,
        settings: Settings<'_>,
        check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
        apart: impl Fn(&Case) -> Result<Verdict, ApartError> + Sync,
        mut tell: impl FnMut(Told<'_>) -> io::Result<()>,
    ) -> Result<Report, BatchError> {
        let mut report = Report { cases: self.cases.len(), kept: self.kept.len(), ..Report::default() };
        let mut has_verdict = vec![false; self.cases.len()];
        for (place, brief) in &self.kept {
            has_verdict[*place] = true;
            report.tally.add(brief);
            let case = &self.cases[*place];
            report.agreement.add(&case.name(), &case.folder, Some(brief));
        }
        let to_do: Vec<&CaseEntry> = self.cases.iter().filter(|case| !has_verdict[case.place]).collect();
        let queue = self.file.as_ref().and_then(VerdictFile::queue_path);
        let queue = ThrowAwayQueue::open(queue.as_deref())?;
        let keeps = self.assessments.is_some();
        let sink = |case: &CaseEntry, news: News| -> Result<(), BatchError> {
            let result = match news {
                News::Suspect => return Ok(tell(Told::Suspect { case })?),
                News::End(result) => result,
            };
            match &result {
                Ok(Checked { line, brief, timings, assessment }) => {
                    // Before the verdict: a case that has one has its measures, too.
                    if let (Some(file), Some(assessment)) = (&mut self.assessments, assessment) {
                        file.append(assessment)?;
                    }
                    if let Some(file) = &mut self.file {
                        file.append(case.place, line)?;
                    }
                    report.tally.add(brief);
                    report.timings.merge(timings);
                    tell(Told::Verdict { line, brief })?;
                }
                Err(message) => {
                    report.errors += 1;
                    tell(Told::Error { case, message })?;
                }
            }
            let brief = result.as_ref().ok().map(|checked| &checked.brief);
            report.agreement.add(&case.name(), &case.folder, brief);
            Ok(())
        };
        let tried = work_in_order(&queue, &to_do, settings, keeps, check, apart, sink)?;
        report.tried = tried;
        report.left = to_do.len() - tried;
        if report.errors == 0 && report.left == 0 {
            queue.remove()?; // While no other run can have the file.
        }
        if let Some(file) = self.file {
            file.finish()?;
        }
        Ok(report)
    }
}
